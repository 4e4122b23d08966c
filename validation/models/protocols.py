"""Protocols and their steps."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord, Version
from validation.models.systems import System


class Protocol(ControlledRecord):
    """An IQ, OQ or PQ protocol, written against one baseline of the requirements.

    Approved by signatures before anybody executes it. Serves: EU GMP Annex 15 §2.4, 2.7.
    """

    NUMBER_PREFIX = "PT"
    KIND_LABEL = "protocol"
    RETENTION_RULE = "master"

    class Stage(models.TextChoices):
        IQ = "iq", "IQ: installation qualification"
        OQ = "oq", "OQ: operational qualification"
        PQ = "pq", "PQ: performance qualification"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_protocol"
    )  # else the base would be reached as `.protocol`, which other records name a field of their own
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="protocols")
    stage = models.CharField(max_length=2, choices=Stage.choices)
    purpose = models.TextField()
    baseline = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: purpose, baseline and every step."""
        baseline = self.baseline
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "stage": self.stage,
            "purpose": self.purpose,
            "reopenings": list(self.reopenings),
            "requirements": {
                "number": baseline.record.number if baseline else "",
                "version": baseline.number if baseline else 0,
                "content_hash": baseline.content_hash if baseline else "",
            },
            "steps": [row.content() for row in self.steps.order_by("position")],
        }


class ProtocolStep(models.Model):
    """One step as it is to be done; an execution reads it from the approved version, never from here."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    requirements = models.JSONField(default=list)
    instruction = models.TextField()
    expected = models.TextField(blank=True)
    acceptance = models.TextField(blank=True)

    history = TrackedHistory(deletable=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("protocol", "position"), name="protocolstep_once"),)

    def __str__(self) -> str:
        return f"step {self.position}"

    def content(self) -> dict[str, Any]:
        """Return the step as part of its protocol's content."""
        return {
            "step": self.position,
            "requirements": list(self.requirements),
            "instruction": self.instruction,
            "expected": self.expected,
            "acceptance": self.acceptance,
        }
