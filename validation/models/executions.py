"""Executions: what was really done, seen and kept, entry by entry; nothing is ever written over."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import Attachment, ControlledRecord, DatabaseClock, Version
from records.versions import read_content
from validation.models.protocols import Protocol


class Execution(ControlledRecord):
    """One run of an approved protocol version. A later run stands beside it and names it.

    ``holder`` is who executes now, ``author`` who began; ``items`` is what was tested.
    Serves: EU GMP Annex 15 §2.7–2.9; 21 CFR 11.10(a)(e).
    """

    NUMBER_PREFIX = "EX"
    KIND_LABEL = "execution"
    RETENTION_RULE = "master"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_execution"
    )  # else the base would be reached as `.execution`, which other records name a field of their own
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="executions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    run = models.PositiveIntegerField()
    rerun_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reruns")
    steps = models.JSONField(default=list)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    environment = models.TextField()
    items = models.JSONField(default=list)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("protocol", "run"), name="execution_run_once"),)

    def planned_steps(self) -> list[dict[str, Any]]:
        """Return the steps of this run as the approved version words them."""
        scope = set(self.steps)
        return [row for row in read_content(self.version)["steps"] if row["step"] in scope]

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: each step with its entries and evidence, and everybody who executed."""
        entries, evidence = _by_step(self.entries), _by_step(self.evidence)
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "protocol": self.protocol.number,
            "protocol_version": self.version.number,
            "protocol_hash": self.version.content_hash,
            "run": self.run,
            "rerun_of": self.rerun_of.number if self.rerun_of else "",
            "environment": self.environment,
            "items": list(self.items),
            "begun_by": self.author.printed_name,
            "reopenings": list(self.reopenings),
            "hand_overs": [row.content() for row in self.hand_overs.order_by("pk")],
            "steps": [
                step | {"entries": entries.get(step["step"], []), "evidence": evidence.get(step["step"], [])}
                for step in self.planned_steps()
            ],
            "deviations": sorted(self.deviations.values_list("number", flat=True)),
            "attachments": [
                {"name": row.name, "sha256": row.file_id, "purpose": row.purpose}
                for row in self.attachments.order_by("pk")
            ],
        }


class StepEntry(models.Model):
    """A result as it was entered. A correction is another entry with its reason. Append-only.

    Serves: 21 CFR 11.10(e); EU GMP Annex 15 §2.8.
    """

    class Result(models.TextChoices):
        PASS = "pass", "Pass"
        FAIL = "fail", "Fail"
        NOT_APPLICABLE = "na", "Not applicable"

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="entries")
    step = models.PositiveIntegerField()
    result = models.CharField(max_length=4, choices=Result.choices)
    actual = models.TextField()
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(db_default=DatabaseClock())
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    reason = models.TextField(blank=True)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("execution", "step"), condition=models.Q(corrects=None), name="entry_first_once"
            ),
            models.UniqueConstraint(fields=("corrects",), name="entry_corrected_once"),
        )

    def __str__(self) -> str:
        return f"{self.execution_id}, step {self.step}: {self.result}"

    def content(self) -> dict[str, Any]:
        """Return the entry as part of its execution's content."""
        return {
            "result": self.result,
            "actual": self.actual,
            "by": self.entered_by.printed_name,
            "at": self.entered_at,
            "correction_because": self.reason,
        }


class StepEvidence(models.Model):
    """A file that shows what was seen at a step, hashed when it arrived. Append-only."""

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="evidence")
    step = models.PositiveIntegerField()
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("attachment",), name="evidence_once"),)

    def __str__(self) -> str:
        return f"{self.execution_id}, step {self.step}: {self.attachment_id}"

    def content(self) -> dict[str, Any]:
        """Return the file as part of its execution's content."""
        return {
            "name": self.attachment.name,
            "sha256": self.attachment.file_id,
            "by": self.added_by.printed_name,
            "at": self.added_at,
            **(self.withdrawal.content() if self.is_withdrawn else {}),  # else as versions signed before hold it
        }

    @property
    def is_withdrawn(self) -> bool:
        """Tell whether somebody said that the file was added by mistake."""
        return getattr(self, "withdrawal", None) is not None


class EvidenceWithdrawal(models.Model):
    """A file is no evidence of its step, as somebody says with a reason; it stays, struck through. Append-only."""

    evidence = models.OneToOneField(StepEvidence, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.TextField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"withdrawn {self.evidence_id}"

    def content(self) -> dict[str, Any]:
        """Return the withdrawal as part of its file's content."""
        return {
            "withdrawn_by": self.withdrawn_by.printed_name,
            "withdrawn_at": self.withdrawn_at,
            "withdrawn_because": self.reason,
        }


class HandOver(models.Model):
    """One person took an execution over from another; both names stay. Append-only."""

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="hand_overs")
    from_person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to_person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseClock())
    reason = models.TextField()

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.from_person_id} to {self.to_person_id}"

    def content(self) -> dict[str, Any]:
        """Return the hand-over as part of its execution's content."""
        return {
            "from": self.from_person.printed_name,
            "to": self.to_person.printed_name,
            "at": self.at,
            "reason": self.reason,
        }


def _by_step(rows: Any) -> dict[int, list[dict[str, Any]]]:
    """Return the contents of rows under their step, in the order in which they came."""
    found: dict[int, list[dict[str, Any]]] = {}
    is_evidence = rows.model is StepEvidence
    wanted = ("attachment", "added_by", "withdrawal__withdrawn_by") if is_evidence else ("entered_by",)
    for row in rows.select_related(*wanted).order_by("pk"):
        found.setdefault(row.step, []).append(row.content())
    return found
