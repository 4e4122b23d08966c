"""Named refusals of systems, requirements, protocols, executions and deviations."""

from __future__ import annotations

from records.errors import Refusal


class RecordUnknown(Refusal):
    code = "validation.record_unknown"
    clause = "11.10(d)"
    status = 404
    message = "There is no {kind} {number}."


class CategoryWithoutPlatform(Refusal):
    code = "validation.category_without_platform"
    clause = "Annex 11 §4.3"
    status = 422
    message = (
        "Only a category 5 system stands on a platform. Leave the platform's category empty, or choose category 5."
    )


class ItemInUse(Refusal):
    code = "validation.item_in_use"
    clause = "Annex 11 §10"
    status = 409
    message = "{name} is in use already, as version {version}. End that one first; both stay in the history."


class ItemEnded(Refusal):
    code = "validation.item_ended"
    clause = "Annex 11 §10"
    status = 409
    message = "{name} {version} was taken out already."


class DigestNotSha256(Refusal):
    code = "validation.digest_not_sha256"
    clause = "11.10(a)"
    status = 422
    message = "A SHA-256 has 64 digits from 0 to 9 and a to f; “{digest}” is none. `sha256sum FILE` prints it."


class MatrixNotApproved(Refusal):
    code = "validation.matrix_not_approved"
    clause = "Annex 11 §1"
    status = 409
    message = (
        "No risk matrix is approved, so no risk can be rated. Draw one up under Validation, Risk matrix, and sign it."
    )


class RequirementsExist(Refusal):
    code = "validation.requirements_exist"
    status = 409
    message = "{system} has its requirements already, as {number}."


class RequirementTextMissing(Refusal):
    code = "validation.requirement_text_missing"
    clause = "Annex 11 §4.4"
    status = 422
    message = "{ref} has no text. Write what the system has to do, or withdraw the requirement with a reason."


class RequirementsEmpty(Refusal):
    code = "validation.requirements_empty"
    clause = "Annex 11 §4.4"
    status = 409
    message = "{number} has no requirements yet, so there is nothing to approve."


class RequirementWithdrawn(Refusal):
    code = "validation.requirement_withdrawn"
    clause = "11.10(e)"
    status = 409
    message = "{ref} is withdrawn and stays as it is. Add a new requirement instead."


class RiskNotWhole(Refusal):
    code = "validation.risk_not_whole"
    clause = "Annex 11 §1"
    status = 422
    message = "The risk of {ref} needs all four: failure mode, severity, probability and detectability."


class TableNotReadable(Refusal):
    code = "validation.table_not_readable"
    status = 422
    message = "The table cannot be read: {why}."


class BaselineMissing(Refusal):
    code = "validation.baseline_missing"
    clause = "Annex 15 §2.4"
    status = 409
    message = "The requirements of {system} have no approved baseline yet. A protocol is written against one."


class BaselineSuperseded(Refusal):
    code = "validation.baseline_superseded"
    clause = "Annex 15 §2.4"
    status = 409
    message = "{number} is written against an older baseline than {current}. Save the protocol again to take it over."


class StepsMissing(Refusal):
    code = "validation.steps_missing"
    clause = "Annex 15 §2.4"
    status = 409
    message = "{number} has no steps yet."


class StepIncomplete(Refusal):
    code = "validation.step_incomplete"
    clause = "Annex 15 §2.4"
    status = 409
    message = "Step {step} of {number} cannot be approved: {why}."


class StepUnknown(Refusal):
    code = "validation.step_unknown"
    status = 404
    message = "There is no step {step} in {number}."


class ProtocolNotApproved(Refusal):
    code = "validation.protocol_not_approved"
    clause = "Annex 15 §2.4"
    status = 409
    message = "{number} is {state}. A protocol is executed only after its approval is signed."


class ProtocolInExecution(Refusal):
    code = "validation.protocol_in_execution"
    clause = "Annex 15 §2.7"
    status = 409
    message = "{execution} still runs. Finish it first; a change meanwhile is a deviation of that run."


