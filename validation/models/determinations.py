"""Record determinations: whether data are a required record, and how long they are kept then."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord
from records.retention import RULES
from validation.models.systems import System


class RecordDetermination(ControlledRecord):
    """Whether some data are a required record, why, and from which event they are kept.

    ``governs`` names a kind of record of this installation; its retention rule is then that kind's own, so
    that this register and the archive can never differ. ``start_event`` is the event that starts the clock,
    never a date. Serves: 21 CFR 11.10(c); the test of the 2003 guidance on scope.
    """

    NUMBER_PREFIX = "RD"
    KIND_LABEL = "record determination"
    RETENTION_RULE = "master"

    class Decision(models.TextChoices):
        CONTROLLED = "controlled", "Controlled record"
        PRELIMINARY = "preliminary", "Preliminary: not a required record, and kept all the same"

    class Form(models.TextChoices):
        ELECTRONIC = "electronic", "Electronic"
        PAPER = "paper", "Paper"
        BOTH = "both", "Both"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_determination"
    )  # else the base would be reached by the name of this model
    system = models.ForeignKey(
        System, null=True, blank=True, on_delete=models.PROTECT, related_name="record_determinations"
    )
    governs = models.CharField(max_length=60, blank=True)
    what = models.TextField()
    predicate_rule = models.CharField(max_length=200, blank=True)
    replaces_paper = models.BooleanField(default=False)
    is_relied_on = models.BooleanField(default=False)
    is_signed = models.BooleanField(default=False)
    is_raw_data = models.BooleanField(default=False)
    primary_form = models.CharField(max_length=10, choices=Form.choices, default=Form.ELECTRONIC)
    decision = models.CharField(max_length=12, choices=Decision.choices, default=Decision.CONTROLLED)
    decision_reason = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_under = models.CharField(max_length=40)
    start_event = models.CharField(max_length=60)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    @property
    def is_required(self) -> bool:
        """Tell what the test says: required by a rule, and kept instead of paper, relied on, or signed."""
        return bool(self.predicate_rule.strip()) and (self.replaces_paper or self.is_relied_on or self.is_signed)

    def content(self) -> dict[str, Any]:
        """Return what quality's signature covers."""
        rule = RULES[self.kept_under]
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number if self.system else "",
            "governs": self.governs,
            "what": self.what,
            "predicate_rule": self.predicate_rule,
            "replaces_paper": self.replaces_paper,
            "is_relied_on": self.is_relied_on,
            "is_signed": self.is_signed,
            "is_raw_data": self.is_raw_data,
            "primary_form": self.primary_form,
            "is_required": self.is_required,
            "decision": self.decision,
            "decision_reason": self.decision_reason,
            "owner": self.owner.printed_name,
            "retention": {
                "rule": rule.key,
                "citation": rule.citation,
                "start_event": self.start_event,
                "years": rule.years,
            },
            "reopenings": list(self.reopenings),
        }
