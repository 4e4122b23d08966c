"""Periodic reviews: the pack gathers itself, people conclude topic by topic, the signed review sets the next day.

Serves: EU GMP Annex 11 §11.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from records.acting import acting, check_reason
from records.clock import now
from records.creation import create_record
from records.editing import stale_revision
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role
from validation.errors_reviews import ReviewExists, SystemRetired
from validation.models import PeriodicReview, ReviewItem, System
from validation.requirements import raise_revision
from validation.review_topics import Period, all_topics
from validation.workflow import ENGINEERS, QA

PREPARERS = (*ENGINEERS, *QA)
DRAFT, APPROVED, RETIRED = "draft", "approved", "retired"
NOTHING = "Nothing in this time."


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was concluded about a topic, and what has to follow."""

    conclusion: str
    follow_up: str = ""


def begin_review(system: System, *, actor: Actor) -> PeriodicReview:
    """Begin the periodic review of a system with its pack, from the end of the last one to now.

    Writes: validation_periodicreview, validation_reviewitem, `validation.review.begun`,
    `validation.review.gathered`. Raises: `ReviewExists`, `SystemRetired`.
    """
    actor = take_role(actor, PREPARERS)
    with transaction.atomic():
        locked = System.objects.get(pk=lock_record(system).pk)
        if locked.state == RETIRED:
            raise SystemRetired(system=locked.number)
        running = PeriodicReview.objects.filter(system=locked, state=DRAFT).first()
        if running is not None:
            raise ReviewExists(number=running.number)
        last = PeriodicReview.objects.filter(system=locked, state=APPROVED).order_by("-pk").first()
        made = create_record(
            PeriodicReview,
            actor=actor,
            title=f"Periodic review: {locked.title}"[:200],
            act="validation.review.begun",
            system=locked,
            since=last.until if last else locked.created_at,
            until=now(),
        )
        return gather_pack(made, actor=actor)


def refresh_review(review: PeriodicReview, *, actor: Actor) -> PeriodicReview:
    """Gather the pack anew up to now; a conclusion on facts that changed has to be drawn again.

    Writes: validation_periodicreview, validation_reviewitem, `validation.review.gathered`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, PREPARERS)
    with transaction.atomic():
        return gather_pack(lock_draft(review), actor=actor)


def gather_pack(review: PeriodicReview, *, actor: Actor) -> PeriodicReview:
    """Write the facts of every topic; the review is locked. Writes as `refresh_review`."""
    until = now()
    period = Period(review.since, until)
    found = [(topic, list(topic.gather(review.system, period)) or [NOTHING]) for topic in all_topics()]
    present = {row.topic: row for row in review.items.all()}
    with acting(actor, "validation.review.gathered", review, details={"until": f"{until:%Y-%m-%d %H:%M} UTC"}):
        review.until = until
        review.save(update_fields=["until"])
        for topic, facts in found:
            row = present.get(topic.key) or ReviewItem(review=review, topic=topic.key)
            row.position, row.title, row.question, row.facts = topic.position, topic.title, topic.question, facts
            row.save()
        raise_revision(review)
    return review


def save_review(
    review: PeriodicReview,
    *,
    actor: Actor,
    revision: int,
    summary: str,
    next_review_on: dt.date | None,
    conclusions: Mapping[str, Conclusion],
) -> PeriodicReview:
    """Save what was concluded, topic by topic; what was left empty stays open.

    Writes: validation_periodicreview, validation_reviewitem, `validation.review.concluded`. Raises:
    `RecordNotEditable`, `StaleRevision` with the differences, `ReasonMissing`, `ReasonMeaningless`.
    """
    actor = take_role(actor, PREPARERS)
    for given in conclusions.values():
        if given.conclusion.strip():
            check_reason(given.conclusion)
    with transaction.atomic():
        locked = lock_draft(review)
        if locked.revision != revision:
            raise stale_revision(locked, {"summary": summary, "next_review_on": next_review_on})
        changed = [row for row in locked.items.order_by("position") if conclude(row, conclusions.get(row.topic))]
        details = {"topics": ", ".join(row.title.lower() for row in changed) or "summary and next day"}
        with acting(actor, "validation.review.concluded", locked, details=details):
            locked.summary, locked.next_review_on = summary, next_review_on
            locked.save(update_fields=["summary", "next_review_on"])
            for row in changed:
                row.save()
            raise_revision(locked)
    return locked


def conclude(row: ReviewItem, given: Conclusion | None) -> bool:
    """Take a conclusion into a topic's row; tell whether it differs. Writes nothing."""
    if given is None:
        return False
    digest = row.facts_digest if given.conclusion.strip() else ""
    was = (row.conclusion, row.follow_up, row.concluded_from)
    row.conclusion, row.follow_up, row.concluded_from = given.conclusion.strip(), given.follow_up.strip(), digest
    return (row.conclusion, row.follow_up, row.concluded_from) != was


def set_next_review(review: PeriodicReview, *, actor: Actor) -> None:
    """Let a signed review set its system's next day. Writes: validation_system, `validation.system.review_set`."""
    system = System.objects.get(pk=lock_record(review.system).pk)
    day = review.next_review_on
    details = {"review": review.number, "day": day.isoformat() if day else ""}
    with acting(actor, "validation.system.review_set", system, details=details):
        system.next_review_on = day
        system.save(update_fields=["next_review_on"])
        raise_revision(system)


def is_overdue(system: System) -> bool:
    """Tell whether the day of a system's next review has passed."""
    day = system.next_review_on
    return day is not None and day < now().date() and system.state != RETIRED


def overdue_systems() -> QuerySet[System]:
    """Return the systems whose next review has passed its day, the longest waiting first."""
    found = System.objects.filter(next_review_on__lt=now().date()).exclude(state=RETIRED)
    return found.order_by("next_review_on", "pk")


def lock_draft(review: ControlledRecord) -> PeriodicReview:
    """Lock a review that may still be written to. Raises: `RecordNotEditable`."""
    lock_record(review)
    locked = PeriodicReview.objects.get(pk=review.pk)
    if locked.state != DRAFT:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
