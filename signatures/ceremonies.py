"""Opening a signing ceremony and closing it without a signature.

Owns the life of a ceremony up to the moment of signing (`signatures.signing`). It names
every reason against signing before a password is asked, and each refusal leaves an event
that is committed on its own. Serves: 21 CFR 11.10(f)(g), 11.200(a)(1).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from records.acting import acting, record_event
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor, system_actor
from records.models import ControlledRecord
from records.versions import freeze_version
from records.workflow import check_transition, lock_record, workflow_of
from signatures.alerts import raise_alert
from signatures.eligibility import check_eligibility
from signatures.errors import (
    ActionNeedsNoSignature,
    CeremonyClosed,
    CeremonyExpired,
    CeremonyInUse,
    CeremonyOfAnotherPerson,
    CeremonyOfAnotherSession,
    SignerIsNotAPerson,
    SigningNeedsSession,
)
from signatures.models import Ceremony, Series
from signatures.policy import choose_seat, role_for
from signatures.queries import read_ceremony, route_of, signing_facts
from signatures.routes import MEANINGS, Seat

CEREMONY_MINUTES = 10


def open_ceremony(record: ControlledRecord, action: str, *, actor: Actor, reason: str = "") -> Ceremony:
    """Open the signing of an action on a record by the actor, or return their open one.

    Freezes the record's version. Writes: signatures_ceremony, records_version and their
    events. Raises: the workflow's, the guards', the policy's and the eligibility's refusals,
    all before any credential is asked. Serves: 21 CFR 11.10(f)(g), 11.200(a)(1).
    """
    with recorded_refusal(actor, "signatures.ceremony.refused", record, action=label_of(record, action)):
        check_signer(actor)
        with transaction.atomic(durable=True):
            return open_locked(record, action, actor=actor, reason=reason)


def open_locked(
    record: ControlledRecord,
    action: str,
    *,
    actor: Actor,
    reason: str = "",
    place: tuple[Series, int] | None = None,
) -> Ceremony:
    """Lock the record, ask every rule, freeze the version and open the ceremony; a step of a higher act.

    ``place`` is the ceremony's place in a series, if it is part of one. Needs an open transaction.
    """
    locked = lock_record(record)
    transition, _ = check_transition(locked, action, actor=actor)
    route = route_of(transition)
    if route is None:
        raise ActionNeedsNoSignature(action=transition.label)
    check_eligibility(actor, record=locked)
    version = freeze_version(locked, actor=actor)
    seat = choose_seat(route, signing_facts(locked, transition, version, actor=actor))
    series, position = place or (None, None)
    wanted = Ceremony(
        record_id=locked.pk,
        version=version,
        action=action,
        seat=seat.name,
        meaning=seat.meaning,
        role=role_for(seat, actor.roles),
        signer_id=actor.user_id or 0,
        reason=reason,
        session=actor.session,
        expires_at=series.expires_at if series else now() + dt.timedelta(minutes=CEREMONY_MINUTES),
        series=series,
        position=position,
    )
    return _find_or_insert(wanted, locked, seat, actor=actor)


def _find_or_insert(wanted: Ceremony, record: ControlledRecord, seat: Seat, *, actor: Actor) -> Ceremony:
    """Return the actor's open ceremony for the same thing, or insert this one; close their others here."""
    rows = Ceremony.objects.select_for_update().filter(
        record_id=record.pk, action=wanted.action, signer_id=actor.user_id, state=Ceremony.State.OPEN
    )
    for found in rows.order_by("opened_at"):
        is_same = wanted.series_id is None and (found.version_id, found.seat, found.session) == (
            wanted.version_id,
            wanted.seat,
            wanted.session,
        )
        if is_same and found.expires_at > now():
            return found
        is_late = found.expires_at <= now()
        _close(found, record, Ceremony.State.EXPIRED if is_late else Ceremony.State.CANCELLED, actor=actor)
    details = {
        **ceremony_details(wanted, record),
        "meaning": MEANINGS[seat.meaning],
        "content_hash": wanted.version.content_hash,
    }
    with acting(actor.in_role(wanted.role), "signatures.ceremony.opened", record, details=details):
        wanted.save(force_insert=True)
    return wanted


def cancel_ceremony(ceremony: Ceremony, *, actor: Actor) -> Ceremony:
    """Close the actor's ceremony without a signature.

    Writes: signatures_ceremony and one event. Raises: `CeremonyOfAnotherPerson`,
    `CeremonyClosed`. Serves: 21 CFR 11.10(e).
    """
    check_owner(ceremony, actor=actor)
    return close_ceremony(ceremony, Ceremony.State.CANCELLED, actor=actor)


def close_ceremony(ceremony: Ceremony, state: Ceremony.State, *, actor: Actor) -> Ceremony:
    """Close an open ceremony without a signature. Writes: signatures_ceremony and one event."""
    with hold_ceremony(ceremony.pk), transaction.atomic(durable=True):
        record = lock_record(ceremony.record)
        locked = Ceremony.objects.select_for_update().get(pk=ceremony.pk)
        check_open(locked, record)
        return _close(locked, record, state, actor=actor)


def expire_ceremony(ceremony: Ceremony, *, actor: Actor) -> bool:
    """Close a ceremony whose time is over; tell whether it was this call that did.

    Writes: signatures_ceremony and one event.
    """
    with transaction.atomic(durable=True):
        record = lock_record(ceremony.record)
        locked = Ceremony.objects.select_for_update().get(pk=ceremony.pk)
        if locked.state != Ceremony.State.OPEN or locked.expires_at > now():
            return False
        _close(locked, record, Ceremony.State.EXPIRED, actor=actor)
    return True


