"""The verdict on one signature: statement, CMS and certificate path, each judged on its own.

Owns the order of the checks and the sentences an inspector reads. Never trusts a stored
flag or hash; never raises on bad input, but collects every reason. Pure: no Django.
Serves: 21 CFR 11.10(a), 11.50(a), 11.70, 11.200(a)(2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from records.digests import same_digest, sha256
from signatures.certificates import CertificateFacts, describe_certificate, fingerprint_of, username_of
from signatures.cms import is_signed, take_apart
from signatures.errors_pki import CertificateUnreadable, SignatureMalformed, StatementMalformed
from signatures.paths import Finding, validate_path
from signatures.statements import Statement, parse_statement

STRAY_CERTIFICATE = Finding("stray_certificate", "The signature carries a certificate that its path does not need.")


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What can be said about one signature. Every attribute stands alone; ``bottom_line`` joins them.

    ``statement``: what was signed, or None when it cannot be read as a statement.
    ``intact``: the CMS is of our one form, covers exactly these statement bytes and verifies.
    ``signed_by``: the certificate that is named in the CMS, or None.
    ``is_named``: that certificate is the person's whose user name the statement carries.
    ``certificate_valid_at``: the instant judged: the statement's own signing time, or None.
    ``is_certificate_valid``: the path to a trusted authority held at that instant.
    ``revoked``: a certificate of the path was revoked at or before that instant.
    ``revoked_at``: when it was revoked, also if that was later and does not count.
    ``reasons``: why the bottom line is no; empty when it is yes.
    """

    statement: Statement | None
    intact: bool
    signed_by: CertificateFacts | None
    is_named: bool
    certificate_valid_at: dt.datetime | None
    is_certificate_valid: bool
    revoked: bool
    revoked_at: dt.datetime | None
    reasons: tuple[Finding, ...]

    @property
    def bottom_line(self) -> bool:
        """The signature is good: intact, by the person it names, with a certificate valid then."""
        return self.intact and self.is_named and self.is_certificate_valid and not self.revoked and not self.reasons


def verify_signature(
    content: bytes,
    cms: bytes,
    *,
    anchors: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList] = (),
    enrolled_fingerprint: str = "",
    is_revocation_required: bool = False,
) -> SignatureVerdict:
    """Judge the CMS over the statement bytes ``content``.

    (1) the statement reads as one; (2) the CMS is of the one form; (3) the certificate it
    carries is the one it names; (4) its digest is that of these bytes; (5) the signature verifies;
    (6) its signing time is the statement's; (7) the certificate is the named person's;
    (8) the certificate held at that time and was not revoked. ``enrolled_fingerprint`` is
    the certificate recorded for the signer, needed where the company's own certificates do
    not carry the user name. Serves: 21 CFR 11.70.
    """
    # (1) The statement.
    statement, unread = _read_statement(content)
    # (2) to (6) The cryptographic bond.
    bond = _check_bond(content, cms, statement)
    if bond.signer is None or statement is None:
        return _verdict(statement, bond, [*unread, *bond.reasons])
    # (7) The person.
    person = _check_person(statement, bond.signer, enrolled_fingerprint)
    # (8) The certificate at the time of signing.
    path = validate_path(
        bond.signer,
        at=statement.signed_at,
        anchors=anchors,
        intermediates=bond.others,
        crls=crls,
        is_revocation_required=is_revocation_required,
    )
    has_strays = path.is_valid and not set(bond.others) <= set(path.path)
    return SignatureVerdict(
        statement=statement,
        intact=not bond.reasons,
        signed_by=_facts(bond.signer),
        is_named=not person,
        certificate_valid_at=statement.signed_at,
        is_certificate_valid=path.is_valid,
        revoked=path.revoked,
        revoked_at=path.revoked_at,
        reasons=(*bond.reasons, *person, *path.findings, *([STRAY_CERTIFICATE] if has_strays else [])),
    )


def _read_statement(content: bytes) -> tuple[Statement | None, list[Finding]]:
    try:
        return parse_statement(content), []
    except StatementMalformed as refusal:
        return None, [Finding("statement_malformed", refusal.text)]


@dataclass(frozen=True, slots=True)
class _Bond:
    """What steps (2) to (6) found."""

    signer: x509.Certificate | None
    others: tuple[x509.Certificate, ...]
    reasons: tuple[Finding, ...]


def _check_bond(content: bytes, cms: bytes, statement: Statement | None) -> _Bond:
    # (2) The one form.
    try:
        parts = take_apart(cms)
    except SignatureMalformed as refusal:
        return _Bond(None, (), (Finding("cms_malformed", refusal.text),))
    reasons: list[Finding] = []
    # (3) The certificate it carries is the one it names.
    if not same_digest(parts.certificate_hash, parts.signer.fingerprint(hashes.SHA256())):
        text = "The signature names another certificate than the one it carries."
        reasons.append(Finding("certificate_exchanged", text))
    # (4) The digest of these very bytes.
    if not same_digest(parts.digest, sha256(content)):
        text = "The statement is not the one that was signed: it was altered or exchanged."
        reasons.append(Finding("statement_altered", text))
    # (5) The signature itself.
    if not is_signed(parts):
        reasons.append(Finding("signature_invalid", "The signature was not made with the certificate's key."))
    # (6) One signing time.
    if statement is not None and parts.signed_at != statement.signed_at.replace(microsecond=0):
        text = "The signing time in the signature differs from that in the statement."
        reasons.append(Finding("time_differs", text))
    return _Bond(parts.signer, parts.others, tuple(reasons))


def _check_person(statement: Statement, signer: x509.Certificate, enrolled_fingerprint: str) -> list[Finding]:
    named, fingerprint = username_of(signer), fingerprint_of(signer)
    if enrolled_fingerprint and fingerprint != enrolled_fingerprint:
        text = f"The certificate is not the one enrolled for {statement.username}."
        return [Finding("certificate_not_enrolled", text)]
    if named and named != statement.username:
        text = f"The certificate is {named}’s, but the statement names {statement.username}."
        return [Finding("person_differs", text)]
    if not named and not enrolled_fingerprint:
        text = f"The certificate carries no user name; compare its SHA-256 {fingerprint} with the enrolment record."
        return [Finding("person_unproven", text)]
    return []


def _verdict(statement: Statement | None, bond: _Bond, reasons: Sequence[Finding]) -> SignatureVerdict:
    """Return the verdict where the person and the time cannot be judged at all."""
    return SignatureVerdict(
        statement=statement,
        intact=not bond.reasons,
        signed_by=_facts(bond.signer) if bond.signer is not None else None,
        is_named=False,
        certificate_valid_at=None,
        is_certificate_valid=False,
        revoked=False,
        revoked_at=None,
        reasons=tuple(reasons),
    )


def _facts(certificate: x509.Certificate) -> CertificateFacts | None:
    try:
        return describe_certificate(certificate)
    except CertificateUnreadable:
        return None
