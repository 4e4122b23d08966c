"""Periodic reviews of systems: the pack of facts, topic by topic, and what people concluded from it."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.digests import sha256_hex
from records.history import TrackedHistory
from records.models import ControlledRecord
from validation.models.systems import System


class PeriodicReview(ControlledRecord):
    """One periodic review of a system, over the time from ``since`` to ``until``.

    Serves: EU GMP Annex 11 §11.
    """

    NUMBER_PREFIX = "PR"
    KIND_LABEL = "periodic review"
    RETENTION_RULE = "master"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="reviews")
    since = models.DateTimeField()
    until = models.DateTimeField()
    summary = models.TextField(blank=True)
    next_review_on = models.DateField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: the facts of every topic and what was concluded from them."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "since": self.since,
            "until": self.until,
            "topics": [row.content() for row in self.items.order_by("position")],
            "summary": self.summary,
            "next_review_on": self.next_review_on,
        }


class ReviewItem(models.Model):
    """One topic of a review: its facts as gathered, and the conclusion drawn from exactly these.

    ``concluded_from`` is the SHA-256 of the facts that the conclusion was written on.
    """

    review = models.ForeignKey(PeriodicReview, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    topic = models.CharField(max_length=20)
    title = models.CharField(max_length=80)
    question = models.CharField(max_length=300)
    facts = models.JSONField(default=list)
    conclusion = models.TextField(blank=True)
    follow_up = models.TextField(blank=True)
    concluded_from = models.CharField(max_length=64, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("review", "topic"), name="reviewitem_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def facts_digest(self) -> str:
        """Return the SHA-256 of the facts."""
        return sha256_hex("\n".join(self.facts).encode())

    @property
    def is_concluded(self) -> bool:
        """Tell whether a conclusion was drawn from the facts as they stand in the pack."""
        return bool(self.conclusion) and self.concluded_from == self.facts_digest

    @property
    def is_outdated(self) -> bool:
        """Tell whether the facts changed after the conclusion was written."""
        return bool(self.conclusion) and not self.is_concluded

    def content(self) -> dict[str, Any]:
        """Return the topic as part of its review's content."""
        return {
            "id": self.topic,
            "title": self.title,
            "question": self.question,
            "facts": list(self.facts),
            "conclusion": self.conclusion,
            "follow_up": self.follow_up,
        }
