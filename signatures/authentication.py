"""The one check of password and one-time code, used by signing in and by signing alike.

The order is fixed: password hash first, without locks → one durable transaction that locks
the person's `AuthenticationState`, decides, counts, writes the event → the refusal is raised
only after that commit, so that no failure is ever rolled back. Which of the two parts was
wrong is told to nobody. A session, a cookie or a token never counts here.
Serves: 21 CFR 11.200(a)(1), 11.300(d).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import django_otp
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.crypto import salted_hmac

from records.acting import acting, record_event
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord, Event
from signatures.alerts import raise_alert
from signatures.containers import OpenContainer, open_container
from signatures.errors_authentication import (
    AccountLocked,
    CertificateMissing,
    CodeAlreadyUsed,
    CredentialsRefused,
)
from signatures.models import AuthenticationState, Certificate
from signatures.signer import Signer

TRIES = 5
LOCK = dt.timedelta(minutes=15)
FORGET_AFTER = dt.timedelta(hours=24)
"""Refused tries older than this no longer count towards the lock."""
LOOK_BACK = 2
"""Steps in which a used code is recognised, so that a double click is not taken for an attack."""
DRIFT_REACH = 20

ONE_TIME_CODE = "one-time code"


class OneTimeCodeDevice(Protocol):
    """What is asked of a second factor; `qms.accounts` owns the model."""

    persistent_id: str
    test_due_at: dt.datetime
    step_seconds: int
    enrolled_at: dt.datetime

    def find_step(self, code: str, *, at: dt.datetime, reach: int = 0) -> int | None:
        """Return the step whose code this is."""

    def next_code_at(self, last_step: int | None) -> dt.datetime | None:
        """Return when the first unused code begins to count."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """Proof that a person gave both components at one moment, for one purpose. Holds no secret."""

    user_id: int
    purpose: str
    factor: str
    device: str
    at: dt.datetime
    event_id: int
    failures_before: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: for whom, by whom, for what. ``details`` go into its event."""

    user: Signer
    actor: Actor
    purpose: str
    at: dt.datetime
    record: ControlledRecord | None = None

    @property
    def details(self) -> dict[str, Any]:
        """Return what every event of the try tells."""
        return {"username": self.user.username, "purpose": self.purpose}


@dataclass(frozen=True, slots=True)
class Factor:
    """A kind of second component: its word, and the function that uses up one of it.

    ``use`` runs in the locked transaction and returns the evidence of what was used, or None.
    """

    word: str
    use: Callable[[Attempt, str], str | None]


def use_one_time_code(attempt: Attempt, code: str) -> str | None:
    """Use up a code of the person's confirmed device, through django-otp's locking check."""
    device = device_of(attempt.user)
    if device is None:
        return None
    accepted = django_otp.verify_token(attempt.user, device.persistent_id, code)
    return device.persistent_id if accepted is not None else None


ONE_TIME_CODES = Factor(ONE_TIME_CODE, use_one_time_code)


def authenticate(
    user: Signer,
    *,
    password: str,
    code: str,
    purpose: str,
    actor: Actor,
    factor: Factor = ONE_TIME_CODES,
    record: ControlledRecord | None = None,
) -> Authentication:
    """Check a person's password and second component, count and record the try, then answer.

    Must be called outside any transaction: it opens a durable one, so that the count and
    the event are on disk before a refusal is raised. Serves: 21 CFR 11.200(a)(1), 11.300(d).
    Writes: signatures_authenticationstate, one event, an alert when it locks.
    Raises: `CredentialsRefused`, `AccountLocked`, `CodeAlreadyUsed`.
    """
    attempt = Attempt(user, actor, purpose, now(), record)
    # While locked nothing is evaluated: a hash costs half a second, which a flood of tries would use up.
    is_password_right = not is_locked(user) and _is_password_right(user, password)
    with transaction.atomic(durable=True):
        state = lock_state(user)
        outcome = _decide(attempt, state, code=code, is_password_right=is_password_right, factor=factor)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def authenticate_signer(
    user: Signer,
    *,
    password: str,
    code: str,
    actor: Actor,
    record: ControlledRecord | None = None,
    factor: Factor = ONE_TIME_CODES,
) -> OpenContainer:
    """Authenticate a signer with both components, then open their signing key for this ceremony.

    Only one-time codes count, never recovery codes; within a continuous series, where the
    site allows it, the series stands for the code. Serves: 21 CFR 11.200(a).
    Raises: as `authenticate`, `CertificateMissing` and the container's refusals.
    """
    authenticate(user, password=password, code=code, purpose="signing", actor=actor, record=record, factor=factor)
    certificate = Certificate.objects.filter(owner_id=user.pk, revoked_at=None).first()
    if certificate is None:
        raise CertificateMissing
    return open_container(bytes(certificate.container), password)


