"""What waits for a person's signature: the list behind "To sign" and "Next in my list".

Asks state, role, guards and policy without writing anything; opening a ceremony asks all
of it again. Serves: 21 CFR 11.10(f)(g).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord, Version
from records.versions import is_current
from records.workflow import Transition, check_transition
from signatures.policy import choose_seat
from signatures.queries import candidates_to_sign, decline_of, route_of, signing_facts, taken_seats
from signatures.routes import Seat
from signatures.subjects import subject_of

LIMIT = 100


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One signature that the person could give now."""

    record: ControlledRecord
    transition: Transition
    seat: Seat

    @property
    def key(self) -> str:
        """Return what a form sends for this line."""
        return f"{self.record.number}:{self.transition.action}"

    @property
    def action(self) -> str:
        """Return the action that the signature is for."""
        return self.transition.action

    @property
    def page(self) -> str:
        """Return the address name of the page where a person weighs the action first, or nothing."""
        return subject_of(self.record.kind).pages.get(self.action, "")


def records_to_sign(actor: Actor, *, limit: int = LIMIT) -> list[WorkItem]:
    """Return what waits for the actor's signature, oldest first; one line per record and action."""
    return list(islice(find_work(actor), limit))


def tasks_to_sign(actor: Actor) -> Iterator[WorkItem]:
    """Yield what waits for the actor's signature, once per decision: its alternatives are one task."""
    seen: set[tuple[int, str]] = set()
    for item in find_work(actor):
        decision = (item.record.pk, item.page or item.action)
        if decision not in seen:
            seen.add(decision)
            yield item


def find_work(actor: Actor) -> Iterator[WorkItem]:
    """Yield the signatures that wait for the actor now, among the records they may see."""
    if actor.is_system:
        return
    seen: dict[str, set[int]] = {}
    for record, transition in candidates_to_sign(actor):
        if record.kind not in seen:
            seen[record.kind] = set(subject_of(record.kind).visible(actor).values_list("pk", flat=True))
        if record.pk not in seen[record.kind]:
            continue
        seat = seat_for(record.concrete(), transition, actor=actor)
        if seat is not None:
            yield WorkItem(record, transition, seat)


def seat_for(record: ControlledRecord, transition: Transition, *, actor: Actor) -> Seat | None:
    """Return the seat that the actor could take on the record as it stands, or None."""
    route = route_of(transition)
    if route is None:
        return None
    try:
        check_transition(record, transition.action, actor=actor)
        version = version_to_sign(record, transition)
        return choose_seat(route, signing_facts(record, transition, version, actor=actor))
    except Refusal:
        return None


def version_to_sign(record: ControlledRecord, transition: Transition) -> Version | None:
    """Return the last version if it is what would be signed now; None if a new one would be frozen.

    The content is only computed where signatures on the last version make a difference.
    """
    last = record.versions.order_by("-number").first()
    if last is None or not (taken_seats(last, transition.action) or decline_of(last)):
        return None
    return last if is_current(last, record) else None
