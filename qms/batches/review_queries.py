"""What waits for a person on batches, for their home page: record, what to do, since when.

Plain functions, oldest first; each looks only at batches of the person's products.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max, Q
from django.urls import reverse

from qms.batches.access import batches_for
from qms.batches.decisions import DECIDERS
from qms.batches.models import BatchRecord
from qms.batches.review_units import list_units
from qms.batches.second_person import VERIFIERS
from records.evidence import Actor

LIMIT = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person. ``count`` is of units where units wait, else 1."""

    record: BatchRecord
    what: str
    since: dt.datetime
    url: str
    count: int = 1


def batches_to_review(actor: Actor) -> list[Waiting]:
    """Return the batches with units to review, for those who decide units."""
    if not any(actor.holds(role) for role in DECIDERS):
        return []
    return [
        Waiting(batch, f"{to_do} unit{'' if to_do == 1 else 's'} to review", since, review_url(batch), to_do)
        for batch, since, to_do, _ in counted_batches(actor)
        if to_do
    ]


def batches_to_decide(actor: Actor) -> list[Waiting]:
    """Return the reviewed batches whose sample, count and signature are still to be done."""
    if not any(actor.holds(role) for role in DECIDERS):
        return []
    return [
        Waiting(batch, "All units reviewed: decide the batch", since, answers_url(batch))
        for batch, since, to_do, waiting in counted_batches(actor)
        if not to_do and not waiting
    ]


def overrides_to_verify(actor: Actor) -> list[Waiting]:
    """Return the batches with overrides of other people that this person may verify."""
    if not any(actor.holds(role) for role in VERIFIERS):
        return []
    found = []
    for batch, since in batches_in("in_review", actor):
        mine = [unit for unit in list_units(batch) if unit.state.is_waiting and unit.state.top is not None]
        others = sum(unit.state.top.entry.by != actor.user_id for unit in mine if unit.state.top is not None)
        if others:
            what = f"{others} decision{'' if others == 1 else 's'} to verify"
            found.append(Waiting(batch, what, since, f"{review_url(batch)}?show=waiting", others))
    return found


def batches_returned(actor: Actor) -> list[Waiting]:
    """Return the batches in review that came back from a later step."""
    if not any(actor.holds(role) for role in DECIDERS):
        return []
    rows = batches_for(actor.user_id).filter(state="in_review", dispositions__action="return_to_review").distinct()
    return [
        Waiting(batch, f"Returned: {row.reason}", row.decided_at, answers_url(batch))
        for batch in rows.order_by("id")[:LIMIT]
        if (row := batch.dispositions.order_by("-id").first()) is not None
    ]


def counted_batches(actor: Actor) -> Iterator[tuple[BatchRecord, dt.datetime, int, int]]:
    """Yield each batch in review with its open and waiting units."""
    for batch, since in batches_in("in_review", actor):
        units = list_units(batch)
        yield batch, since, sum(unit.is_open for unit in units), sum(unit.state.is_waiting for unit in units)


def batches_in(state: str, actor: Actor) -> list[tuple[BatchRecord, dt.datetime]]:
    """Return the batches of a state with the time of their last move, oldest first."""
    moved = Max("events__at", filter=Q(events__details__has_key="target"))
    rows = batches_for(actor.user_id).filter(state=state).annotate(moved_at=moved).order_by("id")[:LIMIT]
    return [(batch, batch.moved_at or batch.created_at) for batch in rows]


def review_url(batch: BatchRecord) -> str:
    """Return the address of a batch's grid."""
    return reverse("batches:review", args=[batch.number])


def answers_url(batch: BatchRecord) -> str:
    """Return the address of a batch's check-answers page."""
    return reverse("batches:check-answers", args=[batch.number])
