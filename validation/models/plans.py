"""Validation plans: the site's master plan and a plan per system, section by section."""

from __future__ import annotations

from typing import Any

from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord
from validation.models.systems import System


class ValidationPlan(ControlledRecord):
    """The master plan of the site, or the plan of one system.

    ``stages`` are those the system goes through; ``facts`` is what was taken from the
    inventory, so that a signed plan stays as it was. Serves: EU GMP Annex 15 §1.4, 1.5, 2.2.
    """

    NUMBER_PREFIX = "VP"
    KIND_LABEL = "validation plan"
    RETENTION_RULE = "master"

    class Level(models.TextChoices):
        MASTER = "master", "Validation master plan of the site"
        SYSTEM = "system", "Validation plan of a system"

    level = models.CharField(max_length=6, choices=Level.choices)
    system = models.ForeignKey(System, null=True, blank=True, on_delete=models.PROTECT, related_name="plans")
    stages = models.JSONField(default=list, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=models.Q(level="master", system=None) | models.Q(level="system", system__isnull=False),
                name="plan_level_has_system",
            ),
        )

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: every section, and what was taken from the inventory."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "level": self.level,
            "system": self.system.number if self.system else "",
            "stages": list(self.stages),
            "reopenings": list(self.reopenings),
            "facts": dict(self.facts),
            "sections": [row.content() for row in self.sections.order_by("position")],
        }


class PlanSection(models.Model):
    """One section of a plan: its heading, what belongs into it, and the text that was written.

    ``revision`` counts its changes, so that two people edit different sections at once.
    """

    plan = models.ForeignKey(ValidationPlan, on_delete=models.PROTECT, related_name="sections")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=40)
    heading = models.CharField(max_length=120)
    guidance = models.TextField()
    text = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("plan", "position"), name="plansection_once"),)

    def __str__(self) -> str:
        return f"{self.position}. {self.heading}"

    @property
    def is_missing(self) -> bool:
        """Tell whether nobody wrote the section yet."""
        return not self.text.strip()

    def content(self) -> dict[str, Any]:
        """Return the section as part of its plan's content."""
        return {"section": self.position, "key": self.key, "heading": self.heading, "text": self.text}
