"""Who may take which seat of a signing route: the separation of duties.

Pure: facts in, a seat or a named refusal out. Serves: 21 CFR 11.10(f)(g).
"""

from __future__ import annotations

from dataclasses import dataclass

from signatures.errors import (
    RouteComplete,
    SeatNeedsRole,
    SignerActedOnRecord,
    SignerHoldsSeat,
    SignerIsAuthor,
    SignerSignedEarlier,
    VersionWasDeclined,
)
from signatures.routes import Route, Seat, TakenSeat, next_seat


@dataclass(frozen=True, slots=True)
class EarlierSignature:
    """A signature at another step of the record, in words and by whom."""

    action: str
    label: str
    signer_id: int


@dataclass(frozen=True, slots=True)
class Decline:
    """The signature that declined the version: by whom and its number."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class SigningFacts:
    """All that the policy needs to know of a signer, a version and its record.

    ``taken`` are the seats of this route already signed on this version; ``earlier`` all
    other signatures on the record; ``has_acted`` tells whether an event shows the signer
    at work on the record.
    """

    number: str
    version: int
    action: str
    signer_id: int
    roles: frozenset[str]
    author_id: int
    taken: tuple[TakenSeat, ...] = ()
    earlier: tuple[EarlierSignature, ...] = ()
    has_acted: bool = False
    decline: Decline | None = None


def choose_seat(route: Route, facts: SigningFacts) -> Seat:
    """Return the seat that the signer may take now, or refuse.

    Raises: `RouteComplete`, `VersionWasDeclined`, `SeatNeedsRole`, `SignerIsAuthor`,
    `SignerHoldsSeat`, `SignerSignedEarlier`, `SignerActedOnRecord`.
    Serves: 21 CFR 11.10(f)(g).
    """
    if facts.decline is not None:
        raise VersionWasDeclined(
            name=facts.decline.name, signature=facts.decline.number, version=facts.version, number=facts.number
        )
    seat = next_seat(route, facts.taken)
    if seat is None:
        raise RouteComplete(version=facts.version, number=facts.number, action=facts.action)
    check_apartness(route, facts)
    if not facts.roles.intersection(seat.roles):
        raise SeatNeedsRole(seat=seat.label, roles=" or ".join(role.replace("_", " ") for role in seat.roles))
    return seat


def check_apartness(route: Route, facts: SigningFacts) -> None:
    """Refuse a signer whom an earlier part in the record bars from this route."""
    if route.author_excluded and facts.author_id == facts.signer_id:
        raise SignerIsAuthor(number=facts.number)
    if any(row.signer_id == facts.signer_id for row in facts.taken):
        raise SignerHoldsSeat(number=facts.number, version=facts.version)
    for row in facts.earlier:
        if row.signer_id == facts.signer_id and row.action in route.apart_from:
            raise SignerSignedEarlier(number=facts.number, earlier=row.label)
    if route.actors_excluded and facts.has_acted:
        raise SignerActedOnRecord(number=facts.number)


def role_for(seat: Seat, roles: frozenset[str]) -> str:
    """Return the first of the seat's roles that the signer holds."""
    return next(role for role in seat.roles if role in roles)


def is_complete(route: Route, taken: tuple[TakenSeat, ...]) -> bool:
    """Tell whether every seat of the route is signed."""
    return next_seat(route, taken) is None
