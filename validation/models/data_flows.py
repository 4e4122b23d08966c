"""Data-flow diagrams of systems: the record, its stages and the flows between them."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord
from validation.diagrams import KINDS
from validation.models.systems import System


class DataFlow(ControlledRecord):
    """The data-flow diagram of a system, drawn from its rows and approved like a protocol.

    ``reasons`` answer findings that stay: each the finding's sentence, why, and who says so.
    Serves: EU GMP Annex 11 §4.3; 21 CFR 11.10(a).
    """

    NUMBER_PREFIX = "DF"
    KIND_LABEL = "data-flow diagram"
    RETENTION_RULE = "master"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="data_flows")
    scope = models.TextField()
    reasons = models.JSONField(default=list, blank=True)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: every stage, every flow, and why findings stay."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "scope": self.scope,
            "reopenings": list(self.reopenings),
            "stages": [row.content() for row in self.stages.order_by("position")],
            "flows": [row.content() for row in self.links.select_related("source", "target").order_by("position")],
            "reasons": list(self.reasons),
        }


class FlowStage(models.Model):
    """A stage of a diagram. Its number stays its own, also when others are taken out."""

    data_flow = models.ForeignKey(DataFlow, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=list(KINDS.items()))
    records = models.CharField(max_length=300, blank=True)
    controls = models.JSONField(default=list, blank=True)

    history = TrackedHistory(deletable=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("data_flow", "position"), name="flowstage_once"),)

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def ref(self) -> str:
        """Return its name on the diagram."""
        return f"S{self.position}"

    def content(self) -> dict[str, Any]:
        """Return the stage as part of its diagram's content."""
        return {
            "id": self.ref,
            "name": self.name,
            "kind": self.kind,
            "records": self.records,
            "controls": list(self.controls),
        }


class FlowLink(models.Model):
    """A flow of data from one stage to another."""

    data_flow = models.ForeignKey(DataFlow, on_delete=models.PROTECT, related_name="links")
    position = models.PositiveIntegerField()
    source = models.ForeignKey(FlowStage, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(FlowStage, on_delete=models.PROTECT, related_name="+")
    data = models.CharField(max_length=200)
    controls = models.JSONField(default=list, blank=True)

    history = TrackedHistory(deletable=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("data_flow", "position"), name="flowlink_once"),)

    def __str__(self) -> str:
        return f"{self.ref} {self.data}"

    @property
    def ref(self) -> str:
        """Return its name on the diagram."""
        return f"F{self.position}"

    def content(self) -> dict[str, Any]:
        """Return the flow as part of its diagram's content."""
        return {
            "id": self.ref,
            "from": self.source.ref,
            "to": self.target.ref,
            "data": self.data,
            "controls": list(self.controls),
        }
