"""Gap assessments: a system held against one edition, answered clause by clause, its evidence kept by hash.

Serves: 21 CFR 11.10(a)(e); EU GMP Annex 11 §1, §11.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.contrib.auth import get_user_model
from django.db import transaction

from records.acting import acting
from records.attachments import register_file
from records.creation import create_record
from records.editing import FieldDifference, edit_record
from records.errors import RecordNotEditable, StaleRevision
from records.evidence import Actor
from records.models import Attachment, ControlledRecord
from records.stores import file_store
from records.uploads.checks import check_file
from records.uploads.limits import DEFAULT_LIMITS
from records.workflow import lock_record, state_label, take_role, workflow_of
from validation.clauses import EDITIONS, Clause, Edition
from validation.errors_gaps import (
    AnswerWithoutEvidence,
    AnswerWithoutReason,
    ClauseUnknown,
    EditionUnknown,
    EvidenceElsewhere,
    EvidenceNotReviewed,
    GapsNotApproved,
    NoOpenGap,
)
from validation.models import Execution, GapAnswer, GapAssessment, GapClosure, GapEvidence, System
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS, QA

PURPOSE = "evidence"
NAMED_CLAUSES = 3
LABELS = {
    "answer": "Answer",
    "reason": "Reason",
    "shown_by": "Where the evidence shows it",
    "execution": "Reviewed execution",
    "evidence": "Files",
    "risk": "Risk",
    "remediation": "Technical remediation",
    "control": "Procedural control",
    "owner": "Owner",
    "due_on": "Due",
}


@dataclass(frozen=True, slots=True)
class AnswerText:
    """An answer as given. ``evidence`` are the attachments' keys; ``seen`` is the answer's revision as it was read, 0
    for none."""

    position: int
    answer: str
    reason: str = ""
    shown_by: str = ""
    execution: str = ""
    evidence: tuple[int, ...] = ()
    risk: str = ""
    remediation: str = ""
    control: str = ""
    owner_id: int | None = None
    due_on: dt.date | None = None
    seen: int = 0


def draft_gaps(system: System, *, actor: Actor, edition: str, title: str, purpose: str) -> GapAssessment:
    """Begin the assessment of a system against an edition, whose clauses it keeps as they stand now.

    Writes: validation_gapassessment, `validation.gaps.drafted`. Raises: `EditionUnknown`.
    """
    actor = take_role(actor, ENGINEERS)
    found = EDITIONS.get(edition)
    if found is None:
        raise EditionUnknown(edition=edition[:40])
    clauses = [clause_facts(found, row) for row in found.clauses]
    clauses += [clause_facts(found, row) | {"is_context": True} for row in found.context]
    return create_record(
        GapAssessment,
        actor=actor,
        title=title,
        act="validation.gaps.drafted",
        system=system,
        edition=found.id,
        edition_title=found.edition,
        edition_status=found.status,
        edition_digest=found.digest,
        clauses=clauses,
        purpose=purpose,
    )


def clause_facts(edition: Edition, clause: Clause) -> dict[str, Any]:
    """Return a clause as an assessment keeps it."""
    return {
        "id": clause.id,
        "citation": edition.citation(clause),
        "heading": clause.heading,
        "asks": clause.asks,
        "basis": clause.basis,
    }


def edit_gaps(
    assessment: GapAssessment, *, actor: Actor, revision: int, title: str, purpose: str, reason: str
) -> GapAssessment:
    """Change title and purpose of a draft. Writes: validation_gapassessment. Raises: as `edit_record`."""
    actor = take_role(actor, ENGINEERS)
    changes = {"title": title, "purpose": purpose}
    edit_record(assessment, actor=actor, revision=revision, changes=changes, reason=reason)
    return GapAssessment.objects.get(pk=assessment.pk)


def save_answers(assessment: GapAssessment, texts: Sequence[AnswerText], *, actor: Actor) -> GapAssessment:
    """Save answers to clauses, all or none; what is unchanged is left alone.

    Writes: validation_gapanswer, validation_gapevidence, `validation.gaps.answered`, `validation.gaps.unlinked`.
    Raises: `RecordNotEditable`, `ClauseUnknown`, `StaleRevision` with the fact ``differences``,
    `AnswerWithoutReason`, `AnswerWithoutEvidence`, `EvidenceNotReviewed`, `EvidenceElsewhere`.
    Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_gaps(assessment)
        present = {row.position: row for row in answers_of(locked)}
        changed = [text for text in texts if facts_of(text) != facts_of_row(present.get(text.position))]
        for text in changed:
            check_answer(locked, text, present.get(text.position))
        if not changed:
            return locked
        named = [clause_of(locked, text.position)["citation"] for text in changed]
        told = ", ".join(named) if len(named) <= NAMED_CLAUSES else f"{len(named)} clauses"
        with acting(actor, "validation.gaps.answered", locked, details={"clauses": told}):
            for text in changed:
                write_answer(locked, text, present.get(text.position))
            raise_revision(locked)
        for text in changed:
            unlink_files(locked, text, actor=actor)
    return locked


