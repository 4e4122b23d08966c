"""Snapshots: django-simple-history's models, written by PostgreSQL instead of Python.

Owns the shape of the historical tables. The rows are written by the triggers of
`records.guards`; Python never writes here, so forms, tasks, ``queryset.update()``,
bulk writes and raw SQL leave the same trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

FINGERPRINT_PREFIX = "sha256:"

# Every tracked model with its declaration: what the guards in the database must match.
TRACKED: dict[type[models.Model], TrackedHistory] = {}


class TrackedHistory(HistoricalRecords):  # type: ignore[misc]  # the library carries no types
    """Declare that every change of a model's rows is kept as a snapshot of an event.

    ``fingerprint`` names columns (secrets, large bytes) of which a snapshot keeps only
    the SHA-256, so that a change shows without the value being copied.
    ``append_only`` tables refuse UPDATE and DELETE; only ``deletable`` ones may lose rows.
    The migration's `records.guards` operations install what is declared here, and
    `records.checks` compares both. Serves: 21 CFR 11.10(e).
    """

    def __init__(self, *, fingerprint: Sequence[str] = (), append_only: bool = False, deletable: bool = False) -> None:
        self.fingerprint = tuple(fingerprint)
        self.append_only = append_only
        self.deletable = deletable
        super().__init__()

    def add_extra_methods(self, cls: type[models.Model]) -> None:
        """Add nothing: there is no way to save without a snapshot."""

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        """Make the historical model, then take the library's recording off the signals."""
        super().finalize(sender, **kwargs)
        if self.cls is sender:
            TRACKED[sender] = self
            models.signals.post_save.disconnect(self.post_save, sender=sender)
            models.signals.post_delete.disconnect(self.post_delete, sender=sender)
            models.signals.pre_delete.disconnect(self.pre_delete, sender=sender)

    def fields_included(self, model: type[models.Model]) -> list[models.Field[Any, Any]]:
        """Return the columns of the model's own table (a parent table has its own history)."""
        return list(model._meta.local_concrete_fields)

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
        """Copy the columns without their indexes; fingerprinted ones become text."""
        fields: dict[str, models.Field[Any, Any]] = super().copy_fields(model)
        for name, field in fields.items():
            field.db_index = False  # type: ignore[attr-defined]  # every column field has it
            if name in self.fingerprint:
                replacement: models.Field[Any, Any] = models.TextField(null=True)
                replacement.name = name
                fields[name] = replacement
            elif getattr(field, "db_default", models.NOT_PROVIDED) is not models.NOT_PROVIDED:
                field.db_default = models.NOT_PROVIDED
        return fields

    def get_extra_fields(self, model: type[models.Model], fields: dict[str, models.Field[Any, Any]]) -> dict[str, Any]:
        """Tie the snapshot to its event; who and why are read from there."""
        extra: dict[str, Any] = super().get_extra_fields(model, fields)
        extra["history_id"] = models.BigAutoField(primary_key=True)
        extra["history_date"] = models.DateTimeField(db_index=False)
        extra["history_change_reason"] = property(lambda snapshot: snapshot.event.reason)
        extra["event"] = models.ForeignKey("records.Event", on_delete=models.PROTECT, related_name="+", db_index=False)
        return extra

    def _get_history_user_fields(self) -> dict[str, Any]:
        return {"history_user": property(lambda snapshot: snapshot.event.actor)}

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        """Keep one index: all snapshots of one row in their order."""
        options: dict[str, Any] = super().get_meta_options(model)
        key = model._meta.pk.attname
        options["ordering"] = ("-history_id",)
        options["get_latest_by"] = ("history_id",)
        options["indexes"] = (models.Index(fields=(key, "history_id"), name=f"{model._meta.model_name}_snap"[:30]),)
        options["default_permissions"] = ()
        return options
