"""Passwords and second factors: enrolled under a one-time link, changed, lost, tested, reset.

Nobody sets another person's password or sees their seed: others only make the link, and
whoever made it may not check the identity afterwards, so that no single person can act as
another. Serves: 21 CFR 11.200(a)(2)(3), 11.300(b)(c)(e).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from qms.accounts import codes
from qms.accounts.access import actor_of
from qms.accounts.errors import (
    CodesNotConsecutive,
    LinkInvalid,
    OfficerUnknown,
    PasswordUnusable,
    PersonDeactivated,
    SetupClosed,
)
from qms.accounts.grants import grant_role
from qms.accounts.models import Invitation, PersonSession, RoleGrant, TotpDevice, User
from qms.accounts.notices import promise_notice
from qms.accounts.people import ADMINISTRATION, create_person, find_person, lock_person, name_of, refuse_own
from qms.accounts.recovery import cancel_recovery_codes, replace_recovery_codes
from qms.accounts.seeds import open_seed
from records.acting import acting, record_event
from records.clock import now
from records.evidence import Actor, system_actor
from records.models import DatabaseClock, Event
from records.workflow import take_role
from signatures.alerts import raise_alert
from signatures.authentication import authenticate, lock_state
from signatures.credentials import record_revocation, record_rewrap, rewrap
from signatures.models import AuthenticationState
from signatures.signing_policy import record_acknowledgement

LINK_LIFE = dt.timedelta(hours=72)
DEVICE_NAME = "Authenticator"


@dataclass(frozen=True, slots=True, repr=False)
class IssuedLink:
    """A link's row and its secret, which is shown once and kept by nobody."""

    invitation: Invitation
    secret: str


@dataclass(frozen=True, slots=True, repr=False)
class Pairing:
    """What a person shows of a new device: its sealed seed and two codes that follow one another."""

    sealed_seed: bytes
    first_code: str
    second_code: str
    step_seconds: int = codes.STEP_SECONDS


@dataclass(frozen=True, slots=True, repr=False)
class Enrolled:
    """The person, and their recovery codes, to be shown once."""

    person: User
    recovery_codes: list[str]


def open_setup(*, username: str, printed_name: str, email: str) -> IssuedLink:
    """Make the first administrator and their link, for the console of a new installation.

    Writes: as `create_person`, `grant_role`, `issue_link`. Raises: `SetupClosed` once there
    is an administrator who can sign in. Serves: 21 CFR 11.10(d).
    """
    administrators = RoleGrant.objects.filter(role="administrator").values("user")
    if TotpDevice.objects.filter(user__in=administrators).exists():
        raise SetupClosed
    actor = system_actor("setup")
    if not Event.objects.exists():
        record_event(actor, "records.installation.started")
    person = User.objects.filter(username=username, role_grants__role="administrator").first()
    if person is None:
        person = create_person(username=username, printed_name=printed_name, email=email, actor=actor)
        grant_role(person, role="administrator", actor=actor, reason="first administrator of a new installation")
    return issue_link(person, actor=actor)


def issue_link(person: User, *, actor: Actor) -> IssuedLink:
    """Make the one-time link under which a new person enrols; an earlier open one ends.

    Writes: accounts_invitation and one event. Raises: `NotForYourself`, `PersonDeactivated`,
    `RoleNotAllowed`. Somebody who has enrolled already needs `reset_credentials`.
    """
    actor = actor if actor.is_system else take_role(actor, ADMINISTRATION)
    refuse_own(person, actor=actor)
    with transaction.atomic():
        locked = lock_person(person)
        if not locked.is_active:
            raise PersonDeactivated(name=locked.printed_name)
        if locked.has_usable_password():
            raise LinkInvalid("This person has enrolled already. A security officer can reset their credentials.")
        with acting(actor, "accounts.invitation.issued", details=name_of(locked)):
            return _write_link(locked, actor=actor, is_reset=False)


