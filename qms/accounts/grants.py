"""Roles given and ended: by someone else, from a date, with a reason; never deleted.

Serves: 21 CFR 11.10(d)(g); EU GMP Annex 11 §12.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from qms.accounts.errors import (
    PersonDeactivated,
    RoleAlreadyHeld,
    RoleDatesWrong,
    RoleNotHeld,
    RolesConflict,
    RoleUnknown,
)
from qms.accounts.models import RoleGrant, User
from qms.accounts.people import ADMINISTRATORS, check_administrator_remains, lock_person, name_of, refuse_own
from qms.accounts.roles import ROLES, find_conflict
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role


def grant_role(
    person: User,
    *,
    role: str,
    actor: Actor,
    reason: str,
    starts_at: dt.datetime | None = None,
    ends_at: dt.datetime | None = None,
) -> RoleGrant:
    """Give a person a role, from now or a later day, for ever or until a day.

    Writes: accounts_rolegrant and one event. Raises: `RoleUnknown`, `NotForYourself`,
    `RolesConflict`, `RoleAlreadyHeld`, `RoleDatesWrong`, `PersonDeactivated`,
    `RoleNotAllowed`, `ReasonMissing`. Serves: 21 CFR 11.10(d)(g).
    """
    actor = actor if actor.is_system else take_role(actor, ADMINISTRATORS)
    refuse_own(person, actor=actor)
    if role not in ROLES:
        raise RoleUnknown(role=role)
    at = now()
    starts_at = max(starts_at or at, at)
    if ends_at is not None and ends_at <= starts_at:
        raise RoleDatesWrong
    with transaction.atomic():
        locked = lock_person(person)
        if not locked.is_active:
            raise PersonDeactivated(name=locked.printed_name)
        check_grant(locked, role=role, starts_at=starts_at, ends_at=ends_at)
        details = {**name_of(locked), "role": ROLES[role], "from": starts_at, "until": ends_at}
        with acting(actor, "accounts.role.granted", reason=reason, details=details):
            return RoleGrant.objects.create(
                user=locked,
                role=role,
                granted_by_id=actor.user_id,
                reason=reason.strip(),
                starts_at=starts_at,
                ends_at=ends_at,
            )


def check_grant(person: User, *, role: str, starts_at: dt.datetime, ends_at: dt.datetime | None) -> None:
    """Refuse a grant that overlaps the same role or one that may not be held with it."""
    overlapping = [
        grant
        for grant in RoleGrant.objects.filter(user=person)
        if (grant.ends_at is None or grant.ends_at > starts_at) and (ends_at is None or grant.starts_at < ends_at)
    ]
    if any(grant.role == role for grant in overlapping):
        raise RoleAlreadyHeld(name=person.printed_name, role=ROLES[role])
    held = {role, *(grant.role for grant in overlapping)}
    why = find_conflict(held)
    if why is not None:
        raise RolesConflict(why=why, name=person.printed_name, held=", ".join(sorted(ROLES[one] for one in held)))


def end_role(person: User, *, role: str, actor: Actor, reason: str) -> RoleGrant:
    """End a role now; it counts no more at the person's next request.

    Writes: accounts_rolegrant and one event. Raises: `RoleNotHeld`, `NotForYourself`,
    `AdministratorNeeded`, `RoleNotAllowed`, `ReasonMissing`. Serves: 21 CFR 11.10(d).
    """
    actor = take_role(actor, ADMINISTRATORS)
    refuse_own(person, actor=actor)
    with transaction.atomic():
        locked = lock_person(person)
        at = now()
        grant = RoleGrant.objects.filter(user=locked, role=role).exclude(ends_at__lte=at).order_by("starts_at").first()
        if grant is None:
            raise RoleNotHeld(name=locked.printed_name, role=ROLES.get(role, role))
        if role == "administrator":
            check_administrator_remains(locked)
        with acting(actor, "accounts.role.ended", reason=reason, details={**name_of(locked), "role": ROLES[role]}):
            grant.ends_at = max(at, grant.starts_at)  # one that has not begun never does
            grant.save(update_fields=["ends_at"])
    return grant


def grants_of(person: User) -> list[RoleGrant]:
    """Return all grants of a person, newest first."""
    return list(RoleGrant.objects.filter(user=person).select_related("granted_by").order_by("-starts_at", "-pk"))
