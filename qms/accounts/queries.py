"""Reads about people: lists, what an account page shows, the access register as of a day.

Writes nothing. Serves: 21 CFR 11.10(d), 11.300(b).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from qms.accounts.models import Invitation, PersonSession, RoleGrant, TotpDevice, User
from qms.accounts.recovery import count_recovery_codes
from qms.accounts.roles import ROLES
from qms.accounts.session_store import hash_key
from qms.accounts.sessions import sessions_of
from records.clock import now
from records.errors import Refusal
from signatures.authentication import is_locked
from signatures.certificates import CertificateFacts, describe_certificate, read_certificates
from signatures.eligibility import certificate_of, why_not_sign
from signatures.models import Certificate, IdentityCheck


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One running session as its owner sees it."""

    row: PersonSession
    is_this: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Everything an account page tells about one person."""

    person: User
    grants: list[RoleGrant]
    device: TotpDevice | None
    recovery_codes_left: int
    identity_checks: list[IdentityCheck]
    certificate: Certificate | None
    certificate_facts: CertificateFacts | None
    reasons: tuple[Refusal, ...]
    sessions: list[SessionLine]
    link: Invitation | None
    is_locked: bool


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One role in the access register: who held it, since when, until when, given by whom and why."""

    person: User
    role: str
    grant: RoleGrant


def read_account(person: User, *, session_key: str = "") -> Account:
    """Return all that is known of a person's access."""
    certificate = certificate_of(person)
    this = hash_key(session_key) if session_key else ""
    return Account(
        person=person,
        grants=list(person.role_grants.select_related("granted_by").order_by("-starts_at", "-pk")),
        device=TotpDevice.objects.filter(user=person, confirmed=True).first(),
        recovery_codes_left=count_recovery_codes(person),
        identity_checks=list(person.identity_checks.select_related("verified_by").order_by("-pk")),
        certificate=certificate,
        certificate_facts=facts_of(certificate),
        reasons=why_not_sign(person),
        sessions=[SessionLine(row, row.session_key == this) for row in sessions_of(person)],
        link=Invitation.objects.filter(person=person, used_at=None, cancelled_at=None, expires_at__gt=now()).first(),
        is_locked=is_locked(person),
    )


def facts_of(certificate: Certificate | None) -> CertificateFacts | None:
    """Return a certificate in words."""
    if certificate is None:
        return None
    return describe_certificate(read_certificates(certificate.certificate_pem.encode())[0])


def people(search: str = "", *, state: str = "active") -> QuerySet[User]:
    """Return people by name, with the roles they hold now."""
    found = User.objects.prefetch_related(
        Prefetch("role_grants", queryset=RoleGrant.objects.in_force(now()), to_attr="roles_now")
    ).order_by("printed_name", "username")
    if state in ("active", "inactive"):
        found = found.filter(is_active=state == "active")
    if search:
        found = found.filter(Q(printed_name__icontains=search) | Q(username__icontains=search))
    return found


def access_register(at: dt.datetime) -> list[RegisterLine]:
    """Return every role that counted at an instant, of people who were active then.

    Whether somebody was active then is read from their snapshots.
    Serves: 21 CFR 11.10(d); the report on a day equals the grants replayed to it.
    """
    inactive = set()
    for snapshot in User.history.filter(history_date__lte=at).order_by("id", "-history_id").distinct("id"):
        if not snapshot.is_active:
            inactive.add(snapshot.id)
    grants = RoleGrant.objects.in_force(at).exclude(user_id__in=inactive).select_related("user", "granted_by")
    ordered = grants.order_by("user__printed_name", "user__username", "role")
    return [RegisterLine(grant.user, ROLES.get(grant.role, grant.role), grant) for grant in ordered]
