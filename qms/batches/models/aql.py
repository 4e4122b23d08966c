"""After 100 % inspection: the AQL sample, what was found in it, and the reconciliation."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from qms.batches.models.batch import BatchRecord
from qms.batches.models.images import VialImage
from qms.batches.models.master import DefectClass
from records.history import TrackedHistory
from records.models import DatabaseClock


class AqlSample(models.Model):
    """The units drawn from the accepted ones, by a stored seed that anyone can recompute.

    ``plans`` holds letter, size, accept and reject numbers per severity (ISO 2859-1).
    ``inspected_at`` is set once, when the findings are entered.
    """

    batch = models.OneToOneField(BatchRecord, on_delete=models.PROTECT, related_name="aql_sample")
    seed = models.CharField(max_length=64)
    plans = models.JSONField()
    units = models.JSONField()
    drawn_at = models.DateTimeField(db_default=DatabaseClock())
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    inspected_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    inspected_at = models.DateTimeField(null=True)
    passed = models.BooleanField(null=True)
    outcome = models.JSONField(null=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"AQL sample of {self.batch_id}"


class AqlFinding(models.Model):
    """A defect found in a sampled unit. Append-only."""

    sample = models.ForeignKey(AqlSample, on_delete=models.PROTECT, related_name="findings")
    image = models.ForeignKey(VialImage, on_delete=models.PROTECT, related_name="+")
    defect = models.ForeignKey(DefectClass, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("sample", "image"), name="aqlfinding_worst_once"),)

    def __str__(self) -> str:
        return f"{self.image_id}: {self.defect_id}"


class Reconciliation(models.Model):
    """The count that must close: received = accepted + rejected + destroyed, within the limit.

    ``explanation`` is asked for when a difference within the tolerance remains.
    """

    batch = models.OneToOneField(BatchRecord, on_delete=models.PROTECT, related_name="reconciliation")
    received = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    destroyed = models.PositiveIntegerField(default=0)
    explanation = models.TextField(blank=True)
    counted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    counted_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"reconciliation of {self.batch_id}"
