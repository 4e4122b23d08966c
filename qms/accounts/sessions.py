"""Sessions of people: begun by both components, ended by idleness, age, the person or an officer.

A session opens pages; it never signs. Serves: 21 CFR 11.10(d), 11.300(d).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from django.conf import settings
from django.db import transaction

from qms.accounts.models import PersonSession, User
from qms.accounts.people import ADMINISTRATION, find_person, name_of
from qms.accounts.recovery import RECOVERY_CODES
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from signatures.authentication import ONE_TIME_CODES, Authentication, authenticate, refuse_unknown

IDLE, ABSOLUTE, UNKNOWN = "idle", "absolute", "unknown"
TOUCH_EVERY = dt.timedelta(seconds=5)
"""How exactly the last activity is kept; a write per request would cost more than it tells."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who gave both components, and the proof."""

    person: User
    proof: Authentication


def sign_in(username: str, *, password: str, code: str, actor: Actor, with_recovery_code: bool = False) -> SignedIn:
    """Check user name, password and second component of somebody who wants in.

    Writes: as `authenticate`. Raises: `CredentialsRefused`, `AccountLocked`,
    `CodeAlreadyUsed`; for an unknown name the same. Serves: 21 CFR 11.10(d), 11.300(d).
    """
    person = find_person(username)
    if person is None:
        _refuse(username, password=password, actor=actor)
    factor = RECOVERY_CODES if with_recovery_code else ONE_TIME_CODES
    proof = authenticate(person, password=password, code=code, purpose="signing in", actor=actor, factor=factor)
    return SignedIn(person, proof)


def _refuse(username: str, *, password: str, actor: Actor) -> NoReturn:
    refuse_unknown(username, password=password, actor=actor)
    raise AssertionError("refuse_unknown always refuses")


def start_facts(signed_in: SignedIn, *, address: str, browser: str) -> dict[str, str]:
    """Return what a new session keeps of its beginning."""
    at = now().isoformat()
    return {
        "started_at": at,
        "seen_at": at,
        "factor": signed_in.proof.factor,
        "address": address,
        "browser": browser[:200],
    }


def limit_passed(facts: Mapping[str, Any], *, at: dt.datetime) -> str | None:
    """Return which limit a session has passed, if any. Pure."""
    try:
        started, seen = (dt.datetime.fromisoformat(facts[name]) for name in ("started_at", "seen_at"))
    except (KeyError, ValueError, TypeError):
        return UNKNOWN  # no session of ours begins without them
    if at - started >= dt.timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS):
        return ABSOLUTE
    if at - seen >= dt.timedelta(seconds=settings.SESSION_IDLE_SECONDS):
        return IDLE
    return None


def is_touch_due(facts: Mapping[str, Any], *, at: dt.datetime) -> bool:
    """Tell whether the last activity should be written anew."""
    return at - dt.datetime.fromisoformat(facts["seen_at"]) >= TOUCH_EVERY


def sessions_of(person: User) -> list[PersonSession]:
    """Return a person's running sessions, newest first."""
    return list(PersonSession.objects.filter(user=person, expire_date__gt=now()).order_by("-started_at"))


def close_sessions(person: User, *, actor: Actor, keep: str = "") -> int:
    """End a person's sessions, by themselves or by an officer; return how many.

    Writes: accounts_personsession and one event. Raises: `RoleNotAllowed`. Serves: 21 CFR 11.300(c).
    """
    if actor.user_id != person.pk:
        actor = take_role(actor, ADMINISTRATION)
    with transaction.atomic():
        rows = PersonSession.objects.filter(user=person).exclude(session_key=keep)
        count = rows.count()
        with acting(actor, "accounts.session.closed", details={**name_of(person), "count": count}):
            rows.delete()
    return count