def reset_credentials(person: User, *, actor: Actor, reason: str) -> IssuedLink:
    """End a person's password, device, recovery codes, sessions and certificate, and make a new link.

    Their identity must be checked again, by somebody else than who resets. The person and
    the security contact are told. Writes: accounts_user, accounts_totpdevice,
    accounts_recoverycode, accounts_invitation, signatures_certificate, accounts_personsession,
    one event, outbox. Raises: `NotForYourself`, `PersonDeactivated`, `RoleNotAllowed`,
    `ReasonMissing`. Serves: 21 CFR 11.200(a)(3), 11.300(c).
    """
    actor = actor if actor.is_system else take_role(actor, ADMINISTRATION)
    refuse_own(person, actor=actor)
    with transaction.atomic():
        locked = lock_person(person)
        if not locked.is_active:
            raise PersonDeactivated(name=locked.printed_name)
        with acting(actor, "accounts.credentials.reset", reason=reason, details=name_of(locked)) as event:
            locked.set_unusable_password()
            locked.save(update_fields=["password"])
            _end_devices(locked)
            cancel_recovery_codes(locked)
            record_revocation(locked, reason=f"credentials reset: {reason}")
            link = _write_link(locked, actor=actor, is_reset=True)
        PersonSession.objects.filter(user=locked).delete()
        facts = name_of(locked)
        raise_alert("credentials_reset", event_id=event.id, actor=actor, details=facts)
        promise_notice("credentials_reset", locked, event_id=event.id)
    return link


def restore_officer(username: str, *, reason: str) -> IssuedLink:
    """Reset a security officer from the console of the machine, where no other officer is left to do it.

    An administrator then checks the identity, so that console and administrator are in it
    together. Writes: as `reset_credentials`. Raises: `OfficerUnknown`, `ReasonMissing`.
    Serves: 21 CFR 11.300(c).
    """
    person = find_person(username)
    if person is None or "security_officer" not in person.held_roles():
        raise OfficerUnknown(username=username)
    return reset_credentials(person, actor=system_actor("console"), reason=reason)


def find_link(secret: str) -> Invitation:
    """Return the open invitation of a link's secret, or refuse. Raises: `LinkInvalid`."""
    found = (
        Invitation.objects.select_related("person")
        .filter(
            secret_hash=_hash(secret), used_at=None, cancelled_at=None, expires_at__gt=now(), person__is_active=True
        )
        .first()
    )
    if found is None:
        raise LinkInvalid
    return found


def accept_link(
    secret: str, *, password: str, pairing: Pairing, policy_digest: str, address: str = "", request_id: str = ""
) -> Enrolled:
    """Set password and second factor under a one-time link, and acknowledge the signing policy.

    Writes: accounts_user, accounts_totpdevice, accounts_recoverycode, accounts_invitation,
    signatures_policyacknowledgement, one event. Raises: `LinkInvalid`, `PasswordUnusable`,
    `CodesNotConsecutive`, `PolicyChangedSinceRead`. Serves: 21 CFR 11.10(j), 11.300(c)(e).
    """
    person = find_link(secret).person
    check_password_usable(person, password)
    encoded = make_password(password)
    with transaction.atomic(durable=True):
        locked = lock_person(person)
        invitation = Invitation.objects.select_for_update().get(pk=find_link(secret).pk)
        drift, step = check_pairing(locked, pairing)
        actor = actor_of(locked, address=address, request_id=request_id)
        with acting(actor, "accounts.invitation.used", details={**name_of(locked), "drift": drift}):
            invitation.used_at = now()
            invitation.save(update_fields=["used_at"])
            _set_password(locked, encoded)
            _write_device(locked, pairing, drift=drift, step=step)
            record_acknowledgement(locked, digest=policy_digest)
            recovery_codes = replace_recovery_codes(locked)
    return Enrolled(locked, recovery_codes)


def change_password(
    user: User, *, password: str, code: str, new_password: str, actor: Actor, keep_session: str = ""
) -> User:
    """Change one's own password; the signing key moves with it, other sessions end.

    Writes: accounts_user, signatures_certificate, accounts_personsession, one event, after
    authenticating. Raises: `PasswordUnusable` and the refusals of authentication.
    Serves: 21 CFR 11.300(b).
    """
    check_password_usable(user, new_password)
    authenticate(user, password=password, code=code, purpose="a new password", actor=actor)
    moved = rewrap(user, old_password=password, new_password=new_password)
    encoded = make_password(new_password)
    with transaction.atomic(durable=True):
        locked = lock_person(user)
        with acting(actor, "accounts.password.changed", details=name_of(locked)):
            _set_password(locked, encoded)
            if moved is not None:
                record_rewrap(*moved)
        PersonSession.objects.filter(user=locked).exclude(session_key=keep_session).delete()
    return locked


