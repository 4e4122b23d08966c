"""The Django application."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "qms.releases"
    label = "releases"
    default = True

    def ready(self) -> None:
        """Register the acts, the workflow table and what signing shows."""
        from qms.releases import acts, subjects, workflow  # noqa: F401, PLC0415  they register themselves
