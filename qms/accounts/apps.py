"""The Django application."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "qms.accounts"
    label = "accounts"
    default = True

    def ready(self) -> None:
        """Register the acts and the handlers of promised mails."""
        from qms.accounts import acts, notices, review_topic  # noqa: F401, PLC0415  they register themselves
