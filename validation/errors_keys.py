"""Named refusals of the keys of test tools, and of what they deliver. Their codes are told to the tools."""

from __future__ import annotations

from records.errors import Refusal


class KeyMissing(Refusal):
    code = "validation.key_missing"
    clause = "11.10(d)"
    status = 401
    message = "Send the key of the run in the header “Authorization: Bearer …”."


class KeyUnknown(Refusal):
    code = "validation.key_unknown"
    clause = "11.10(d)"
    status = 401
    message = "Nobody made this key. Make one on the page of the run and give it to the tool."


class KeyEnded(Refusal):
    code = "validation.key_ended"
    clause = "11.10(d)"
    status = 401
    message = "This key {how}. Whoever executes the run can make another one."


class KeyOfAnotherRun(Refusal):
    code = "validation.key_of_another_run"
    clause = "11.10(d)"
    status = 403
    message = "This key is for another run. Each run has its own keys."


class KeyTooBusy(Refusal):
    code = "validation.key_too_busy"
    clause = "11.300(d)"
    status = 429
    message = "There were too many tries from here. Wait {retry_after_seconds} s and try again."


class KeyLifeUnusual(Refusal):
    code = "validation.key_life_unusual"
    clause = "11.300(c)"
    status = 422
    message = "A key lives between 1 hour and {most} hours."


class KeyNameMissing(Refusal):
    code = "validation.key_name_missing"
    status = 422
    message = "Name the tool that gets the key, so that its deliveries can be told from others."


class ReportRecorded(Refusal):
    code = "validation.report_recorded"
    clause = "11.10(e)"
    status = 409
    message = "This very report was recorded already, at {steps}. Nothing was recorded again."


class ResultContradicted(Refusal):
    code = "validation.result_contradicted"
    clause = "11.10(e)"
    status = 409
    message = (
        "Step {step} stands as {stands}, and the report says {said}. Nothing was recorded. "
        "A result is corrected by hand, with a reason."
    )
