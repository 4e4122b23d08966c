"""Reads of ceremonies and signatures: the policy's facts, and what pages show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.db.models import QuerySet

from records.acts import acts_in
from records.evidence import Actor
from records.models import ControlledRecord, Event, Version
from records.workflow import Transition, all_workflows, workflow_of
from signatures.errors import CeremonyOfAnotherPerson, SignatureUnknown
from signatures.models import Ceremony, Signature
from signatures.policy import Decline, EarlierSignature, SigningFacts
from signatures.routes import Route, TakenSeat, next_seat

MECHANICAL_ACTS = frozenset({"records.version.frozen"})
"""Acts that the ceremony itself does in the signer's name; they are no work on the record."""


def route_of(transition: Transition) -> Route | None:
    """Return the signing route of a transition; floor 1 keeps it as an opaque value."""
    route: Route | None = transition.route
    return route


def signing_facts(
    record: ControlledRecord, transition: Transition, version: Version | None, *, actor: Actor
) -> SigningFacts:
    """Return what the policy needs to know of this signer and this version of the record."""
    route = route_of(transition)
    return SigningFacts(
        number=record.number,
        version=version.number if version else 1,
        action=transition.label,
        signer_id=actor.user_id or 0,
        roles=actor.roles,
        author_id=record.author_id,
        taken=taken_seats(version, transition.action),
        earlier=earlier_signatures(record, transition, version),
        has_acted=bool(route and route.actors_excluded) and has_acted_on(record, actor),
        decline=decline_of(version),
    )


def taken_seats(version: Version | None, action: str) -> tuple[TakenSeat, ...]:
    """Return the seats of an action that are signed on a version, oldest first."""
    if version is None:
        return ()
    rows = Signature.objects.filter(version=version, action=action, is_decline=False).order_by("id")
    return tuple(TakenSeat(seat, signer_id) for seat, signer_id in rows.values_list("seat", "signer_id"))


def earlier_signatures(
    record: ControlledRecord, transition: Transition, version: Version | None
) -> tuple[EarlierSignature, ...]:
    """Return the signatures on any version of the record for other actions than this one."""
    by_action = workflow_of(record).by_action
    rows = Signature.objects.filter(record_id=record.pk, is_decline=False).exclude(action=transition.action)
    return tuple(
        EarlierSignature(action, by_action[action].label if action in by_action else action, signer_id)
        for action, signer_id in rows.order_by("id").values_list("action", "signer_id")
    )


def has_acted_on(record: ControlledRecord, actor: Actor) -> bool:
    """Tell whether an event shows the person changing the record.

    Moves that a signature made are left out: a route names those in ``apart_from``, and
    whoever returned a record by a decline may look at it again.
    """
    worked = Event.objects.filter(
        record_id=record.pk, actor_id=actor.user_id, act__in=set(acts_in("change")) - MECHANICAL_ACTS
    )
    return worked.exclude(details__has_key="signatures").exists()


def decline_of(version: Version | None) -> Decline | None:
    """Return the signature that declined a version, or None."""
    if version is None:
        return None
    found = Signature.objects.filter(version=version, is_decline=True).order_by("-id").first()
    return Decline(found.printed_name, found.number) if found else None


def read_ceremony(ceremony_id: uuid.UUID) -> Ceremony:
    """Return a ceremony with all that its page and its rules read. Raises: `CeremonyOfAnotherPerson`."""
    found = Ceremony.objects.select_related("record", "version", "signer", "series").filter(pk=ceremony_id).first()
    if found is None:
        raise CeremonyOfAnotherPerson
    return found


def signature_of(ceremony: Ceremony) -> Signature | None:
    """Return the signature that a ceremony led to, if it did."""
    return Signature.objects.filter(ceremony_id=ceremony.pk).first()


def read_signature(number: str) -> Signature:
    """Return a signature by its number with its version, record and certificate. Raises: `SignatureUnknown`."""
    found = (
        Signature.objects.select_related("version", "record", "certificate", "ceremony", "signer")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise SignatureUnknown
    return found


def signatures_on(record: ControlledRecord) -> QuerySet[Signature]:
    """Return all signatures of a record, oldest first."""
    return Signature.objects.filter(record_id=record.pk).select_related("version", "certificate").order_by("id")


def signatures_of_round(version: Version, action: str) -> list[Signature]:
    """Return the signatures that one route collected on a version, in their order."""
    return list(
        Signature.objects.filter(version=version, action=action)
        .select_related("version", "certificate", "record")
        .order_by("id")
    )


def is_round_complete(signature: Signature) -> bool:
    """Tell whether the signature ended its round: the route is complete, or it declined."""
    transition = workflow_of(signature.record).by_action.get(signature.action)
    route = route_of(transition) if transition else None
    if route is None:
        return False
    rows = signatures_of_round(signature.version, signature.action)
    return (
        any(row.is_decline for row in rows)
        or next_seat(route, [TakenSeat(row.seat, row.signer_id) for row in rows]) is None
    )


def last_signed_version(record: ControlledRecord, *, signer_id: int, before: Version) -> Signature | None:
    """Return the signer's last signature on an earlier version of the record."""
    return (
        Signature.objects.filter(record_id=record.pk, signer_id=signer_id, version__number__lt=before.number)
        .select_related("version")
        .order_by("-id")
        .first()
    )


def candidates_to_sign(actor: Actor) -> Iterator[tuple[ControlledRecord, Transition]]:
    """Yield records and actions whose state and seats' roles could make them the actor's to sign, oldest first.

    What is signed on demand only waits for nobody.
    """
    for workflow in all_workflows():
        for transition in workflow.transitions:
            route = route_of(transition)
            if (
                route is None
                or route.on_demand
                or not any(actor.roles.intersection(seat.roles) for seat in route.seats)
            ):
                continue
            rows = ControlledRecord.objects.filter(kind=workflow.kind, state__in=transition.sources)
            for record in rows.order_by("id"):
                yield record, transition
