"""Capsules that were imported: kept whole, with the versions that they hold as rows to read.

They are copies, not records of this installation: they have no state, no author here and no
workflow, and nothing can be signed or changed on them.
"""

from __future__ import annotations

from django.db import models

from records.history import TrackedHistory
from records.models import DatabaseClock, StoredFile


class ImportedCapsule(models.Model):
    """One evidence capsule, verified and then kept whole. Append-only. Serves: 21 CFR 11.10(b)(c)."""

    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="imported_capsule")
    title = models.CharField(max_length=200)
    organisation = models.CharField(max_length=200)
    build = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    imported_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title


class ImportedVersion(models.Model):
    """One version out of an imported capsule: the same bytes, the same content hash. Append-only."""

    capsule = models.ForeignKey(ImportedCapsule, on_delete=models.PROTECT, related_name="versions")
    record_number = models.CharField(max_length=32)
    record_kind = models.CharField(max_length=60)
    record_title = models.CharField(max_length=200)
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64)

    history = TrackedHistory(append_only=True, fingerprint=("content",))

    class Meta:
        default_permissions = ()
        ordering = ("capsule", "record_number", "number")
        constraints = (
            models.UniqueConstraint(fields=("capsule", "record_number", "number"), name="importedversion_once"),
        )

    def __str__(self) -> str:
        return f"{self.record_number} v{self.number}"
