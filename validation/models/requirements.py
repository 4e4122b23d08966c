"""Requirements with their functional risk, and the matrix that rates it."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord, Version
from validation.models.systems import System
from validation.risk import Level, RiskMatrix, cells_of, matrix_of

LEVELS = [(level.value, level.value.capitalize()) for level in reversed(Level)]


class MatrixVersion(ControlledRecord):
    """One version of the risk matrix as data; the newest approved one is in force.

    Serves: EU GMP Annex 11 §1.
    """

    NUMBER_PREFIX = "RX"
    KIND_LABEL = "risk matrix"
    RETENTION_RULE = "master"

    cells = models.JSONField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    @property
    def matrix(self) -> RiskMatrix:
        """Return the cells as the pure rule reads them."""
        return matrix_of(self.cells)

    def content(self) -> dict[str, Any]:
        """Return what a signature on the matrix covers."""
        return {"kind": self.kind, "number": self.number, "title": self.title, "cells": cells_of(self.matrix)}


class RequirementSet(ControlledRecord):
    """The user requirements of a system. ``baseline`` is the version last approved by signature.

    Serves: EU GMP Annex 11 §4.4; 21 CFR 11.10(a).
    """

    NUMBER_PREFIX = "RS"
    KIND_LABEL = "requirements"
    RETENTION_RULE = "master"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="requirement_sets")
    scope = models.TextField(blank=True)
    baseline = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("system",), name="requirementset_once"),)

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: every requirement with its risks, withdrawn ones marked."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "scope": self.scope,
            "reopenings": list(self.reopenings),
            "requirements": [row.content() for row in self.list_requirements()],
        }

    def list_requirements(self) -> list[Requirement]:
        """Return the requirements in their order, withdrawn ones too, each with its risks as ``rated``."""
        risks = FunctionalRisk.objects.prefetch_related("matrix")
        # The checker of types takes the name for a second declaration of the one below.
        listed = models.Prefetch("risks", queryset=risks, to_attr="rated")
        return list(self.requirements.prefetch_related(listed).order_by("position"))  # type: ignore[no-redef]


class Requirement(models.Model):
    """One requirement. Its id is given once and never used again, withdrawn or not."""

    # Given by `RequirementSet.list_requirements`: a query set for each of a thousand rows costs more than the rows.
    rated: list[FunctionalRisk]

    requirement_set = models.ForeignKey(RequirementSet, on_delete=models.PROTECT, related_name="requirements")
    position = models.PositiveIntegerField()
    text = models.TextField()
    source = models.CharField(max_length=200, blank=True)
    is_withdrawn = models.BooleanField(default=False)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("requirement_set", "position"), name="requirement_once"),)

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """Return the requirement's id, such as ``URS-012``."""
        return f"URS-{self.position:03d}"

    def content(self) -> dict[str, Any]:
        """Return the requirement as part of its set's content; the set has listed it."""
        return {
            "id": self.ref,
            "text": self.text,
            "source": self.source,
            "withdrawn": self.is_withdrawn,
            "risks": [risk.content() for risk in self.rated],
        }


class FunctionalRisk(models.Model):
    """One way in which the function of a requirement may fail, rated by the matrix in force."""

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="risks")
    failure_mode = models.TextField()
    severity = models.CharField(max_length=6, choices=LEVELS)
    probability = models.CharField(max_length=6, choices=LEVELS)
    detectability = models.CharField(max_length=6, choices=LEVELS)
    risk_class = models.PositiveSmallIntegerField()
    priority = models.CharField(max_length=6, choices=LEVELS)
    matrix = models.ForeignKey(MatrixVersion, on_delete=models.PROTECT, related_name="+")

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.failure_mode

    def content(self) -> dict[str, Any]:
        """Return the risk as part of its requirement's content."""
        return {
            "failure_mode": self.failure_mode,
            "severity": self.severity,
            "probability": self.probability,
            "detectability": self.detectability,
            "class": self.risk_class,
            "priority": self.priority,
            "matrix": self.matrix.number,
        }
