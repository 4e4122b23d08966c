"""The site and the quality processes people work in (floor 4)."""

from qms.celery import app as celery_app

__all__ = ["celery_app"]