class ResultNotWhole(Refusal):
    code = "validation.result_not_whole"
    clause = "Annex 15 §2.8"
    status = 422
    message = "Say what was really seen, in words, and whether the step passed."


class ResultStands(Refusal):
    code = "validation.result_stands"
    clause = "11.10(e)"
    status = 409
    message = (
        "Step {step} has the result of {who} already. Correct it by a new entry with a reason; both stay readable."
    )


class NothingToCorrect(Refusal):
    code = "validation.nothing_to_correct"
    clause = "11.10(e)"
    status = 409
    message = "Step {step} has no result yet, so there is nothing to correct."


class FailureUnderDeviation(Refusal):
    code = "validation.failure_under_deviation"
    clause = "Annex 15 §2.8"
    status = 409
    message = (
        "The failure of step {step} is under {deviation}. It is answered there and by another run, not by a correction."
    )


class NotTheExecutor(Refusal):
    code = "validation.not_the_executor"
    clause = "11.10(g)"
    status = 409
    message = "{who} executes {number} now. Take it over first; both names stay in the record."


class ExecutorAlready(Refusal):
    code = "validation.executor_already"
    status = 409
    message = "You execute {number} already."


class StepsOpen(Refusal):
    code = "validation.steps_open"
    clause = "Annex 15 §2.9"
    status = 409
    message = "{number} has no result yet for {steps}."


class FailureWithoutDeviation(Refusal):
    code = "validation.failure_without_deviation"
    clause = "Annex 15 §2.8"
    status = 409
    message = "{steps} of {number} failed without a deviation. Raise it first."


class EvidenceUnknown(Refusal):
    code = "validation.evidence_unknown"
    status = 404
    message = "There is no such file of evidence in {number}."


class EvidenceWithdrawn(Refusal):
    code = "validation.evidence_withdrawn"
    clause = "11.10(e)"
    status = 409
    message = "{who} withdrew “{name}” already. If it is evidence after all, add it again."


class EvidenceOfResult(Refusal):
    code = "validation.evidence_of_result"
    clause = "11.10(e)"
    status = 409
    message = "The result of step {step} was read from “{name}”, so the file stays. Correct the result, with a reason."


class ExecutorCannotReview(Refusal):
    code = "validation.executor_cannot_review"
    clause = "11.10(g)"
    status = 403
    message = "You executed steps of {number}, so somebody else reviews it."


class AuthorCannotApprove(Refusal):
    code = "validation.author_cannot_approve"
    clause = "11.10(g)"
    status = 403
    message = "You wrote {number}, so somebody else must sign for quality."


class NoFailedStep(Refusal):
    code = "validation.no_failed_step"
    status = 409
    message = "Step {step} of {number} did not fail, so there is no deviation to raise."


class DeviationExists(Refusal):
    code = "validation.deviation_exists"
    status = 409
    message = "{number} was raised for this failure already."


class DeviationIncomplete(Refusal):
    code = "validation.deviation_incomplete"
    clause = "Annex 15 §2.8"
    status = 409
    message = "{number} cannot be disposed of yet: {why}."


class FailureNotDisposed(Refusal):
    code = "validation.failure_not_disposed"
    clause = "Annex 15 §2.8"
    status = 409
    message = "{deviation} is not disposed of. Quality decides first whether the step is run again."


class NothingToRunAgain(Refusal):
    code = "validation.nothing_to_run_again"
    status = 409
    message = "No deviation of {number} says that a step is to be run again."


class RunNotReviewed(Refusal):
    code = "validation.run_not_reviewed"
    clause = "Annex 15 §2.9"
    status = 409
    message = "{number} is {state}. It is finished and reviewed before a further run stands beside it."


class RunAgainAlready(Refusal):
    code = "validation.run_again_already"
    status = 409
    message = "{number} was run again already, as {rerun}."
