"""Validation summary reports: what was planned, tested and found, and what follows from it."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord
from validation.models.systems import System


class SummaryReport(ControlledRecord):
    """The report of a system's validation. ``facts`` is assembled from the records; people write the three texts.

    Serves: EU GMP Annex 15 §2.9, 2.10; 21 CFR 11.10(a).
    """

    NUMBER_PREFIX = "VR"
    KIND_LABEL = "validation summary report"
    RETENTION_RULE = "master"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="reports")
    facts = models.JSONField(default=dict)
    summary = models.TextField(blank=True)
    limits = models.TextField(blank=True, verbose_name="Limits of use")
    conclusion = models.TextField(blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: the three texts and everything they rest on."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "summary": self.summary,
            "limits": self.limits,
            "conclusion": self.conclusion,
            **self.facts,
        }
