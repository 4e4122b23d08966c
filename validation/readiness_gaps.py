"""What must be true before a gap assessment or a record determination is signed."""

from __future__ import annotations

from records.evidence import Actor
from records.models import ControlledRecord
from validation.determinations import check_facts
from validation.errors_gaps import AnswerWithoutEvidence, ClausesOpen, GapWithoutPlan
from validation.gap_progress import lacking_plan
from validation.gaps import answers_of
from validation.models import GapAnswer, GapAssessment, RecordDetermination
from validation.readiness import as_kind


def gaps_are_answered(record: ControlledRecord, actor: Actor) -> None:
    """Refuse an assessment with open clauses, claims without evidence, or gaps nobody closes.

    Raises: `ClausesOpen`, `AnswerWithoutEvidence`, `GapWithoutPlan`. Serves: 21 CFR 11.10(a); EU GMP Annex 11 §1.
    """
    assessment = as_kind(record, GapAssessment)
    rows = {row.position: row for row in answers_of(assessment)}
    citations = [clause["citation"] for clause in assessment.asked]
    still_open = [citation for position, citation in enumerate(citations, 1) if position not in rows]
    if still_open:
        facts = {"count": len(still_open), "total": len(citations), "citation": still_open[0]}
        raise ClausesOpen(number=assessment.number, **facts)
    for position, row in rows.items():
        citation = citations[position - 1]
        if row.answer == GapAnswer.Answer.YES and not (row.execution_id or row.evidence.all()):
            raise AnswerWithoutEvidence(citation=citation)
        if why := lacking_plan(row):
            words = row.get_answer_display().lower()
            raise GapWithoutPlan(citation=citation, number=assessment.number, answer=words, why=why)


def determination_is_sound(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a decision against its own facts or without a reason.

    Raises: `DeterminationContradicts`, `DecisionWithoutReason`. Serves: 21 CFR 11.10(c).
    """
    found = as_kind(record, RecordDetermination)
    check_facts(
        predicate_rule=found.predicate_rule,
        is_used=found.replaces_paper or found.is_relied_on or found.is_signed,
        decision=found.decision,
        reason=found.decision_reason,
    )
