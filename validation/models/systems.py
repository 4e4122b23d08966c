"""Systems and the configuration items they are made of."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord


class System(ControlledRecord):
    """A computerised system of the inventory; its state is its validation status.

    A trained model is category 5 on its platform's category. Serves: EU GMP Annex 11
    §4.3; 21 CFR 11.10(a), 11.30 (open or closed).
    """

    NUMBER_PREFIX = "SYS"
    KIND_LABEL = "system"
    RETENTION_RULE = "master"

    class Category(models.IntegerChoices):
        INFRASTRUCTURE = 1, "1: infrastructure software"
        STANDARD = 3, "3: non-configured product"
        CONFIGURED = 4, "4: configured product"
        CUSTOM = 5, "5: custom application or trained model"

    class Relevance(models.TextChoices):
        DIRECT = "direct", "Direct: decides on or records product quality"
        INDIRECT = "indirect", "Indirect: supports such a system"
        NONE = "none", "None"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_system"
    )  # else the base would be reached as `.system`, which other records name a field of their own
    description = models.TextField()
    category = models.PositiveSmallIntegerField(choices=Category.choices)
    platform_category = models.PositiveSmallIntegerField(choices=Category.choices, null=True, blank=True)
    gxp_relevance = models.CharField(max_length=8, choices=Relevance.choices)
    relevance_reason = models.TextField()
    is_open = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    process_owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    next_review_on = models.DateField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    def content(self) -> dict[str, Any]:
        """Return what a signature on a system covers: its entry and its items in use."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "description": self.description,
            "category": self.category,
            "platform_category": self.platform_category,
            "gxp_relevance": self.gxp_relevance,
            "relevance_reason": self.relevance_reason,
            "access": "open" if self.is_open else "closed",
            "owner": self.owner.printed_name,
            "process_owner": self.process_owner.printed_name,
            "next_review_on": self.next_review_on,
            "items": self.item_content(),
        }

    def item_content(self) -> list[dict[str, Any]]:
        """Return the configuration items in use, as content."""
        return [row.content() for row in self.items.filter(ended_at=None).order_by("pk")]


class ConfigurationItem(models.Model):
    """One item under configuration management. A changed item is ended and entered anew.

    Serves: EU GMP Annex 11 §10; draft Annex 22 §5 (test data are identified).
    """

    class Kind(models.TextChoices):
        AI_MODEL = "ai_model", "AI model"
        DATA_SET = "data_set", "Data set"
        SOFTWARE = "software", "Software"
        INFRASTRUCTURE = "infrastructure", "Infrastructure"
        PROCEDURE = "procedure", "Procedure"
        INTERFACE = "interface", "Interface: a system outside"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64, blank=True)
    record = models.ForeignKey(ControlledRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("system", "kind", "name"), condition=models.Q(ended_at=None), name="item_once_in_use"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def content(self) -> dict[str, Any]:
        """Return the item as part of a record's content."""
        return {"kind": self.kind, "name": self.name, "version": self.version, "sha256": self.sha256}
