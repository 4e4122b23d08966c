"""A person's signing certificate: issued after an identity check, imported, moved, revoked.

Owns the rows; the cryptography is `signatures.ca` and `signatures.containers`. The private
key exists in memory only while it is put into its owner's container, under their password,
so nobody can sign for them. Serves: 21 CFR 11.70, 11.100, 11.200(a)(2)(3), 11.300(c).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cryptography import x509
from django.conf import settings
from django.db import IntegrityError, transaction

from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from signatures import ca
from signatures.authentication import authenticate
from signatures.authority import company_anchors, company_revocation_lists, site_authority
from signatures.certificates import describe_certificate, pem_of
from signatures.containers import (
    DEFAULT_STRENGTH,
    ContainerStrength,
    OpenContainer,
    build_container,
    check_company_container,
    open_container,
)
from signatures.eligibility import certificate_of, identity_check_of
from signatures.errors_authentication import (
    AnchorsMissing,
    CertificateInForce,
    CertificateKnown,
    CertificateOfAnother,
    IdentityNotChecked,
)
from signatures.models import Certificate, IdentityCheck
from signatures.signer import Signer

RENEWAL = dt.timedelta(days=90)
"""A new certificate may be had this long before the present one ends."""


def issue_certificate(user: Signer, *, password: str, code: str, actor: Actor) -> Certificate:
    """Issue the person's certificate from the site's authority, its key locked by their password.

    Writes: signatures_certificate and its event, after authenticating. Raises:
    `IdentityNotChecked`, `CertificateInForce` and the refusals of authentication.
    Serves: 21 CFR 11.100(b), 11.200(a)(2).
    """
    check = check_may_have_certificate(user)
    authority = site_authority()
    authenticate(user, password=password, code=code, purpose="a certificate", actor=actor)
    issued = ca.issue_personal_certificate(
        authority,
        printed_name=user.printed_name,
        username=user.username,
        person_number=f"P-{user.pk:06d}",
        organisation=settings.ORGANISATION,
        at=now(),
    )
    chain = (authority.certificate,)
    container = build_container(issued.key, issued.certificate, chain, password, strength=container_strength())
    row = _row(user, check, issued.certificate, chain, container, source="site")
    return _put_in_force(row, act="signatures.certificate.issued", actor=actor)


def import_company_container(
    user: Signer, *, container: bytes, container_password: str, password: str, code: str, actor: Actor
) -> Certificate:
    """Take over a certificate from the company's own authority, its key moved under the person's password.

    Writes: signatures_certificate and its event, after authenticating. Raises:
    `IdentityNotChecked`, `CertificateInForce`, `AnchorsMissing`, `CertificateOfAnother`,
    `CertificateKnown`, the container's refusals and those of authentication.
    Serves: 21 CFR 11.100(a)(b), 11.30.
    """
    check = check_may_have_certificate(user)
    anchors = company_anchors()
    if not anchors:
        raise AnchorsMissing
    opened = check_company_container(
        container, container_password, anchors=anchors, at=now(), crls=company_revocation_lists()
    )
    check_names_person(opened.certificate, user)
    authenticate(user, password=password, code=code, purpose="a certificate", actor=actor)
    moved = _lock(opened, password)
    row = _row(user, check, opened.certificate, opened.chain, moved, source="company")
    return _put_in_force(row, act="signatures.certificate.imported", actor=actor)


def rewrap(user: Signer, *, old_password: str, new_password: str) -> tuple[Certificate, bytes] | None:
    """Return the person's certificate and its container under their new password; None if they have none.

    Takes seconds, so it is done before any lock. Serves: 21 CFR 11.300(b).
    """
    certificate = certificate_of(user)
    if certificate is None:
        return None
    opened = open_container(bytes(certificate.container), old_password)
    return certificate, _lock(opened, new_password)


def record_rewrap(certificate: Certificate, container: bytes) -> None:
    """Write the moved container inside the caller's act. Writes: signatures_certificate."""
    Certificate.objects.filter(pk=certificate.pk, revoked_at=None).update(container=container)


