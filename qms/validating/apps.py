"""The Django application."""

from django.apps import AppConfig


class ValidatingConfig(AppConfig):
    name = "qms.validating"
    label = "validating"
    default = True
