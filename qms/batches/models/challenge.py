"""Challenge sets: known units that the station and model must decide rightly before a start."""

from __future__ import annotations

from django.db import models

from qms.batches.models.batch import BatchRecord
from qms.batches.models.master import DefectClass, Product
from records.history import TrackedHistory
from records.models import DatabaseClock, StoredFile


class ChallengeSet(models.Model):
    """A named, versioned set of known units of a product. Serves: EU GMP Annex 1 §8.32."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="challenge_sets")
    name = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("product", "name", "version"), name="challengeset_once"),
            models.UniqueConstraint(
                fields=("product",), condition=models.Q(is_active=True), name="challengeset_one_active"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ChallengeImage(models.Model):
    """One known unit: its picture and the outcome it must get. Append-only."""

    challenge_set = models.ForeignKey(ChallengeSet, on_delete=models.PROTECT, related_name="images")
    name = models.CharField(max_length=80)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    region = models.JSONField()
    expected_outcome = models.CharField(max_length=10)
    expected_defect = models.ForeignKey(DefectClass, null=True, on_delete=models.PROTECT, related_name="+")

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("challenge_set", "name"), name="challengeimage_once"),)

    def __str__(self) -> str:
        return self.name


class ChallengeRun(models.Model):
    """What the pinned model said about the challenge set at one moment. Append-only.

    ``outcomes`` lists name, expected, got and score per unit.
    """

    batch = models.ForeignKey(BatchRecord, on_delete=models.PROTECT, related_name="challenges")
    challenge_set = models.ForeignKey(ChallengeSet, on_delete=models.PROTECT, related_name="runs")
    phase = models.CharField(max_length=10, choices=(("start", "before start"), ("end", "after the last unit")))
    passed = models.BooleanField()
    outcomes = models.JSONField()
    model_sha256 = models.CharField(max_length=64)
    ran_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.phase} challenge of {self.batch_id}: {'passed' if self.passed else 'failed'}"
