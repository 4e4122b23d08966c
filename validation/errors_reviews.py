"""Named refusals of periodic reviews."""

from __future__ import annotations

from records.errors import Refusal


class ReviewExists(Refusal):
    code = "validation.review_exists"
    status = 409
    message = "{number} is being prepared for this system already."


class SystemRetired(Refusal):
    code = "validation.system_retired"
    status = 409
    message = "{system} is retired, so it is not reviewed any more."


class ReviewItemsOpen(Refusal):
    code = "validation.review_items_open"
    clause = "Annex 11 §11"
    status = 409
    message = "{number} cannot be signed: {topics} still without a conclusion drawn from the facts as they stand."


class ReviewDayMissing(Refusal):
    code = "validation.review_day_missing"
    clause = "Annex 11 §11"
    status = 409
    message = "{number} cannot be signed: name the day of the next review, after today."


class OwnerSignsReview(Refusal):
    code = "validation.owner_signs_review"
    clause = "Annex 11 §2"
    status = 403
    message = "{number} is signed first by who answers for the system: {owners}."