def expire_ceremonies(*, limit: int = 200) -> int:
    """Close every ceremony whose time is over; return how many. Idempotent."""
    late = Ceremony.objects.select_related("record").filter(state=Ceremony.State.OPEN, expires_at__lte=now())
    actor = system_actor("signing")
    return sum(expire_ceremony(ceremony, actor=actor) for ceremony in late.order_by("expires_at")[:limit])


def void_ceremony(ceremony: Ceremony, *, actor: Actor, differences: str) -> None:
    """Close a ceremony whose record changed after it was shown. Writes: signatures_ceremony and one event."""
    with transaction.atomic(durable=True):
        record = lock_record(ceremony.record)
        locked = Ceremony.objects.select_for_update().get(pk=ceremony.pk)
        if locked.state == Ceremony.State.OPEN:
            _close(locked, record, Ceremony.State.VOID, actor=actor, details={"changed": differences})


CLOSING_ACTS = {
    Ceremony.State.CANCELLED: "signatures.ceremony.cancelled",
    Ceremony.State.EXPIRED: "signatures.ceremony.expired",
    Ceremony.State.VOID: "signatures.ceremony.voided",
}


def _close(
    ceremony: Ceremony,
    record: ControlledRecord,
    state: Ceremony.State,
    *,
    actor: Actor,
    details: Mapping[str, Any] | None = None,
) -> Ceremony:
    facts = {**ceremony_details(ceremony, record), **(details or {})}
    with acting(actor, CLOSING_ACTS[state], record, details=facts):
        ceremony.state = state
        ceremony.closed_at = now()
        ceremony.save(update_fields=["state", "closed_at"])
    return ceremony


def load_ceremony(ceremony_id: uuid.UUID, *, actor: Actor) -> Ceremony:
    """Return the actor's own ceremony; an attempt at another's raises the alarm.

    Raises: `CeremonyOfAnotherPerson`. Serves: 21 CFR 11.300(d).
    """
    ceremony = read_ceremony(ceremony_id)
    check_owner(ceremony, actor=actor)
    return ceremony


def check_owner(ceremony: Ceremony, *, actor: Actor, username: str = "") -> None:
    """Refuse anybody but the signer, and tell the security contact; the signer is not locked out.

    ``username`` is the identification code that came with the form, if one did.
    Writes: one event and an alert. Raises: `CeremonyOfAnotherPerson`. Serves: 21 CFR 11.300(d).
    """
    given = username.strip().casefold()
    if ceremony.signer_id == actor.user_id and given in ("", ceremony.signer.username):
        return
    details = {
        "signer": ceremony.signer.username,
        "given": given[:60],
        "ceremony": str(ceremony.pk),
        "number": ceremony.record.number,
    }
    with transaction.atomic(durable=True):
        event = record_event(actor, "signatures.ceremony.intruded", ceremony.record, details=details)
        raise_alert("signing_page_of_another", event_id=event, actor=actor, details=details)
    refusal = CeremonyOfAnotherPerson()
    refusal.is_recorded = True
    raise refusal


def check_session(ceremony: Ceremony, *, actor: Actor) -> None:
    """Refuse a signer who has signed in anew since the ceremony opened. Raises: `CeremonyOfAnotherSession`."""
    if not actor.session or ceremony.session != actor.session:
        raise CeremonyOfAnotherSession


def check_open(ceremony: Ceremony, record: ControlledRecord) -> None:
    """Refuse a ceremony that is closed or whose time is over. Raises: `CeremonyClosed`, `CeremonyExpired`."""
    if ceremony.state == Ceremony.State.EXPIRED or (
        ceremony.state == Ceremony.State.OPEN and ceremony.expires_at <= now()
    ):
        raise CeremonyExpired(number=record.number, minutes=CEREMONY_MINUTES)
    if ceremony.state != Ceremony.State.OPEN:
        raise CeremonyClosed(number=record.number, state=Ceremony.State(ceremony.state).label)


def check_signer(actor: Actor) -> None:
    """Refuse software and tokens. Raises: `SignerIsNotAPerson`, `SigningNeedsSession`."""
    if actor.is_system:
        raise SignerIsNotAPerson
    if not actor.session:
        raise SigningNeedsSession


@contextmanager
def hold_ceremony(ceremony_id: uuid.UUID) -> Iterator[None]:
    """Let one request at a time work on a ceremony, across its transactions; refuse the others at once.

    So a double submit neither signs twice nor counts its used code as a failure. The lock
    belongs to the connection: a process that dies gives it back. Raises: `CeremonyInUse`.
    """
    key = int.from_bytes(ceremony_id.bytes[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (key,))
        if not cursor.fetchone()[0]:
            raise CeremonyInUse
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (key,))
        except (InterfaceError, OperationalError):
            pass  # the connection is gone, and the lock with it


@contextmanager
def recorded_refusal(
    actor: Actor, act: str, record: ControlledRecord, *, action: str, details: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Write the event of a refusal that leaves the block, after its rollback and committed on its own."""
    try:
        yield
    except Refusal as refusal:
        if not refusal.is_recorded:
            facts = {"action": action, "code": refusal.code, **(details or {})}
            record_event(actor, act, record, details=facts)
            refusal.is_recorded = True
        raise


def label_of(record: ControlledRecord, action: str) -> str:
    """Return the words for an action, known or not."""
    known = workflow_of(record).by_action.get(action)
    return known.label if known else action


def ceremony_details(ceremony: Ceremony, record: ControlledRecord) -> dict[str, Any]:
    """Return what every event of a ceremony tells about it."""
    return {
        "ceremony": str(ceremony.pk),
        "action": label_of(record, ceremony.action),
        "version": ceremony.version.number,
        "seat": ceremony.seat,
    }
