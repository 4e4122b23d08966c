"""Keys of test tools: made by who executes a run, shown once, kept as a hash, ended by time or by hand.

A key is good for delivering results into its run and for nothing else; it never signs.
Serves: 21 CFR 11.10(d)(g), 11.300(c)(d).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from django.db import transaction

from records.acting import acting, record_event
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.models import Event
from records.workflow import lock_record, take_role
from signatures.alerts import raise_alert
from validation.errors_keys import (
    KeyEnded,
    KeyLifeUnusual,
    KeyMissing,
    KeyNameMissing,
    KeyOfAnotherRun,
    KeyTooBusy,
    KeyUnknown,
)
from validation.errors_records import RecordUnknown
from validation.executions import lock_running
from validation.models import Execution, ResultKey
from validation.queries import READERS
from validation.workflow import ENGINEERS, QA

PREFIX = "cskey_"
LONGEST_HOURS = 720
SECRET_LENGTH = 200
WINDOW = dt.timedelta(minutes=10)
TRIES_OF_AN_ADDRESS = 20
DELIVERIES_OF_A_KEY = 60
TRIES = ("validation.key.unknown", "validation.key.misused")
DELIVERIES = ("validation.results.delivered", "validation.results.refused")


@dataclass(frozen=True, slots=True, repr=False)
class MadeKey:
    """A key and the only copy of its secret: shown once, kept nowhere."""

    key: ResultKey
    secret: str


def make_result_key(execution: Execution, *, actor: Actor, name: str, hours: int) -> MadeKey:
    """Make a key for a run that the actor executes.

    Writes: validation_resultkey, `validation.key.made`. Raises: `KeyNameMissing`, `KeyLifeUnusual`,
    `RecordNotEditable`, `NotTheExecutor`. Serves: 21 CFR 11.10(g).
    """
    actor = take_role(actor, ENGINEERS)
    if not name.strip():
        raise KeyNameMissing
    if not 1 <= hours <= LONGEST_HOURS:
        raise KeyLifeUnusual(most=LONGEST_HOURS)
    secret, until = PREFIX + secrets.token_urlsafe(32), now() + dt.timedelta(hours=hours)
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        details = {"key": name.strip(), "until": f"{until:%Y-%m-%d %H:%M} UTC"}
        with acting(actor, "validation.key.made", locked, details=details):
            made = ResultKey.objects.create(
                execution=locked,
                name=name.strip(),
                secret_hash=hash_secret(secret),
                owner_id=actor.person_id,
                expires_at=until,
            )
    return MadeKey(made, secret)


def revoke_result_key(key: ResultKey, *, actor: Actor, reason: str) -> ResultKey:
    """End a key at once; any engineer or QA manager may.

    Writes: validation_resultkey, `validation.key.revoked`. Raises: `KeyEnded`, `ReasonMissing`.
    Serves: 21 CFR 11.300(c).
    """
    actor = take_role(actor, (*ENGINEERS, *QA))
    with transaction.atomic():
        record = lock_record(key.execution)
        locked = load_key(actor, key.pk)
        if locked.revoked_at is not None:
            raise KeyEnded(how=how_ended(locked))
        details = {"key": locked.name, "owner": locked.owner.printed_name}
        with acting(actor, "validation.key.revoked", record, reason=reason, details=details):
            locked.revoked_at, locked.revoked_by_id = now(), actor.person_id
            locked.save(update_fields=["revoked_at", "revoked_by"])
    return locked


def load_key(actor: Actor, pk: int) -> ResultKey:
    """Return a key for the readers of its run. Raises: `RecordUnknown`, `RoleNotAllowed`."""
    take_role(actor, READERS)
    found = ResultKey.objects.select_related("execution", "owner").filter(pk=pk).first()
    if found is None:
        raise RecordUnknown(kind="key", number=str(pk))
    return found


def recognise_key(secret: str, number: str, *, visitor: Actor) -> ResultKey:
    """Return the key of a secret if it is good for a run; leave an event and a counter where it is not.

    ``visitor`` is who asks, of whom only the address is known. An ended or strange key is told to the security
    contact. Writes: `validation.key.unknown` or `validation.key.misused`, each committed on its own. Raises:
    `KeyMissing`, `KeyTooBusy`, `KeyUnknown`, `KeyEnded`, `KeyOfAnotherRun`. Serves: 21 CFR 11.10(d), 11.300(d).
    """
    if not secret:
        raise as_recorded(KeyMissing())
    found = ResultKey.objects.select_related("execution", "owner").filter(secret_hash=hash_secret(secret)).first()
    if found is None:
        check_address(visitor)
        with transaction.atomic(durable=True):
            record_event(visitor, "validation.key.unknown", details={"wanted": number[:40]})
        raise as_recorded(KeyUnknown())
    refusal = KeyOfAnotherRun() if found.execution.number != number else ended(found)
    if refusal is None:
        return found
    check_address(visitor)
    details = {"key": found.name, "owner": found.owner.printed_name, "wanted": number[:40], "code": refusal.code}
    with transaction.atomic(durable=True):
        event = record_event(visitor, "validation.key.misused", found.execution, details=details)
        raise_alert("result_key_misused", event_id=event, actor=visitor, details=details)
    raise as_recorded(refusal)


def check_address(visitor: Actor) -> None:
    """Refuse an address that offered too many keys in vain; such a refusal leaves no further event.

    Raises: `KeyTooBusy`.
    """
    since = now() - WINDOW
    tries = Event.objects.filter(act__in=TRIES, address=visitor.address, at__gte=since).count()
    if tries >= TRIES_OF_AN_ADDRESS:
        raise as_recorded(KeyTooBusy(retry_after_seconds=int(WINDOW.total_seconds())))


def check_pace(key: ResultKey) -> None:
    """Refuse a key that delivers without pause. Raises: `KeyTooBusy`."""
    used = Event.objects.filter(
        act__in=DELIVERIES, record_id=key.execution_id, at__gte=now() - WINDOW, details__key_id=key.pk
    )
    if used.count() >= DELIVERIES_OF_A_KEY:
        raise as_recorded(KeyTooBusy(retry_after_seconds=int(WINDOW.total_seconds())))


def check_in_force(key: ResultKey) -> None:
    """Refuse a key that ended, as it stands in the database now. Raises: `KeyEnded`."""
    refusal = ended(ResultKey.objects.get(pk=key.pk))
    if refusal is not None:
        raise refusal


def ended(key: ResultKey) -> KeyEnded | None:
    """Return the refusal of a key that ended, or None while it is in force."""
    how = how_ended(key)
    return KeyEnded(how=how) if how else None


def how_ended(key: ResultKey) -> str:
    """Return how a key ended, in words; nothing while it is in force."""
    if key.revoked_at is not None:
        return f"was revoked on {key.revoked_at:%Y-%m-%d at %H:%M} UTC"
    return f"expired on {key.expires_at:%Y-%m-%d at %H:%M} UTC" if key.expires_at <= now() else ""


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret: it has 256 random bits, so a plain digest tells nothing of it."""
    return hashlib.sha256(secret[:SECRET_LENGTH].encode("utf-8", "replace")).hexdigest()


def as_recorded(refusal: Refusal) -> Refusal:
    """Mark a refusal whose event, if it has one, is committed already."""
    refusal.is_recorded = True
    return refusal
