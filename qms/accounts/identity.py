"""Identity checks: an officer looks at person, document and device before anybody may sign.

No single person reaches another's signature: who made the link may not check, who checks
must have been checked, and the person's own device must be in the room.
Serves: 21 CFR 11.100(b), 11.200(a)(3).
"""

from __future__ import annotations

from django.db import transaction

from qms.accounts.models import Invitation, RoleGrant, User
from qms.accounts.people import ADMINISTRATORS, OFFICERS, name_of
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from signatures.authentication import device_of, verify_presence
from signatures.eligibility import identity_check_of
from signatures.errors_authentication import (
    CheckerIsPerson,
    CheckerIssuedLink,
    CheckerNotChecked,
    CheckIncomplete,
    DeviceMissing,
)
from signatures.models import IdentityCheck

METHODS = {
    "in_person": "in person, document seen",
    "video": "by video, document shown",
    "company_badge": "in person, known colleague with company badge",
}
DOCUMENTS = {
    "passport": "passport",
    "identity_card": "national identity card",
    "driving_licence": "driving licence",
    "company_badge": "company badge with photograph",
}


def record_identity_check(
    person: User, *, method: str, document_class: str, code: str, actor: Actor, note: str = ""
) -> IdentityCheck:
    """Record that a person was identified, with a one-time code that they read out from their device.

    The administrator may make the first check of an installation, and that of an officer
    who was restored from the console; both are of security officers only.
    Writes: signatures_identitycheck and its event. Raises: `CheckerIsPerson`,
    `CheckerIssuedLink`, `CheckerNotChecked`, `CheckIncomplete`, `DeviceMissing`,
    `RoleNotAllowed` and the refusals of authentication. Serves: 21 CFR 11.100(b).
    """
    actor = take_role(actor, checker_roles(person))
    if method not in METHODS or document_class not in DOCUMENTS:
        raise CheckIncomplete
    check_checker(person, actor=actor)
    if device_of(person) is None:
        raise DeviceMissing(
            f"{person.printed_name} has not enrolled a second factor yet. Let them open their link first."
        )
    checker = User.objects.get(username=actor.username)
    verify_presence(person, code=code, checker=checker, actor=actor)
    details = {**name_of(person), "method": METHODS[method], "document": DOCUMENTS[document_class]}
    with transaction.atomic(durable=True), acting(actor, "signatures.identity.checked", details=details):
        check = IdentityCheck.objects.create(
            person=person, method=method, document_class=document_class, note=note.strip(), verified_by=checker
        )
    check.refresh_from_db()
    return check


def checker_roles(person: User) -> tuple[str, ...]:
    """Return who may check this person's identity: officers, and for the first officer administrators."""
    return ADMINISTRATORS + OFFICERS if is_from_console(person) else OFFICERS


def is_from_console(person: User) -> bool:
    """Tell whether no officer stands above this one: the installation's first, or one restored from the console.

    Whoever has the console of the machine and an administrator together make an officer.
    """
    if "security_officer" not in person.held_roles():
        return False
    if not IdentityCheck.objects.exists():
        return True
    link = last_used_link(person)
    return link is not None and link.is_reset and link.issued_by_id is None and identity_check_of(person) is None


def last_used_link(person: User) -> Invitation | None:
    """Return the link under which a person enrolled last."""
    return Invitation.objects.filter(person=person).exclude(used_at=None).order_by("-used_at").first()


def check_checker(person: User, *, actor: Actor) -> None:
    """Refuse a checker who could be alone in this.

    A checker has been looked at themselves, since they became officer and enrolled, and
    did not make the person's link. Raises: `CheckerIsPerson`, `CheckerNotChecked`, `CheckerIssuedLink`.
    """
    if actor.user_id == person.pk:
        raise CheckerIsPerson
    if is_from_console(person) and "administrator" in actor.roles:
        return
    checker = User.objects.get(username=actor.username)
    check = identity_check_of(checker)
    grant = RoleGrant.objects.in_force(now()).filter(user=checker, role="security_officer").first()
    if check is None or grant is None or check.verified_at < grant.starts_at:
        raise CheckerNotChecked
    link = last_used_link(person)
    if link is not None and link.issued_by_id == actor.user_id:
        raise CheckerIssuedLink(name=person.printed_name)
