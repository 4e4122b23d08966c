"""The Django application."""

from django.apps import AppConfig


class ValidationConfig(AppConfig):
    name = "validation"
    label = "validation"
    default = True

    def ready(self) -> None:
        """Register the acts, the workflow tables and what signing shows."""
        from validation import (  # noqa: F401, PLC0415  they register themselves
            acts,
            acts_comments,
            acts_data_flows,
            acts_gaps,
            acts_keys,
            acts_reviews,
            acts_studies,
            review_pack,
            subjects,
            subjects_data_flows,
            subjects_gaps,
            subjects_reviews,
            subjects_studies,
            workflow,
            workflow_data_flows,
            workflow_gaps,
            workflow_reviews,
            workflow_studies,
        )
