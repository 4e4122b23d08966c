"""The Django application."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "qms.backups"
    label = "backups"
    default = True

    def ready(self) -> None:
        """Register acts and checks."""
        from qms.backups import acts, record_checks, review_topic  # noqa: F401, PLC0415  they register themselves
