"""The Django application."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "qms.web"
    label = "web"
    default = True
