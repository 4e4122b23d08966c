"""The Django application."""

from django.apps import AppConfig


class SigningConfig(AppConfig):
    name = "qms.signing"
    label = "signing"
    default = True
