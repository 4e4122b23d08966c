"""The Django application."""

from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "qms.batches"
    label = "batches"
    default = True

    def ready(self) -> None:
        """Register the acts and the workflow table."""
        from qms.batches import (  # noqa: F401, PLC0415  they register themselves
            acts,
            acts_review,
            review_topic,
            subjects,
            workflow,
        )
