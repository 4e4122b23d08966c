"""Deviations: a step that did not go as the protocol says, until quality assurance disposes of it."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord
from validation.models.executions import Execution, StepEntry


class Deviation(ControlledRecord):
    """One failed step: its cause, the investigation and what follows from it.

    Serves: EU GMP Annex 15 §2.8; Annex 11 §13.
    """

    NUMBER_PREFIX = "DV"
    KIND_LABEL = "deviation"
    RETENTION_RULE = "master"

    class Cause(models.TextChoices):
        PRODUCT = "product", "Product: the system does not do what is required"
        SCRIPT = "script", "Script: the protocol is wrong"
        ENVIRONMENT = "environment", "Environment: what the test ran on"
        EXECUTOR = "executor", "Executor: the step was not done as written"

    class Outcome(models.TextChoices):
        RETEST = "retest", "Run the step again as it is"
        FIX = "fix", "Correct the cause, then run the step again"
        ACCEPT = "accept", "Accept as it is, with the reason signed"

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="deviations")
    entry = models.ForeignKey(StepEntry, on_delete=models.PROTECT, related_name="deviations")
    description = models.TextField()
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)
    investigation = models.TextField(blank=True)
    corrective_action = models.TextField(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("entry",), name="deviation_entry_once"),)

    def content(self) -> dict[str, Any]:
        """Return what the disposition's signature covers."""
        step = next(row for row in self.execution.planned_steps() if row["step"] == self.entry.step)
        evidence = self.execution.evidence.filter(step=self.entry.step).select_related(
            "attachment", "added_by", "withdrawal__withdrawn_by"
        )
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "execution": self.execution.number,
            "run": self.execution.run,
            "step": step,
            "entry": self.entry.content(),
            "evidence": [row.content() for row in evidence.order_by("pk")],
            "description": self.description,
            "cause": self.cause,
            "investigation": self.investigation,
            "corrective_action": self.corrective_action,
            "outcome": self.outcome,
        }
