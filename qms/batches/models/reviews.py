"""People's decisions on single units. Undoing one is a new one; none is ever changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from qms.batches.models.images import VialImage
from qms.batches.models.master import DefectClass
from records.history import TrackedHistory
from records.models import DatabaseClock


class Decision(models.Model):
    """One person's decision on one unit. Append-only; `qms.batches.verdicts` reads what stands.

    A reject → good override counts only when a second qualified person has verified it
    (``kind`` verification, ``of`` the override). Serves: 21 CFR 211.188(b)(11).
    """

    class Kind(models.TextChoices):
        AGREEMENT = "agreement", "agreed with the model"
        OVERRIDE = "override", "overrode the model"
        DECISION = "decision", "decided where the model did not"
        VERIFICATION = "verification", "verified the override"
        REFUSAL = "refusal", "did not verify the override"
        UNDO = "undo", "took the decision back"

    class Verdict(models.TextChoices):
        GOOD = "good", "Good"
        REJECT = "reject", "Reject"

    image = models.ForeignKey(VialImage, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    verdict = models.CharField(max_length=6, choices=Verdict.choices, blank=True)
    defect = models.ForeignKey(DefectClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason_code = models.CharField(max_length=4, blank=True)
    reason_text = models.TextField(blank=True)
    of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="answers")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("id",)
        indexes = (models.Index(fields=("image", "-id"), name="decision_image"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(verdict="reject") | models.Q(defect__isnull=False),
                name="decision_reject_has_class",
            ),
            models.UniqueConstraint(
                fields=("of",),
                condition=models.Q(kind__in=("verification", "refusal")),
                name="decision_answered_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.image_id}: {self.kind} {self.verdict}"
