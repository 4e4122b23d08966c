"""Model versions: what was released to decide on vials, pinned to the artefact's bytes."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord, StoredFile


class ModelVersion(ControlledRecord):
    """One version of a model: its artefact's SHA-256, classes, threshold and undecided band.

    Only a version in the state *released* may decide. Serves: 21 CFR 11.10(h); draft
    Annex 22 §9 (undecided rather than a guess).
    """

    NUMBER_PREFIX = "MV"
    KIND_LABEL = "model version"
    RETENTION_RULE = "master"

    name = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    artefact = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="model_versions")
    classes = models.JSONField()
    preprocessing = models.CharField(max_length=40, default="roi96")
    accept_at = models.DecimalField(max_digits=5, decimal_places=4)
    reject_at = models.DecimalField(max_digits=5, decimal_places=4)
    attribution_method = models.CharField(max_length=60)
    intended_use = models.TextField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("name", "version"), name="modelversion_once"),
            models.CheckConstraint(
                condition=models.Q(reject_at__lt=models.F("accept_at")), name="modelversion_band_open"
            ),
        )

    def content(self) -> dict[str, Any]:
        """Return what a signature on a model version covers."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "name": self.name,
            "version": self.version,
            "artefact_sha256": self.artefact_id,
            "classes": list(self.classes),
            "preprocessing": self.preprocessing,
            "accept_at": str(self.accept_at),
            "reject_at": str(self.reject_at),
            "attribution_method": self.attribution_method,
            "intended_use": self.intended_use,
        }
