"""Three tables of the same ten fields: untracked, by django-simple-history, and ours."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from records.history import TrackedHistory


class TenFields(models.Model):
    """What all three have: a foreign key with its index, a unique number, a status index."""

    number = models.CharField(max_length=30, unique=True)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=20, db_index=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=12, decimal_places=4)
    count = models.IntegerField()
    is_open = models.BooleanField(default=True)
    due_on = models.DateField()
    measured_at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        abstract = True
        app_label = "bench"

    def __str__(self) -> str:
        return self.number


class Plain(TenFields):
    """Saved without any trail."""

    class Meta:
        app_label = "bench"
        db_table = "bench_plain"


class Library(TenFields):
    """Saved with django-simple-history's own recording in Python, as its documentation says."""

    history: Any = HistoricalRecords(history_change_reason_field=models.TextField(null=True))

    class Meta:
        app_label = "bench"
        db_table = "bench_library"


class Tracked(TenFields):
    """Saved inside an act, its snapshot and change written by PostgreSQL."""

    history = TrackedHistory()

    class Meta:
        app_label = "bench"
        db_table = "bench_tracked"