def add_gap_file(assessment: GapAssessment, *, actor: Actor, name: str, content: BinaryIO) -> Attachment:
    """Keep a file as evidence of an assessment: checked, hashed and stored before anything names it.

    Writes: the file store, records_storedfile, records_attachment, `validation.gaps.evidence`. Raises: the
    refusals of `check_file` and the store, `RecordNotEditable`. Serves: 21 CFR 11.10(a)(c).
    """
    actor = take_role(actor, ENGINEERS)
    checked = check_file(content, name=name)
    content.seek(0)
    stored = file_store().add(content, max_bytes=DEFAULT_LIMITS.max_file_bytes)
    details = {"name": checked.name, "sha256": stored.sha256}
    with transaction.atomic():
        locked = lock_gaps(assessment)
        held = locked.attachments.filter(file_id=stored.sha256, name=checked.name).first()
        if held is not None:
            return held
        with acting(actor, "validation.gaps.evidence", locked, details=details):
            file = register_file(sha256=stored.sha256, size=stored.size, media_type=checked.kind.media_type)
            made = Attachment.objects.create(record_id=locked.pk, file=file, name=checked.name, purpose=PURPOSE)
            raise_revision(locked)
    return made


def close_remediation(assessment: GapAssessment, position: int, *, actor: Actor, reason: str) -> GapClosure:
    """Record that the remediation of a gap is done, and what was done, after its assessment was approved.

    Writes: validation_gapclosure, `validation.gap.closed`. Raises: `GapsNotApproved`, `ClauseUnknown`, `NoOpenGap`.
    """
    actor = take_role(actor, (*ENGINEERS, *QA))
    with transaction.atomic():
        lock_record(assessment)
        locked = GapAssessment.objects.get(pk=assessment.pk)
        if locked.state != "approved":
            raise GapsNotApproved(number=locked.number, state=state_label(locked).lower())
        citation = clause_of(locked, position)["citation"]
        row = locked.answers.filter(position=position).first()
        if row is None or not row.is_gap or row.closures.filter(answer_revision=row.revision).exists():
            raise NoOpenGap(citation=citation, number=locked.number)
        with acting(actor, "validation.gap.closed", locked, reason=reason, details={"citation": citation}):
            return GapClosure.objects.create(
                answer=row, answer_revision=row.revision, done=reason, closed_by_id=actor.person_id
            )


