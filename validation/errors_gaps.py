"""Named refusals of gap assessments and record determinations."""

from __future__ import annotations

from records.errors import Refusal


class EditionUnknown(Refusal):
    code = "validation.edition_unknown"
    status = 404
    message = "There is no edition {edition} in the regulation library."


class ClauseUnknown(Refusal):
    code = "validation.clause_unknown"
    status = 404
    message = "{number} has no clause {position}."


class AnswerWithoutReason(Refusal):
    code = "validation.answer_without_reason"
    clause = "11.10(a)"
    status = 422
    message = "{citation} is answered “{answer}” without a reason. Say why, so that others understand it later."


class AnswerWithoutEvidence(Refusal):
    code = "validation.answer_without_evidence"
    clause = "11.10(a)"
    status = 422
    message = "{citation} is answered “yes” without evidence. Add a file, or name a reviewed execution."


class EvidenceNotReviewed(Refusal):
    code = "validation.evidence_not_reviewed"
    clause = "Annex 11 §4.4"
    status = 422
    message = "{execution} is no reviewed execution of {system}. Only what was executed and reviewed there is evidence."


class EvidenceElsewhere(Refusal):
    code = "validation.evidence_elsewhere"
    clause = "11.10(a)"
    status = 422
    message = "That file does not belong to {number}. Add it here first."


class ClausesOpen(Refusal):
    code = "validation.clauses_open"
    clause = "11.10(a)"
    status = 409
    message = "{number} has no answer yet to {count} of {total} clauses, first to {citation}."


class GapWithoutPlan(Refusal):
    code = "validation.gap_without_plan"
    clause = "Annex 11 §1"
    status = 409
    message = "{citation} of {number} is answered “{answer}”, but {why}."


class NoOpenGap(Refusal):
    code = "validation.no_open_gap"
    clause = "11.10(f)"
    status = 409
    message = "{citation} of {number} has no open remediation."


class GapsNotApproved(Refusal):
    code = "validation.gaps_not_approved"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state}. A remediation is closed after its assessment is approved."


class DeterminationContradicts(Refusal):
    code = "validation.determination_contradicts"
    clause = "11.10(c)"
    status = 422
    message = (
        "{rule} requires these data, and they replace paper, are relied on or are signed, so they are a controlled "
        "record. Correct the facts, or decide so."
    )


class DecisionWithoutReason(Refusal):
    code = "validation.decision_without_reason"
    clause = "11.10(c)"
    status = 422
    message = "A decision needs its reason, in at least {minimum} characters that others understand later."


class RetentionUnknown(Refusal):
    code = "validation.retention_unknown"
    clause = "211.180"
    status = 422
    message = "There is no retention rule {rule}."


class KindUnknown(Refusal):
    code = "validation.kind_unknown"
    clause = "11.10(c)"
    status = 422
    message = "{kind} is no kind of record of this installation."
