"""Named refusals of the review of a batch and of its disposition."""

from __future__ import annotations

from records.errors import Refusal


class BatchNotInReview(Refusal):
    code = "batches.not_in_review"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state}. Units are decided only while a batch is in review."


class UnitNotFound(Refusal):
    code = "batches.unit_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no unit {unit} in this batch."


class UnitHasNoResult(Refusal):
    code = "batches.unit_has_no_result"
    clause = "11.10(f)"
    status = 409
    message = "The model has no result for unit {unit} yet. Retry it, or hand it to a person with a reason."


class DecisionStale(Refusal):
    code = "batches.decision_stale"
    clause = "11.10(e)"
    status = 409
    message = (
        "{who} decided unit {unit} at {when}, after you opened it: {what}. Nothing was saved. "
        "Look at it again and decide anew."
    )


class VerdictUnknown(Refusal):
    code = "batches.verdict_unknown"
    status = 422
    message = "A unit is either good or a reject."


class DefectClassMissing(Refusal):
    code = "batches.defect_class_missing"
    clause = "211.188"
    status = 422
    message = "Say which defect unit {unit} has: a reject needs a class of the product's defect library."


class DefectClassForeign(Refusal):
    code = "batches.defect_class_foreign"
    clause = "211.188"
    status = 422
    message = "This defect class is not in force for {product}. Choose one of its own library."


class OverrideReasonMissing(Refusal):
    code = "batches.override_reason_missing"
    clause = "11.10(e)"
    status = 422
    message = "Say why you decide unit {unit} otherwise than the model: choose a reason from the list."


class OverrideReasonTooShort(Refusal):
    code = "batches.override_reason_too_short"
    clause = "11.10(e)"
    status = 422
    message = "“Other” needs at least {minimum} characters that say what you saw on unit {unit}."


class NothingToAgreeWith(Refusal):
    code = "batches.nothing_to_agree_with"
    status = 422
    message = "The model left unit {unit} undecided, so there is nothing to agree with. Decide good or reject."


class NothingToUndo(Refusal):
    code = "batches.nothing_to_undo"
    status = 409
    message = "Nobody has decided unit {unit}, so there is nothing to take back."


class DecisionOfAnotherPerson(Refusal):
    code = "batches.decision_of_another_person"
    clause = "11.10(g)"
    status = 403
    message = "{who} made the decision on unit {unit}. Only they can take it back; you can decide anew."


class SampleAlreadyDrawn(Refusal):
    code = "batches.sample_already_drawn"
    clause = "11.10(f)"
    status = 409
    message = (
        "The AQL sample was drawn from the accepted units. Unit {unit} can still be rejected, "
        "but no unit can join the accepted ones. QA can have the batch inspected again."
    )


class NothingToVerify(Refusal):
    code = "batches.nothing_to_verify"
    clause = "11.10(f)"
    status = 409
    message = "Unit {unit} does not wait for a second person."


class SecondPersonIsFirst(Refusal):
    code = "batches.second_person_is_first"
    clause = "211.188"
    status = 403
    message = "You made this decision on unit {unit} yourself. Another qualified person must verify it."


class ReviewIncomplete(Refusal):
    code = "batches.review_incomplete"
    clause = "11.10(f)"
    status = 409
    message = "{number} still has open points: {points}."


class SampleNotDrawn(Refusal):
    code = "batches.sample_not_drawn"
    clause = "11.10(f)"
    status = 409
    message = "The AQL sample of {number} is not drawn yet."


class SampleDrawnBefore(Refusal):
    code = "batches.sample_drawn_before"
    clause = "211.165"
    status = 409
    message = (
        "The AQL sample of {number} was drawn at {when} by {who}. It is drawn once; nobody samples until it passes."
    )


class SampleInspectedBefore(Refusal):
    code = "batches.sample_inspected_before"
    clause = "211.165"
    status = 409
    message = "{who} entered the findings of this sample at {when}. They are entered once."


class NothingAccepted(Refusal):
    code = "batches.nothing_accepted"
    clause = "211.165"
    status = 409
    message = "No unit of {number} is accepted, so there is nothing to sample."


class FindingNotInSample(Refusal):
    code = "batches.finding_not_in_sample"
    clause = "211.165"
    status = 422
    message = "Unit {unit} is not in the sample."


class ReconciliationOpen(Refusal):
    code = "batches.reconciliation_open"
    clause = "211.188"
    status = 422
    message = (
        "{received} units were received, and {accepted} accepted + {rejected} rejected + {destroyed} destroyed "
        "are {counted}. The difference of {difference} is more than the {tolerance} allowed. Count again."
    )


class DifferenceUnexplained(Refusal):
    code = "batches.difference_unexplained"
    clause = "211.192"
    status = 422
    message = "A difference of {difference} remains. Explain it in at least {minimum} characters."


class CountImpossible(Refusal):
    code = "batches.count_impossible"
    status = 422
    message = "{destroyed} destroyed units cannot come from {received} received."


class InvestigationClosedBefore(Refusal):
    code = "batches.investigation_closed_before"
    clause = "11.10(f)"
    status = 409
    message = "{who} concluded this investigation at {when}."


class InvestigationNotFound(Refusal):
    code = "batches.investigation_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no such investigation in this batch."


class ConclusionTooShort(Refusal):
    code = "batches.conclusion_too_short"
    clause = "211.192"
    status = 422
    message = (
        "A conclusion says what was found, what it means for the lot, and what was done: at least {minimum} characters."
    )


class InvestigationOutOfPlace(Refusal):
    code = "batches.investigation_out_of_place"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state}; its investigations can no longer be concluded."


class ReinspectedBefore(Refusal):
    code = "batches.reinspected_before"
    clause = "11.10(f)"
    status = 409
    message = (
        "{number} is itself a re-inspection of {earlier}. A lot is inspected again once; release, reject or hold it."
    )


class SuccessorMade(Refusal):
    code = "batches.successor_made"
    clause = "11.10(f)"
    status = 409
    message = "{successor} was made for the re-inspection of {number}."


class NotSentBack(Refusal):
    code = "batches.not_sent_back"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state}. Only a batch that QA sent back is inspected again."


class SignaturesMissing(Refusal):
    code = "batches.signatures_missing"
    clause = "11.10(f)"
    status = 409
    message = "{number} lacks {missing} of its present review. Return it to review."
