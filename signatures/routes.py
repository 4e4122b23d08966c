"""Signing routes: which roles, with which meanings, in what order, and who may not be the same.

Pure. Serves: 21 CFR 11.10(f)(g), 11.50(a)(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MEANINGS = {
    "authorship": "Authorship",
    "review": "Reviewed",
    "approval": "Approved",
    "responsibility": "Responsibility",
    "verification": "Verified by a second person",
    "execution": "Executed",
    "rejection": "Rejected",
    "release": "Released",
    "qp_certification": "QP certification",
    "acknowledgement": "Acknowledged",
    "disagreement": "Disagreement",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One place in a route: the roles that may take it and the meaning it signs with."""

    name: str
    roles: tuple[str, ...]
    meaning: str
    label: str


@dataclass(frozen=True, slots=True)
class Route:
    """The seats of a route in their order.

    ``decline_meaning`` is what a refusal to sign means. ``apart_from`` names earlier
    actions on the record whose signers may take no seat here; ``actors_excluded`` bars
    whoever did any act on the record (the independent review of the audit trail).
    ``on_demand`` marks what a person may sign at any time and what waits for nobody, such
    as retiring a model: it stands in no list of work.
    """

    name: str
    seats: tuple[Seat, ...]
    decline_meaning: str = "rejection"
    decline_target: str = ""
    apart_from: tuple[str, ...] = ()
    author_excluded: bool = True
    actors_excluded: bool = False
    reason_required: bool = False
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class TakenSeat:
    """A seat already signed: by whom."""

    seat: str
    signer_id: int


def next_seat(route: Route, taken: Sequence[TakenSeat]) -> Seat | None:
    """Return the first seat of the route that nobody has signed yet; None when complete."""
    done = {row.seat for row in taken}
    return next((seat for seat in route.seats if seat.name not in done), None)
