"""The Django application."""

from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "qms.inspections"
    label = "inspections"
    default = True

    def ready(self) -> None:
        """Register the acts and the outbox handlers."""
        from qms.inspections import acts, tasks  # noqa: F401, PLC0415  they register themselves
