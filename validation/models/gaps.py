"""Gap assessments: a system held against one edition of a rule, clause by clause."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import Attachment, ControlledRecord, DatabaseClock
from validation.clauses import DRAFT, EDITIONS, IN_FORCE
from validation.models.executions import Execution
from validation.models.systems import System

LEVELS = (("low", "Low"), ("medium", "Medium"), ("high", "High"))


class GapAssessment(ControlledRecord):
    """How far a system meets each clause of one edition, with evidence, risk and what is done about the gaps.

    ``clauses`` are the edition's clauses as they stood when the assessment was begun, those that ask something
    first: another edition is another assessment. Serves: 21 CFR 11.10(a); EU GMP Annex 11 §1, §11.
    """

    NUMBER_PREFIX = "GA"
    KIND_LABEL = "gap assessment"
    RETENTION_RULE = "master"

    class Status(models.TextChoices):
        IN_FORCE = IN_FORCE, "In force"
        DRAFT = DRAFT, "Draft"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_gap_assessment"
    )  # else the base would be reached as `.gapassessment`, as other records name what they hang on
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="gap_assessments")
    edition = models.CharField(max_length=40)
    edition_title = models.CharField(max_length=200)
    edition_status = models.CharField(max_length=10, choices=Status.choices)
    edition_digest = models.CharField(max_length=64)
    clauses = models.JSONField(default=list)
    purpose = models.TextField()
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    @property
    def is_current(self) -> bool:
        """Tell whether the library still words this edition as the assessment holds it."""
        known = EDITIONS.get(self.edition)
        return known is not None and known.digest == self.edition_digest

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Return the clauses that are answered, in their order."""
        return [row for row in self.clauses if not row.get("is_context")]

    @property
    def context(self) -> list[dict[str, Any]]:
        """Return the clauses that ask nothing of a system; none in assessments begun before the library had them."""
        return [row for row in self.clauses if row.get("is_context")]

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: the edition, every clause with its answer, and each file's SHA-256."""
        rows = self.answers.select_related("owner", "execution").prefetch_related("evidence__attachment")
        answers = {row.position: row.content() for row in rows}
        context = [{key: row[key] for key in ("id", "citation", "asks")} for row in self.context]
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "system_name": self.system.title,
            "purpose": self.purpose,
            "edition": {
                "id": self.edition,
                "title": self.edition_title,
                "status": self.edition_status,
                "sha256": self.edition_digest,
            },
            "reopenings": list(self.reopenings),
            "clauses": [
                {key: row[key] for key in ("id", "citation", "asks")} | {"answer": answers.get(position)}
                for position, row in enumerate(self.asked, 1)
            ],
            **({"context": context} if context else {}),
            "attachments": [
                {"name": row.name, "sha256": row.file_id, "purpose": row.purpose}
                for row in self.attachments.order_by("pk")
            ],
        }


class GapAnswer(models.Model):
    """What was found about one clause, and what is done where it is not met.

    ``revision`` counts its changes, so that two people at different clauses never collide.
    """

    class Answer(models.TextChoices):
        YES = "yes", "Yes"
        PARTLY = "partly", "Partly"
        NO = "no", "No"
        NOT_APPLICABLE = "na", "Not applicable"

    assessment = models.ForeignKey(GapAssessment, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=1)
    answer = models.CharField(max_length=6, choices=Answer.choices)
    reason = models.TextField(blank=True)
    shown_by = models.TextField(blank=True)
    execution = models.ForeignKey(Execution, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    risk = models.CharField(max_length=6, choices=LEVELS, blank=True)
    remediation = models.TextField(blank=True)
    control = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("assessment", "position"), name="gapanswer_once"),)

    def __str__(self) -> str:
        return f"clause {self.position}: {self.answer}"

    @property
    def is_gap(self) -> bool:
        """Tell whether the clause is not or only partly met."""
        return self.answer in (self.Answer.PARTLY, self.Answer.NO)

    def content(self) -> dict[str, Any]:
        """Return the answer as part of its assessment's content."""
        return {
            "answer": self.answer,
            "reason": self.reason,
            "shown_by": self.shown_by,
            "execution": self.execution.number if self.execution else "",
            "evidence": [
                {"name": row.attachment.name, "sha256": row.attachment.file_id} for row in self.evidence.all()
            ],
            "risk": self.risk,
            "remediation": self.remediation,
            "control": self.control,
            "owner": self.owner.printed_name if self.owner else "",
            "due_on": self.due_on,
        }


class GapEvidence(models.Model):
    """A file of the assessment that shows one clause; the same file may show many."""

    answer = models.ForeignKey(GapAnswer, on_delete=models.PROTECT, related_name="evidence")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")

    history = TrackedHistory(deletable=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("answer", "attachment"), name="gapevidence_once"),)

    def __str__(self) -> str:
        return f"{self.attachment_id} for {self.answer_id}"


class GapClosure(models.Model):
    """A gap's remediation was done, as somebody says with a reason. Append-only.

    It stands for the answer's revision of then: what is changed later is open again. No part of the
    signed content, as a state is none.
    """

    answer = models.ForeignKey(GapAnswer, on_delete=models.PROTECT, related_name="closures")
    answer_revision = models.PositiveIntegerField()
    done = models.TextField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("answer", "answer_revision"), name="gapclosure_once"),)

    def __str__(self) -> str:
        return f"closed {self.answer_id}"
