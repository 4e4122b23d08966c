"""Named refusals of Knapp studies and data sets."""

from __future__ import annotations

from records.errors import Refusal


class StudyIncomplete(Refusal):
    code = "validation.study_incomplete"
    clause = "Annex 1 §8.32"
    status = 409
    message = "The design of {number} cannot be signed: {why}."


class StudyDesignInvalid(Refusal):
    code = "validation.study_design_invalid"
    clause = "Annex 1 §8.32"
    status = 422
    message = "The design cannot be kept: {why}."


class DesignNotSigned(Refusal):
    code = "validation.design_not_signed"
    clause = "Annex 15 §2.4"
    status = 409
    message = "{number} is {state}. Sheets are drawn and runs are taken only under a design that is signed."


class RunsTaken(Refusal):
    code = "validation.runs_taken"
    clause = "Annex 15 §2.7"
    status = 409
    message = "{number} has {runs} runs already. The design stays as it was signed; abandon the study to begin anew."


class RunSheetUnknown(Refusal):
    code = "validation.run_sheet_unknown"
    status = 404
    message = "{number} plans no run {run}."


class RunsNotWhole(Refusal):
    code = "validation.runs_not_whole"
    clause = "11.10(h)"
    status = 422
    message = "Nothing is stored. {faults}"


class RunDayImpossible(Refusal):
    code = "validation.run_day_impossible"
    clause = "11.10(f)"
    status = 422
    message = "Runs of {number} cannot be of {day}: {why}."


class StudyRunsOpen(Refusal):
    code = "validation.study_runs_open"
    clause = "Annex 1 §8.32"
    status = 409
    message = "{number} still waits for {waiting} of {planned} runs, the next is {run}."


class StudyInconclusive(Refusal):
    code = "validation.study_inconclusive"
    clause = "Annex 1 §8.32"
    status = 409
    message = "The report of {number} cannot be signed: {why}."


class SetIncomplete(Refusal):
    code = "validation.set_incomplete"
    clause = "Annex 22 §5"
    status = 409
    message = "{number} cannot be signed: {why}."


class SetInvalid(Refusal):
    code = "validation.set_invalid"
    clause = "Annex 22 §5"
    status = 422
    message = "The data set cannot be kept: {why}."


class ItemsNotWhole(Refusal):
    code = "validation.items_not_whole"
    clause = "Annex 22 §5"
    status = 422
    message = "Nothing is stored. {faults}"


class SetItemUnknown(Refusal):
    code = "validation.set_item_unknown"
    status = 404
    message = "{number} has no item {name}."


class SetItemExcluded(Refusal):
    code = "validation.set_item_excluded"
    status = 409
    message = "{name} is excluded already; it stays in the manifest with its reason."


class NothingOverlaps(Refusal):
    code = "validation.nothing_overlaps"
    status = 409
    message = "{number} shares no item with a set that it must be kept apart from, so there is nothing to exclude."


class SetsOverlap(Refusal):
    code = "validation.sets_overlap"
    clause = "Annex 22 §6"
    status = 409
    message = "{number} is not independent: {pairs}. Exclude the items with a reason, or take others."


class CriteriaLocked(Refusal):
    code = "validation.criteria_locked"
    clause = "Annex 22 §4"
    status = 409
    message = (
        "{number} was opened on {day}. What it was to show is fixed since before that; "
        "a change now is a deviation of the run that uses it, so raise it there."
    )


class SetSealed(Refusal):
    code = "validation.set_sealed"
    clause = "Annex 22 §6"
    status = 403
    message = "{number} is sealed. Its labels are shown to nobody before it is opened by signature, with a reason."


class DeveloperOpensAlone(Refusal):
    code = "validation.developer_opens_alone"
    clause = "Annex 22 §6"
    status = 403
    message = "You work on the development of {system}, so open {number} together with somebody who does not."


class DeveloperCannotWitness(Refusal):
    code = "validation.developer_cannot_witness"
    clause = "Annex 22 §6"
    status = 403
    message = "You work on the development of {system}, so somebody else must verify the opening of {number}."


class OnlyForTestSets(Refusal):
    code = "validation.only_for_test_sets"
    clause = "Annex 22 §6"
    status = 409
    message = "{number} is for {purpose}. Only a test set is sealed, opened and consumed."


class SealedNotApproved(Refusal):
    code = "validation.sealed_not_approved"
    clause = "Annex 22 §6"
    status = 409
    message = "{number} is a test set: it is sealed, not approved."


class ReferenceMissing(Refusal):
    code = "validation.reference_missing"
    clause = "Annex 22 §6"
    status = 422
    message = "Name the change or the model version that the results of the set informed."
