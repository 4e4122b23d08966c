"""The Django application."""

from django.apps import AppConfig


class SignaturesConfig(AppConfig):
    name = "signatures"
    label = "signatures"
    default = True

    def ready(self) -> None:
        """Register acts, outbox handlers and checks."""
        from signatures import (  # noqa: PLC0415  they register themselves
            acts,  # noqa: F401
            acts_authentication,  # noqa: F401
            expiry,  # noqa: F401
            notices,  # noqa: F401
            verifying,  # noqa: F401
        )
