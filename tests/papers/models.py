"""A paper: a text with notes, signed along routes of every shape."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord


class Paper(ControlledRecord):
    """A controlled record with one text and a number of notes."""

    NUMBER_PREFIX = "TP"
    KIND_LABEL = "test paper"
    RETENTION_RULE = "master"

    body = models.TextField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature covers."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "body": self.body,
            "notes": [note.text for note in Note._default_manager.filter(paper=self).order_by("id")],
            "attachments": [
                {"name": row.name, "purpose": row.purpose, "sha256": row.file_id}
                for row in self.attachments.order_by("id")
            ],
        }


class Note(models.Model):
    """A child row, written without touching the paper's own row."""

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.text
