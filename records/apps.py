"""The Django application."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"
    label = "records"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the acts, the system checks and what `manage.py verify` looks at."""
        from records import acts, alerts, checks  # noqa: F401, PLC0415  they register themselves
        from records.ledger import checking, known  # noqa: F401, PLC0415  likewise
        from records.verifying import archive, contents, rows, stamps  # noqa: F401, PLC0415  likewise