def replace_device(user: User, *, password: str, code: str, pairing: Pairing, actor: Actor) -> None:
    """Move to a new device while the old one is still at hand, shown by a code of it.

    Writes: accounts_totpdevice and one event, after authenticating with the old device.
    Raises: `CodesNotConsecutive` and the refusals of authentication. Serves: 21 CFR 11.300(c)(e).
    """
    check_pairing(user, pairing)
    authenticate(user, password=password, code=code, purpose="a new device", actor=actor)
    with transaction.atomic(durable=True):
        locked = lock_person(user)
        drift, step = check_pairing(locked, pairing)
        with acting(actor, "accounts.device.replaced", details={**name_of(locked), "drift": drift}):
            _end_devices(locked)
            _write_device(locked, pairing, drift=drift, step=step)


def report_lost_device(user: User, *, actor: Actor) -> None:
    """Switch a person's second factor off and end all their sessions, at once and without questions.

    Writes: accounts_totpdevice, accounts_personsession, one event, an alert. Serves: 21 CFR 11.300(c).
    """
    with transaction.atomic(durable=True):
        locked = lock_person(user)
        with acting(actor, "accounts.device.lost", details=name_of(locked)) as event:
            _end_devices(locked)
        PersonSession.objects.filter(user=locked).delete()
        raise_alert("lost_device", event_id=event.id, actor=actor, details=name_of(locked))


def test_device(user: User, *, first_code: str, second_code: str, actor: Actor) -> int:
    """Test one's device by two consecutive codes; return by how many steps its clock is off.

    Writes: accounts_totpdevice and one event. Raises: `CodesNotConsecutive`. Serves: 21 CFR 11.300(e).
    """
    with transaction.atomic(durable=True):
        lock_person(user)
        device = TotpDevice.objects.select_for_update().get(user=user, confirmed=True)
        state = lock_state(user)
        seed = open_seed(bytes(device.seed), user_id=user.pk)
        found = codes.find_drift(seed, first_code, second_code, step_seconds=device.step_seconds, at=now())
        if found is None or (state.last_code_step is not None and found[1] <= state.last_code_step):
            raise CodesNotConsecutive
        drift, step = found
        with acting(actor, "accounts.device.tested", details={**name_of(user), "drift": drift}):
            TotpDevice.objects.filter(pk=device.pk).update(tested_at=DatabaseClock(), drift=drift)
        AuthenticationState.objects.filter(user=user).update(last_code_step=step)
    return drift


def renew_recovery_codes(user: User, *, password: str, code: str, actor: Actor) -> list[str]:
    """Make new recovery codes, ending the old ones; return them to be shown once.

    Writes: accounts_recoverycode and one event, after authenticating.
    """
    authenticate(user, password=password, code=code, purpose="recovery codes", actor=actor)
    with transaction.atomic(durable=True), acting(actor, "accounts.recovery_code.made", details=name_of(user)):
        return replace_recovery_codes(user)


def check_password_usable(person: User, password: str) -> None:
    """Refuse a short, common or telling password. Raises: `PasswordUnusable`."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise PasswordUnusable(problems=" ".join(error.messages)) from error


def check_pairing(person: User, pairing: Pairing) -> tuple[int, int]:
    """Return drift and last step of a device shown by two codes. Raises: `CodesNotConsecutive`."""
    seed = open_seed(pairing.sealed_seed, user_id=person.pk)
    found = codes.find_drift(seed, pairing.first_code, pairing.second_code, step_seconds=pairing.step_seconds, at=now())
    if found is None:
        raise CodesNotConsecutive
    return found


def _write_link(person: User, *, actor: Actor, is_reset: bool) -> IssuedLink:
    secret = secrets.token_urlsafe(32)
    Invitation.objects.filter(person=person, used_at=None, cancelled_at=None).update(cancelled_at=now())
    invitation = Invitation.objects.create(
        person=person,
        secret_hash=_hash(secret),
        is_reset=is_reset,
        issued_by_id=actor.user_id,
        expires_at=now() + LINK_LIFE,
    )
    return IssuedLink(invitation, secret)


def _set_password(person: User, encoded: str) -> None:
    person.password, person.password_set_at = encoded, now()
    person.save(update_fields=["password", "password_set_at"])


def _end_devices(person: User) -> None:
    TotpDevice.objects.filter(user=person, confirmed=True).update(confirmed=False, ended_at=now())


def _write_device(person: User, pairing: Pairing, *, drift: int, step: int) -> None:
    TotpDevice.objects.create(
        user=person,
        name=DEVICE_NAME,
        confirmed=True,
        seed=pairing.sealed_seed,
        step_seconds=pairing.step_seconds,
        drift=drift,
    )
    state = lock_state(person)
    state.last_code_step, state.failures, state.window_started_at, state.locked_until = step, 0, None, None
    state.save(update_fields=["last_code_step", "failures", "window_started_at", "locked_until"])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
