"""Named refusals of data-flow diagrams."""

from __future__ import annotations

from records.errors import Refusal


class DiagramRowNotWhole(Refusal):
    code = "validation.diagram_row_not_whole"
    clause = "Annex 11 §4.3"
    status = 422
    message = "{row} cannot be saved: {why}."


class DiagramTooLarge(Refusal):
    code = "validation.diagram_too_large"
    status = 422
    message = "A diagram holds at most {stages} stages and {flows} flows. Draw a part of the system in another one."


class DiagramEmpty(Refusal):
    code = "validation.diagram_empty"
    clause = "Annex 11 §4.3"
    status = 409
    message = "{number} has no stages yet, so there is nothing to approve."


class FindingUnknown(Refusal):
    code = "validation.finding_unknown"
    status = 409
    message = "{number} has no such finding any more. Reload the page to see what is left."


class FindingsUnanswered(Refusal):
    code = "validation.findings_unanswered"
    clause = "Annex 11 §4.3"
    status = 409
    message = "{number} cannot be approved: {count} of its findings are neither mended nor given a reason. {first}"
