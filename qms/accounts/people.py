"""People: added, described, deactivated and brought back, never deleted or renamed to another.

Roles are `qms.accounts.grants`, passwords and devices `qms.accounts.enrolment`.
Serves: 21 CFR 11.10(d)(g), 11.100(a), 11.300(a).
"""

from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from qms.accounts.errors import (
    AdministratorNeeded,
    NotForYourself,
    PersonAlreadyActive,
    PersonDeactivated,
    PersonDetailsMissing,
    TimeZoneUnknown,
    UsernameTaken,
    UsernameUnusable,
)
from qms.accounts.models import USERNAME_PATTERN, PersonSession, RoleGrant, User
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from signatures.authentication import unlock
from signatures.models import AuthenticationState

ADMINISTRATORS = ("administrator",)
OFFICERS = ("security_officer",)
RESERVED_NAMES = frozenset({"add", "anonymous", "register", "system", "unknown"})
ADMINISTRATION = ("administrator", "security_officer")


def create_person(
    *, username: str, printed_name: str, email: str, actor: Actor, job_title: str = "", time_zone: str = "UTC"
) -> User:
    """Add a person without password, roles or device; a one-time link comes next.

    Writes: accounts_user, signatures_authenticationstate, one event. Raises:
    `UsernameUnusable`, `UsernameTaken`, `PersonDetailsMissing`, `RoleNotAllowed`.
    Serves: 21 CFR 11.100(a), 11.300(a).
    """
    actor = actor if actor.is_system else take_role(actor, ADMINISTRATORS)
    username = username.strip().casefold()
    check_username(username)
    person = User(
        username=username, printed_name=printed_name.strip(), email=email.strip(), job_title=job_title.strip()
    )
    person.time_zone = check_time_zone(time_zone)
    person.set_unusable_password()
    if not person.printed_name or not _is_email(person.email):
        raise PersonDetailsMissing
    try:
        with transaction.atomic(), acting(actor, "accounts.person.created", details=name_of(person)):
            person.save(force_insert=True)
            AuthenticationState.objects.create(user=person)
    except IntegrityError as error:
        if "username" in str(error):
            raise UsernameTaken(username=username) from error
        raise
    return person


def describe_person(
    person: User, *, printed_name: str, email: str, job_title: str, actor: Actor, reason: str = ""
) -> User:
    """Change how a person is named and reached; signatures made before keep the old name.

    Writes: accounts_user and one event. Raises: `PersonDetailsMissing`, `RoleNotAllowed`.
    """
    actor = take_role(actor, ADMINISTRATORS)
    wanted = {"printed_name": printed_name.strip(), "email": email.strip(), "job_title": job_title.strip()}
    if not wanted["printed_name"] or not _is_email(wanted["email"]):
        raise PersonDetailsMissing
    with transaction.atomic():
        locked = lock_person(person)
        changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
        if not changed:
            return locked
        details = {**name_of(locked), "fields": ", ".join(name.replace("_", " ") for name in changed)}
        with acting(actor, "accounts.person.described", reason=reason, details=details):
            for name in changed:
                setattr(locked, name, wanted[name])
            locked.save(update_fields=changed)
    return locked


def deactivate_person(person: User, *, actor: Actor, reason: str) -> User:
    """Deactivate a person: their sessions end now, their roles count no more, their name stays theirs.

    Writes: accounts_user, accounts_personsession, one event. Raises: `NotForYourself`,
    `AdministratorNeeded`, `PersonDeactivated`, `RoleNotAllowed`. Serves: 21 CFR 11.10(d), 11.300(b).
    """
    actor = take_role(actor, ADMINISTRATION)
    refuse_own(person, actor=actor)
    with transaction.atomic():
        locked = lock_person(person)
        if not locked.is_active:
            raise PersonDeactivated(name=locked.printed_name)
        check_administrator_remains(locked)
        with acting(actor, "accounts.person.deactivated", reason=reason, details=name_of(locked)):
            locked.is_active = False
            locked.save(update_fields=["is_active"])
        PersonSession.objects.filter(user=locked).delete()
    return locked


def reactivate_person(person: User, *, actor: Actor, reason: str) -> User:
    """Bring a deactivated person back, with the roles that still run.

    Writes: accounts_user and one event. Raises: `PersonAlreadyActive`, `NotForYourself`.
    """
    actor = take_role(actor, ADMINISTRATORS)
    refuse_own(person, actor=actor)
    with transaction.atomic():
        locked = lock_person(person)
        if locked.is_active:
            raise PersonAlreadyActive(name=locked.printed_name)
        with acting(actor, "accounts.person.reactivated", reason=reason, details=name_of(locked)):
            locked.is_active = True
            locked.save(update_fields=["is_active"])
    return locked


def unlock_person(person: User, *, actor: Actor, reason: str) -> None:
    """Let a locked-out person try again before the lock runs out.

    Writes: signatures_authenticationstate and one event. Raises: `NotForYourself`, `RoleNotAllowed`.
    Serves: 21 CFR 11.300(d).
    """
    actor = take_role(actor, OFFICERS)
    refuse_own(person, actor=actor)
    with transaction.atomic(), acting(actor, "accounts.person.unlocked", reason=reason, details=name_of(person)):
        unlock(person)


def find_person(username: str) -> User | None:
    """Return the person of a typed user name, whatever its case and spaces."""
    return User.objects.filter(username=username.strip().casefold()[:31]).first()


def lock_person(person: User) -> User:
    """Lock a person's row for this transaction and return it re-read."""
    return User.objects.select_for_update().get(pk=person.pk)


def name_of(person: User) -> dict[str, str]:
    """Return how events name a person."""
    return {"person": str(person)}


def refuse_own(person: User, *, actor: Actor) -> None:
    """Refuse what nobody does for themselves. Raises: `NotForYourself`."""
    if actor.user_id == person.pk:
        raise NotForYourself


def check_administrator_remains(person: User) -> None:
    """Refuse to lose the last active administrator. Raises: `AdministratorNeeded`."""
    holders = RoleGrant.objects.in_force(now()).filter(role="administrator", user__is_active=True)
    if holders.filter(user=person).exists() and not holders.exclude(user=person).exists():
        raise AdministratorNeeded(name=person.printed_name)


def check_username(username: str) -> None:
    """Refuse a user name that is not plain, or that means something else here. Raises: `UsernameUnusable`."""
    if username in RESERVED_NAMES:
        raise UsernameUnusable(f"The user name {username} is kept for the software itself. Choose another.")
    try:
        USERNAME_PATTERN(username)
    except ValidationError:
        raise UsernameUnusable from None


def check_time_zone(zone: str) -> str:
    """Return the name of a time zone, or refuse. Raises: `TimeZoneUnknown`."""
    if zone not in zoneinfo.available_timezones():
        raise TimeZoneUnknown(zone=zone)
    return zone


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
