"""Named refusals of automated results."""

from __future__ import annotations

from records.errors import Refusal


class ResultFileUnreadable(Refusal):
    code = "validation.result_file_unreadable"
    clause = "11.10(a)"
    status = 422
    message = "“{name}” cannot be read as test results: {why}."


class NoResultToTake(Refusal):
    code = "validation.no_result_to_take"
    clause = "11.10(e)"
    status = 409
    message = "The file holds no result for a step of {number} that is still open. Nothing was recorded."