def lock_gaps(assessment: ControlledRecord) -> GapAssessment:
    """Lock an assessment that may still be edited. Raises: `RecordNotEditable`."""
    lock_record(assessment)
    locked = GapAssessment.objects.get(pk=assessment.pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked


def answers_of(assessment: GapAssessment) -> list[GapAnswer]:
    """Return the answers given so far with all that hangs on them, in the order of the clauses."""
    rows = assessment.answers.select_related("owner", "execution").order_by("position")
    return list(rows.prefetch_related("evidence__attachment__file", "closures__closed_by"))


def clause_of(assessment: GapAssessment, position: int) -> dict[str, Any]:
    """Return a clause of an assessment by its place. Raises: `ClauseUnknown`."""
    if not 1 <= position <= len(assessment.asked):
        raise ClauseUnknown(number=assessment.number, position=position)
    found: dict[str, Any] = assessment.asked[position - 1]
    return found


def facts_of(text: AnswerText) -> dict[str, Any]:
    """Return what an answer says, as it is compared and told."""
    return {
        "answer": text.answer,
        "reason": text.reason.strip(),
        "shown_by": text.shown_by.strip(),
        "execution": text.execution.strip().upper(),
        "evidence": tuple(sorted(set(text.evidence))),
        "risk": text.risk,
        "remediation": text.remediation.strip(),
        "control": text.control.strip(),
        "owner": text.owner_id,
        "due_on": text.due_on,
    }


def facts_of_row(row: GapAnswer | None) -> dict[str, Any] | None:
    """Return what a stored answer says, in the form of `facts_of`; None for none."""
    if row is None:
        return None
    return {
        "answer": row.answer,
        "reason": row.reason,
        "shown_by": row.shown_by,
        "execution": row.execution.number if row.execution else "",
        "evidence": tuple(sorted(found.attachment_id for found in row.evidence.all())),
        "risk": row.risk,
        "remediation": row.remediation,
        "control": row.control,
        "owner": row.owner_id,
        "due_on": row.due_on,
    }


def check_answer(assessment: GapAssessment, text: AnswerText, present: GapAnswer | None) -> None:
    """Refuse an answer that is stale or says too little.

    Raises: `ClauseUnknown`, `StaleRevision`, `AnswerWithoutReason`, `AnswerWithoutEvidence`,
    `EvidenceNotReviewed`, `EvidenceElsewhere`.
    """
    citation = clause_of(assessment, text.position)["citation"]
    if text.seen != (present.revision if present else 0):
        raise stale_answer(assessment, text, present)
    if text.answer not in GapAnswer.Answer.values or (text.answer != GapAnswer.Answer.YES and not text.reason.strip()):
        words = dict(GapAnswer.Answer.choices).get(text.answer, "nothing")
        raise AnswerWithoutReason(citation=citation, answer=words.lower())
    find_execution(assessment, text)
    if assessment.attachments.filter(pk__in=text.evidence).count() != len(set(text.evidence)):
        raise EvidenceElsewhere(number=assessment.number)
    if text.answer == GapAnswer.Answer.YES and not (text.evidence or text.execution.strip()):
        raise AnswerWithoutEvidence(citation=citation)


def find_execution(assessment: GapAssessment, text: AnswerText) -> Execution | None:
    """Return the reviewed execution that an answer names, if any. Raises: `EvidenceNotReviewed`."""
    number = text.execution.strip().upper()
    if not number:
        return None
    found = Execution.objects.filter(number=number, protocol__system_id=assessment.system_id, state="reviewed").first()
    if found is None:
        raise EvidenceNotReviewed(execution=number[:40], system=assessment.system.number)
    return found


def stale_answer(assessment: GapAssessment, text: AnswerText, present: GapAnswer | None) -> StaleRevision:
    """Return the refusal that tells who answered meanwhile, and how that differs from what was typed."""
    last = assessment.events.filter(act="validation.gaps.answered").order_by("-id").first()
    stored, typed = facts_of_row(present) or {}, facts_of(text)
    differences = tuple(
        FieldDifference(name, label, say(name, stored.get(name), assessment), say(name, typed[name], assessment))
        for name, label in LABELS.items()
        if stored.get(name) != typed[name]
    )
    return StaleRevision(
        who=last.actor_name if last else "Somebody",
        when=f"{last.at:%H:%M:%S} UTC" if last else "an unknown time",
        differences=differences,
        revision=present.revision if present else 0,
    )


def say(name: str, value: Any, assessment: GapAssessment) -> str:
    """Return a fact of an answer as a person reads it."""
    if not value:
        return ""
    if name == "evidence":
        return ", ".join(assessment.attachments.filter(pk__in=value).order_by("pk").values_list("name", flat=True))
    if name == "owner":
        return str(get_user_model()._default_manager.get(pk=value).printed_name)
    return str(value)


def write_answer(assessment: GapAssessment, text: AnswerText, present: GapAnswer | None) -> None:
    """Write an answer and link its files; must run inside an act."""
    facts = facts_of(text)
    files = set(facts.pop("evidence"))
    row = present or GapAnswer(assessment=assessment, position=text.position, revision=0)
    row.execution = find_execution(assessment, text)
    row.owner_id = facts.pop("owner")
    del facts["execution"]
    for name, value in facts.items():
        setattr(row, name, value)
    row.revision += 1
    row.save()
    held = set(row.evidence.values_list("attachment_id", flat=True))
    GapEvidence.objects.bulk_create([GapEvidence(answer=row, attachment_id=key) for key in sorted(files - held)])


def unlink_files(assessment: GapAssessment, text: AnswerText, *, actor: Actor) -> None:
    """Take files off a clause that its answer names no more, by an act that names them; they stay with the assessment.

    Writes: validation_gapevidence, `validation.gaps.unlinked`. Serves: 21 CFR 11.10(e).
    """
    rows = GapEvidence.objects.filter(answer__assessment=assessment, answer__position=text.position)
    gone = rows.exclude(attachment_id__in=text.evidence)
    names = ", ".join(f"“{name}”" for name in gone.order_by("pk").values_list("attachment__name", flat=True))
    if not names:
        return
    details = {"names": names, "citation": clause_of(assessment, text.position)["citation"]}
    with acting(actor, "validation.gaps.unlinked", assessment, details=details):
        gone.delete()


def unlinked_files(assessment: GapAssessment) -> list[Attachment]:
    """Return the files of an assessment that are evidence of no clause now."""
    named = GapEvidence.objects.filter(answer__assessment=assessment).values("attachment_id")
    return list(assessment.attachments.exclude(pk__in=named).select_related("file").order_by("pk"))
