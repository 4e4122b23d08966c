"""What waits for a person, as the home page shows it: one list per kind of work.

Reads only; each list is made by the floor or process that owns the work.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from qms.batches import review_queries
from qms.batches.access import batches_for
from qms.validating.comment_pages import address_of
from records.clock import now
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.subjects import subject_of
from signatures.worklist import tasks_to_sign
from validation.comment_threads import waiting_for
from validation.periodic_reviews import PREPARERS, overdue_systems
from validation.queries import READERS

logger = logging.getLogger(__name__)

OVERDUE_DAYS = 3
"""After so many days without an act, open work counts as overdue."""


STARTS = (
    ("operator", "Create a batch record", "batches:batch-new"),
    ("data_scientist", "Register a model version", "releases:model-new"),
    ("administrator", "See the people", "accounts:person-list"),
    ("security_officer", "See the people", "accounts:person-list"),
)
ANYWHERE = ("See the batches", "batches:batch-list")
"""Where each role begins what will come to these lists; who begins nothing reads what there is."""

SETTLE, ANSWER = gettext_noop("Settle your review comments"), gettext_noop("Answer the review comments")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: the record, what to do with it, where, and since when it waits."""

    record: ControlledRecord
    what: str
    url: str
    since: dt.datetime


@dataclass(slots=True)
class Worklist:
    """One card of the home page; ``is_broken`` when it could not be read."""

    title: str
    empty: str
    tasks: list[Task] = field(default_factory=list)
    is_broken: bool = False

    @property
    def oldest(self) -> dt.datetime | None:
        """Return since when the oldest task waits."""
        return min((task.since for task in self.tasks), default=None)


Source = Callable[[Actor], Iterator[Task]]


def worklists_of(actor: Actor) -> list[Worklist]:
    """Return the cards of a person's home page; one that fails leaves the others."""
    overdue = gettext("Nothing is overdue. Work without an act for {days} days appears here.").format(days=OVERDUE_DAYS)
    cards: tuple[tuple[str, str, Source], ...] = (
        ("To sign", "Nothing to sign. You will see tasks here when a record reaches you.", find_signing),
        ("To review", "Nothing to review. Lots of your products appear here when they are ready for you.", find_review),
        ("Returned to me", "Nothing was returned to you.", find_returned),
        ("Overdue", overdue, find_overdue),
    )
    return [read_card(title, empty, source, actor) for title, empty, source in cards]


def find_start(actor: Actor) -> tuple[str, str]:
    """Return where a person goes whose list is empty: its label and address."""
    label, page = next(((label, page) for role, label, page in STARTS if actor.holds(role)), ANYWHERE)
    return label, reverse(page)


def read_card(title: str, empty: str, source: Source, actor: Actor) -> Worklist:
    """Return one card; a database error leaves it marked as broken."""
    card = Worklist(title, empty)
    try:
        with transaction.atomic():
            card.tasks = sorted(source(actor), key=lambda task: task.since)
    except DatabaseError:
        logger.exception("the card %s could not be read", title)
        card.is_broken = True
    return card


def waiting_since(record: ControlledRecord) -> dt.datetime:
    """Return when the record's last act was."""
    last = record.events.order_by("-id").values_list("at", flat=True).first()
    return last or record.created_at


def find_signing(actor: Actor) -> Iterator[Task]:
    """Yield what waits for the person's signature, one line per record and decision."""
    for item in tasks_to_sign(actor):
        page = item.page or subject_of(item.record.kind).url_name
        what = "Decide the disposition" if page == "batches:disposition" else item.transition.label
        where = reverse(page, args=[item.record.number]) if page else reverse("signing:list")
        yield Task(item.record, what, where, waiting_since(item.record))


def find_review(actor: Actor) -> Iterator[Task]:
    """Yield batches that wait for the person's work, and documents on which their comments were answered."""
    work = {"open": "Import the images", "ready": "Start the inspection"}
    if actor.holds("operator"):
        for batch in batches_for(actor.user_id).filter(state__in=work).order_by("pk"):
            where = reverse("batches:batch-detail", args=[batch.number])
            yield Task(batch, work[batch.state], where, waiting_since(batch))
    sources = (review_queries.batches_to_review, review_queries.batches_to_decide, review_queries.overrides_to_verify)
    for source in sources:
        yield from tasks_of(source(actor))
    yield from find_comments(actor, of_writer=True)


def find_returned(actor: Actor) -> Iterator[Task]:
    """Yield batches that were sent back, and documents with comments to answer."""
    yield from tasks_of(review_queries.batches_returned(actor))
    yield from find_comments(actor, of_writer=False)


def find_comments(actor: Actor, *, of_writer: bool) -> Iterator[Task]:
    """Yield documents with review comments on which it is the person's turn, once each, oldest first.

    ``of_writer`` asks for those that the person wrote and somebody answered; else those on the person's own document.
    """
    seen: set[int] = set()
    for thread in waiting_for(actor) if any(actor.holds(role) for role in READERS) else ():
        record = thread.comment.record
        if thread.is_writers_turn == of_writer and record.pk not in seen:
            seen.add(record.pk)
            what = SETTLE if of_writer else ANSWER
            yield Task(record, what, address_of(thread), thread.waits_since)


def tasks_of(waiting: list[review_queries.Waiting]) -> Iterator[Task]:
    """Yield the batches' own list as tasks."""
    for row in waiting:
        yield Task(row.record, row.what, row.url, row.since)


def find_overdue_reviews(actor: Actor) -> Iterator[Task]:
    """Yield the systems whose periodic review is overdue, for who prepares it and who answers for the system."""
    may_prepare = any(actor.holds(role) for role in PREPARERS)
    may_read = any(actor.holds(role) for role in READERS)
    for system in overdue_systems() if may_read else ():
        day = system.next_review_on
        if day and (may_prepare or actor.user_id in (system.owner_id, system.process_owner_id)):
            where = reverse("validating:system-detail", args=[system.number])
            yield Task(system, "Periodic review overdue", where, dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC))


def find_overdue(actor: Actor) -> Iterator[Task]:
    """Yield the person's open work on which nothing happened for days."""
    yield from find_overdue_reviews(actor)
    limit = now() - dt.timedelta(days=OVERDUE_DAYS)
    seen: set[tuple[int, str]] = set()
    for source in (find_signing, find_review):
        for task in source(actor):
            key = (task.record.pk, task.what)
            if task.since < limit and key not in seen:
                seen.add(key)
                yield task
