"""The batch record: one inspection of one lot, its investigations and dispositions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from qms.batches.contents import batch_content
from qms.batches.models.master import Lot, Station
from qms.releases.models import ModelVersion
from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock


class BatchRecord(ControlledRecord):
    """One inspection of one lot: pinned model, images, results, review, disposition.

    The recipe (model hash, threshold, band, random check) is copied when the inspection
    starts, so that a later change of master data does not change what was done.
    Serves: 21 CFR 211.188, 11.10(h).
    """

    NUMBER_PREFIX = "BR"
    KIND_LABEL = "batch record"
    RETENTION_RULE = "gmp_batch"

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="batches")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="batches")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="batches")
    units_received = models.PositiveIntegerField()
    note = models.TextField(blank=True)
    reinspection_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reinspections"
    )
    recipe = models.JSONField(null=True)
    fileset_hash = models.CharField(max_length=64, blank=True)
    random_check_seed = models.CharField(max_length=64, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature on the batch covers."""
        return batch_content(self)


class Investigation(models.Model):
    """What must be explained before release, opened by a rule, closed by QA with a conclusion.

    Serves: EU GMP Annex 1 §8.30; 21 CFR 211.192.
    """

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="investigations")
    trigger = models.CharField(max_length=60)
    finding = models.TextField()
    opened_at = models.DateTimeField(db_default=DatabaseClock())
    conclusion = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("batch", "trigger"), name="investigation_trigger_once"),)

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.trigger}"


class Disposition(models.Model):
    """A signed decision on the batch, or its return to review. Append-only.

    Earlier ones are part of the content, so that each next decision signs a new version.
    """

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="dispositions")
    action = models.CharField(max_length=40)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    signature_number = models.CharField(max_length=24, blank=True)
    decided_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.action}"
