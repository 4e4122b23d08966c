"""The Django application."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "qms.home"
    label = "home"
    default = True

    def ready(self) -> None:
        """Register the acts."""
        from qms.home import acts  # noqa: F401, PLC0415  they register themselves