def refuse_unknown(name: str, *, password: str, actor: Actor) -> None:
    """Refuse a sign-in under a user name nobody has, in the words and the time of any other.

    The name is kept as a keyed hash only: people type passwords into the wrong field.
    Writes: one event. Raises: `CredentialsRefused`, `AccountLocked`. Serves: 21 CFR 11.300(d).
    """
    make_password(password)
    fingerprint = salted_hmac("countersign.unknown-username", name.strip().casefold(), algorithm="sha256").hexdigest()[
        :12
    ]
    at = now()
    with transaction.atomic(durable=True):
        details = {"username": f"unknown:{fingerprint}", "purpose": "signing in"}
        record_event(actor, "signatures.authentication.refused", details=details)
        earlier = Event.objects.filter(
            act="signatures.authentication.refused", app_at__gt=at - LOCK, details__username=details["username"]
        ).order_by("-id")
        count = earlier.count()
        oldest = earlier[min(count, TRIES) - 1].app_at
    if count > TRIES:
        raise _locked(oldest + LOCK, TRIES, at)
    if count == TRIES:
        raise _locked(at + LOCK, TRIES, at)
    raise CredentialsRefused(tries=_tries(TRIES - count), tries_left=TRIES - count)


def verify_presence(person: Signer, *, code: str, checker: Signer, actor: Actor) -> None:
    """Check a code that the person read out to somebody in front of them, from their own device.

    A wrong one counts against who typed it, never against the person. Serves: 21 CFR 11.100(b),
    11.300(d). Writes: as `authenticate`. Raises: `CredentialsRefused`, `AccountLocked`, `CodeAlreadyUsed`.
    """
    attempt = Attempt(person, actor, "an identity check", now())
    counted = Attempt(checker, actor, "an identity check", attempt.at)
    with transaction.atomic(durable=True):
        states = {user.pk: lock_state(user) for user in sorted((person, checker), key=lambda user: user.pk)}
        state = states[checker.pk]
        outcome: Refusal | None = None
        if state.locked_until is not None and state.locked_until > attempt.at:
            _event(counted, "signatures.authentication.blocked")
            outcome = _locked(state.locked_until, state.failures, attempt.at)
        else:
            outcome = _used_code(attempt, states[person.pk], code)
            if outcome is None and use_one_time_code(attempt, code) is None:
                outcome = _count_failure(counted, state, code="")
    if outcome is not None:
        raise outcome


def device_of(user: Signer) -> OneTimeCodeDevice | None:
    """Return the person's confirmed device, if any."""
    devices = list(django_otp.devices_for_user(user, confirmed=True))
    return cast("OneTimeCodeDevice", devices[0]) if devices else None


def next_code_at(user: Signer) -> dt.datetime | None:
    """Return when the person's next one-time code counts; None if the present one still does.

    Pages say it before anybody types. Serves: 21 CFR 11.200(a)(1).
    """
    device = device_of(user)
    state = AuthenticationState.objects.filter(user_id=user.pk).first()
    if device is None or state is None:
        return None
    available = device.next_code_at(state.last_code_step)
    return available if available is not None and available > now() else None


def lock_state(user: Signer) -> AuthenticationState:
    """Lock the person's counter for this transaction and return it."""
    AuthenticationState.objects.get_or_create(user_id=user.pk)
    return AuthenticationState.objects.select_for_update().get(user_id=user.pk)


def is_locked(user: Signer) -> bool:
    """Tell whether the person is locked out now."""
    return AuthenticationState.objects.filter(user_id=user.pk, locked_until__gt=now()).exists()


def unlock(user: Signer) -> None:
    """Forget a person's refused tries. The caller writes the event; it runs inside their act.

    Writes: signatures_authenticationstate.
    """
    state = lock_state(user)
    _clear(state)


def _is_password_right(user: Signer, password: str) -> bool:
    # Not user.check_password: that would renew the stored hash, which is an act of its own.
    is_right = check_password(password, user.password)
    return is_right and user.is_active


