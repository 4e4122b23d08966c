"""Trace matrices on paper: who asked for one, how far it is, the file that came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import DatabaseClock, StoredFile
from validation.models.systems import System


class TracePrint(models.Model):
    """The trace matrix of a system as a PDF, asked for by a person, drawn by a worker.

    Serves: 21 CFR 11.10(b); EU GMP Annex 11 §4.4.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "being drawn"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="trace_prints")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=DatabaseClock())
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    error = models.TextField(blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"trace of {self.system_id}"