def revoke_certificate(certificate: Certificate, *, actor: Actor, reason: str) -> None:
    """Revoke a certificate for ever. Signatures made before keep their worth.

    Writes: signatures_certificate and one event. Raises: `RoleNotAllowed`. Serves: 21 CFR 11.300(c).
    """
    actor = take_role(actor, ("security_officer",))
    details = {"serial": certificate.serial, "person": str(certificate.owner)}
    with transaction.atomic(), acting(actor, "signatures.certificate.revoked", reason=reason, details=details):
        record_revocation(certificate.owner, reason=reason)


def record_revocation(user: Signer, *, reason: str) -> list[str]:
    """Revoke what certificate a person has, inside the caller's act; return the serials."""
    rows = list(Certificate.objects.select_for_update().filter(owner_id=user.pk, revoked_at=None))
    for row in rows:
        row.revoked_at, row.revocation_reason = now(), reason[:200]
        row.save(update_fields=["revoked_at", "revocation_reason"])
    return [row.serial for row in rows]


def check_may_have_certificate(user: Signer) -> IdentityCheck:
    """Return the identity check that a new certificate rests on, or refuse.

    Raises: `IdentityNotChecked`, `CertificateInForce`. Serves: 21 CFR 11.100(b).
    """
    check = identity_check_of(user)
    if check is None:
        raise IdentityNotChecked
    present = certificate_of(user)
    if present is not None and present.valid_until - now() > RENEWAL:
        raise CertificateInForce(ends=f"{present.valid_until:%Y-%m-%d}")
    return check


def check_names_person(certificate: x509.Certificate, user: Signer) -> None:
    """Refuse a company certificate that names neither the person's user name nor e-mail address.

    Raises: `CertificateOfAnother`. Serves: 21 CFR 11.100(a).
    """
    facts = describe_certificate(certificate)
    names = {facts.username.casefold(), *(one.casefold() for one in mail_addresses_of(certificate))}
    if not names & {user.username, user.email.casefold()}:
        raise CertificateOfAnother(subject=facts.subject, name=user.printed_name)


def mail_addresses_of(certificate: x509.Certificate) -> Sequence[str]:
    """Return the e-mail addresses that a certificate is issued to."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return names.get_values_for_type(x509.RFC822Name)


def container_strength() -> ContainerStrength:
    """Return how many rounds each guess at a container's password costs."""
    rounds: tuple[int, int] | None = getattr(settings, "CONTAINER_ROUNDS", None)
    return ContainerStrength(*rounds) if rounds else DEFAULT_STRENGTH


def _lock(opened: OpenContainer, password: str) -> bytes:
    return build_container(opened.key, opened.certificate, opened.chain, password, strength=container_strength())


def _row(
    user: Signer,
    check: IdentityCheck,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    container: bytes,
    *,
    source: str,
) -> Certificate:
    facts = describe_certificate(certificate)
    return Certificate(
        owner_id=user.pk,
        identity_check=check,
        serial=facts.serial_hex,
        issuer=facts.issuer[:200],
        subject=facts.subject[:300],
        certificate_pem=pem_of([certificate]).decode(),
        chain_pem=pem_of(chain).decode(),
        container=container,
        source=source,
        valid_from=facts.not_before,
        valid_until=facts.not_after,
    )


def _put_in_force(row: Certificate, *, act: str, actor: Actor) -> Certificate:
    """Write the certificate, revoking in the same act the one it replaces."""
    try:
        with (
            transaction.atomic(durable=True),
            acting(actor, act, details={"serial": row.serial, "subject": row.subject}),
        ):
            record_revocation(row.owner, reason="replaced by a new certificate")
            row.save(force_insert=True)
    except IntegrityError as error:
        if "certificate_serial_once" in str(error):
            raise CertificateKnown from error
        raise
    return row