def _decide(
    attempt: Attempt, state: AuthenticationState, *, code: str, is_password_right: bool, factor: Factor
) -> Authentication | Refusal:
    """Return what the try comes to, having counted and recorded it. Runs under the lock."""
    if state.locked_until is not None and state.locked_until > attempt.at:
        _event(attempt, "signatures.authentication.blocked")
        return _locked(state.locked_until, state.failures, attempt.at)
    if state.locked_until is not None or _is_forgotten(state, attempt.at):
        _clear(state)
    if is_password_right and factor is ONE_TIME_CODES:
        used = _used_code(attempt, state, code)
        if used is not None:
            return used
    device = factor.use(attempt, code) if is_password_right else None
    if device is None:
        return _count_failure(attempt, state, code=code if is_password_right else "")
    failures = state.failures
    _clear(state)
    event_id = _event(attempt, "signatures.authentication.accepted", factor=factor.word)
    if failures:
        flagged = _event(attempt, "signatures.authentication.flagged", failures=failures)
        if failures >= TRIES - 2:
            facts = {**attempt.details, "failures": failures}
            raise_alert("in_after_failures", event_id=flagged, actor=attempt.actor, details=facts)
    return Authentication(attempt.user.pk, attempt.purpose, factor.word, device, attempt.at, event_id, failures)


def _count_failure(attempt: Attempt, state: AuthenticationState, *, code: str) -> Refusal:
    """Count and record a refused try; lock and alert at the last one."""
    state.failures += 1
    if state.window_started_at is None:
        state.window_started_at = attempt.at
    if state.failures >= TRIES:
        state.locked_until = attempt.at + LOCK
    state.save(update_fields=["failures", "window_started_at", "locked_until"])
    _event(attempt, "signatures.authentication.refused", failures=state.failures)
    _record_drift(attempt, code)
    if state.locked_until is None:
        left = TRIES - state.failures
        return CredentialsRefused(tries=_tries(left), tries_left=left)
    locked = _event(attempt, "signatures.authentication.locked", failures=state.failures)
    facts = {**attempt.details, "failures": state.failures}
    raise_alert("account_locked", event_id=locked, actor=attempt.actor, details=facts)
    return _locked(state.locked_until, state.failures, attempt.at)


def _used_code(attempt: Attempt, state: AuthenticationState, code: str) -> CodeAlreadyUsed | None:
    """Recognise a code that counted before. It gives nothing away: only with the right password is it said."""
    device = device_of(attempt.user)
    if device is None or state.last_code_step is None:
        return None
    step = device.find_step(code, at=attempt.at, reach=LOOK_BACK)
    if step is None or step > state.last_code_step:
        return None
    _event(attempt, "signatures.code.replayed")
    available = device.next_code_at(state.last_code_step) or attempt.at
    seconds = max(1, int((available - attempt.at).total_seconds()) + 1)
    return CodeAlreadyUsed(seconds=seconds, available_at=available, retry_after_seconds=seconds)


def _record_drift(attempt: Attempt, code: str) -> None:
    """Record that a refused code belongs to a clock that is off. Serves: 21 CFR 11.300(e)."""
    device = device_of(attempt.user) if code else None
    if device is None:
        return
    step = device.find_step(code, at=attempt.at, reach=DRIFT_REACH)
    begins = device.next_code_at(step - 1) if step is not None else None
    if begins is not None:
        _event(attempt, "signatures.code.drifted", seconds=int((begins - attempt.at).total_seconds()))


def _event(attempt: Attempt, act: str, **more: object) -> int:
    details: Mapping[str, Any] = {**attempt.details, **more}
    with acting(attempt.actor, act, attempt.record, details=details) as event:
        return event.id


def _is_forgotten(state: AuthenticationState, at: dt.datetime) -> bool:
    return state.window_started_at is not None and at - state.window_started_at > FORGET_AFTER


def _clear(state: AuthenticationState) -> None:
    state.failures, state.window_started_at, state.locked_until = 0, None, None
    state.save(update_fields=["failures", "window_started_at", "locked_until"])


def _locked(until: dt.datetime, failures: int, at: dt.datetime) -> AccountLocked:
    seconds = max(1, int((until - at).total_seconds()))
    return AccountLocked(until=f"{until:%H:%M:%S}", failures=failures, locked_until=until, retry_after_seconds=seconds)


def _tries(number: int) -> str:
    return "1 try" if number == 1 else f"{number} tries"
