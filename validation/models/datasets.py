"""Data sets: what a model is trained, tuned and tested on, item by item, and who opened a sealed one."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.canonical import canonical_bytes, content_hash
from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock
from validation.likeness import METHOD, Item
from validation.models.systems import System


class DataSet(ControlledRecord):
    """A set of items with its strata, labels and purpose; a test set is sealed until it is opened by signature.

    ``criteria`` and ``incumbent`` (what the replaced process achieves) are fixed by the seal's
    signature. ``consumed_because`` names what its results informed. Serves: draft EU GMP Annex 22 §4–6.
    """

    NUMBER_PREFIX = "DS"
    KIND_LABEL = "data set"
    RETENTION_RULE = "master"

    class Purpose(models.TextChoices):
        TRAIN = "train", "Training"
        TUNE = "tune", "Tuning and choosing"
        TEST = "test", "Independent test"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_data_set"
    )  # else the base would be reached as `.dataset`
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="data_sets")
    purpose = models.CharField(max_length=5, choices=Purpose.choices)
    description = models.TextField()
    size_reason = models.TextField()
    preparation = models.TextField(blank=True)
    strata = models.JSONField(default=list)
    criteria = models.TextField(blank=True)
    incumbent = models.TextField(blank=True)
    consumed_because = models.TextField(blank=True)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    @property
    def is_test(self) -> bool:
        """Tell whether the set is an independent test set."""
        return self.purpose == self.Purpose.TEST

    @property
    def shows_items(self) -> bool:
        """Tell whether items and labels may be read: of a test set only after it was opened."""
        return not self.is_test or self.openings.exists()

    def count_strata(self) -> list[dict[str, Any]]:
        """Return each stratum with its planned and its actual count; unplanned ones follow."""
        used = self.items.filter(excluded_because="").values_list("stratum")
        actual = dict(used.annotate(count=models.Count("pk")).order_by("stratum"))
        planned = {row["stratum"]: row["planned"] for row in self.strata}
        names = [*planned, *(name for name in actual if name not in planned)]
        return [{"stratum": name, "planned": planned.get(name, 0), "actual": actual.get(name, 0)} for name in names]

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: purpose, criteria and the whole manifest.

        Of a test set that nobody opened only the manifest's hash, since copies of what is signed are read by others.
        """
        items = [row.content() for row in self.items.order_by("pk")]
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "purpose": self.purpose,
            "description": self.description,
            "size_reason": self.size_reason,
            "preparation": self.preparation,
            "criteria": self.criteria,
            "incumbent": self.incumbent,
            "strata": self.count_strata(),
            "perceptual_hash": METHOD,
            "manifest": {"items": len(items), "sha256": content_hash(canonical_bytes({"items": items}))},
            "items": items if self.shows_items else [],
            "openings": [row.content() for row in self.openings.order_by("pk")],
            "consumed_because": self.consumed_because,
            "reopenings": list(self.reopenings),
        }


class DataItem(models.Model):
    """One item of a set: its file by SHA-256, its picture by perceptual hash, its label and who verified that.

    ``unit`` is the physical vial. An excluded item stays, with its reason. Serves: draft EU GMP Annex 22 §5, 6.
    """

    data_set = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="items")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    dhash = models.CharField(max_length=64, blank=True)
    unit = models.CharField(max_length=60, blank=True)
    stratum = models.CharField(max_length=80)
    label = models.CharField(max_length=80, blank=True)
    verifier = models.CharField(max_length=120, blank=True)
    excluded_because = models.TextField(blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("data_set", "name"), name="dataitem_name_once"),
            models.UniqueConstraint(fields=("data_set", "sha256"), name="dataitem_file_once"),
        )
        indexes = (models.Index(fields=("sha256",), name="dataitem_file"),)

    def __str__(self) -> str:
        return self.name

    def as_item(self) -> Item:
        """Return the item for the comparison with other sets."""
        return Item(self.data_set.number, self.name, self.sha256, self.dhash, self.unit)

    def content(self) -> dict[str, Any]:
        """Return the item as part of its set's content."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "dhash": self.dhash,
            "unit": self.unit,
            "stratum": self.stratum,
            "label": self.label,
            "verifier": self.verifier,
            "excluded_because": self.excluded_because,
        }


class DataSetOpening(models.Model):
    """One opening of a sealed set: who, when, why, under which sealed criteria. Append-only.

    ``witness`` is who verified it where a developer opened. Serves: draft EU GMP Annex 22 §6.
    """

    data_set = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="openings")
    opened_by = models.CharField(max_length=120)
    witness = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField(db_default=DatabaseClock())
    reason = models.TextField()
    criteria_sha256 = models.CharField(max_length=64)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.data_set_id}: {self.opened_by}"

    def content(self) -> dict[str, Any]:
        """Return the opening as part of its set's content."""
        return {
            "by": self.opened_by,
            "witness": self.witness,
            "at": self.opened_at,
            "reason": self.reason,
            "criteria_sha256": self.criteria_sha256,
        }
