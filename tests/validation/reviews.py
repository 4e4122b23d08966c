"""Periodic reviews made by the rules, for the tests that need one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from records.clock import now
from tests.people import Person
from tests.validation.desk import Desk, sign
from validation.models import PeriodicReview
from validation.periodic_reviews import Conclusion, begin_review, save_review

FOLLOW_UP = "Read the access register every quarter."


def next_year() -> dt.date:
    return now().date() + dt.timedelta(days=365)


def fresh(review: PeriodicReview) -> PeriodicReview:
    return PeriodicReview.objects.get(pk=review.pk)


def conclude_all(review: PeriodicReview, person: Person, *, leave: str = "", **facts: Any) -> PeriodicReview:
    """Write a conclusion for every topic but one."""
    conclusions = {
        row.topic: Conclusion(f"Looked through: {row.title}.", FOLLOW_UP if row.topic == "access" else "")
        for row in review.items.all()
        if row.topic != leave
    }
    given: dict[str, Any] = {
        "summary": "Fit for its use.",
        "next_review_on": next_year(),
        "conclusions": conclusions,
    } | facts
    return save_review(review, actor=person.actor(), revision=fresh(review).revision, **given)


def signed_review(desk: Desk, second_qa: Person) -> PeriodicReview:
    """Begin, conclude and sign a review: the owner, then another person for quality."""
    review = begin_review(desk.system, actor=desk.engineer.actor())
    conclude_all(review, desk.engineer)
    sign(review, "approve", desk.qa)
    sign(review, "approve", second_qa)
    return fresh(review)
