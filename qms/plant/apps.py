"""The Django application."""

from django.apps import AppConfig


class PlantConfig(AppConfig):
    name = "qms.plant"
    label = "plant"
    default = True

    def ready(self) -> None:
        """Register the deployment check."""
        from qms.plant import checks  # noqa: F401, PLC0415  it registers itself
