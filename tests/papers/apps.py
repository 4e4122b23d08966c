"""The test app's configuration."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Installed by `tests.settings` alone."""

    name = "tests.papers"
    label = "papers"

    def ready(self) -> None:
        """Register the workflow."""
        from tests.papers import workflow  # noqa: F401  it registers itself
