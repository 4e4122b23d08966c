"""Named refusals of validation plans and summary reports."""

from __future__ import annotations

from records.errors import Refusal


class PlanExists(Refusal):
    code = "validation.plan_exists"
    status = 409
    message = "There is a plan already, {number}. Revise that one, or have quality retire it first."


class SectionUnknown(Refusal):
    code = "validation.section_unknown"
    status = 404
    message = "There is no section {section} in {number}."


class SectionsMissing(Refusal):
    code = "validation.sections_missing"
    clause = "Annex 15 §1.5"
    status = 409
    message = "{number} cannot be approved: nothing is written under {sections}."


class StagesMissing(Refusal):
    code = "validation.stages_missing"
    clause = "Annex 15 §2.2"
    status = 409
    message = "{number} names no stage. Choose which of IQ, OQ and PQ the system goes through."


class PlanListOutdated(Refusal):
    code = "validation.plan_list_outdated"
    clause = "Annex 15 §1.5"
    status = 409
    message = "The inventory has changed since its list was taken into {number}. Take it anew, then sign."


class ReportBlocked(Refusal):
    code = "validation.report_blocked"
    clause = "Annex 15 §2.9"
    status = 409
    message = "{system} cannot be reported yet: {points}"


class ReportExists(Refusal):
    code = "validation.report_exists"
    status = 409
    message = "{number} is not signed yet. Finish that report, or withdraw it with a reason."


class ReportOutdated(Refusal):
    code = "validation.report_outdated"
    clause = "Annex 15 §2.9"
    status = 409
    message = "The records have changed since {number} was made. Bring it up to date, read it again, then sign."


class ReportTextMissing(Refusal):
    code = "validation.report_text_missing"
    clause = "Annex 15 §2.9"
    status = 409
    message = "{number} has no {texts} yet."


class OwnerSignsNext(Refusal):
    code = "validation.owner_signs_next"
    clause = "Annex 11 §2"
    status = 403
    message = "{number} is signed next by who answers for the system: {owners}."


class NotShownByReport(Refusal):
    code = "validation.not_shown_by_report"
    clause = "Annex 15 §2.10"
    status = 409
    message = "No approved report shows {number} as it is now, so it is not validated."
