"""The check of a certification path (RFC 5280, section 6), for our one purpose: signing documents.

Owns what it means here that a certificate was good at an instant. Never fetches anything:
anchors, intermediates and revocation lists are given. Pure: no Django. Name, policy and
other constraints marked critical are not supported; such a path is refused rather than
half understood.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from records.canonical import instant_text
from signatures.certificates import (
    DAMAGE,
    DOCUMENT_SIGNING,
    describe_key,
    extension_of,
    hash_name_of,
    is_authority,
    name_of,
)

SIGNING_PURPOSES = frozenset(
    {
        DOCUMENT_SIGNING,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # document signing as Microsoft's authorities write it
    }
)

SMALLEST_RSA_BITS = 2048
LONGEST_PATH = 6
"""Certificates in a path at most, anchor included."""

_UNDERSTOOD = frozenset({ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE})
STRONG_HASHES = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, with a stable code for tests and a sentence for people."""

    code: str
    text: str

    def __post_init__(self) -> None:
        # Sentences often begin with what name_of returns.
        object.__setattr__(self, "text", self.text[:1].upper() + self.text[1:])


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """Whether a certificate was good for signing at an instant, and why not.

    ``revoked_at`` is set whenever a certificate of the path is on a list, also when that
    happened later than the instant; ``revoked`` tells whether it already counted then.
    """

    findings: tuple[Finding, ...]
    path: tuple[x509.Certificate, ...]
    revoked: bool
    revoked_at: dt.datetime | None

    @property
    def is_valid(self) -> bool:
        """No finding: the path holds."""
        return not self.findings


def validate_path(
    certificate: x509.Certificate,
    *,
    at: dt.datetime,
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate] = (),
    crls: Sequence[x509.CertificateRevocationList] = (),
    is_revocation_required: bool = False,
) -> PathVerdict:
    """Tell whether ``certificate`` was good for signing documents at ``at``.

    (1) a path of signatures leads to a given anchor; (2) every certificate was in its
    dates; (3) every issuer may issue; (4) the end certificate may sign documents; (5) no
    critical extension is left unread; (6) keys and hashes are strong; (7) nothing was on a
    revocation list by then, and with ``is_revocation_required`` a fresh list says so.
    Serves: 21 CFR 11.30, 11.70.
    """
    try:
        return _validate(certificate, at, anchors, intermediates, crls, is_revocation_required=is_revocation_required)
    except DAMAGE:
        # The library reads extensions lazily and complains only when they are asked for.
        finding = Finding("certificate_damaged", "A certificate of the path is damaged and cannot be read.")
        return PathVerdict((finding,), (certificate,), revoked=False, revoked_at=None)


def _validate(
    certificate: x509.Certificate,
    at: dt.datetime,
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList],
    *,
    is_revocation_required: bool,
) -> PathVerdict:
    # (1) Signatures up to an anchor; of a renewed authority's certificates, the one of that time that was named.
    timely = sorted(anchors, key=lambda anchor: (bool(_check_dates(anchor, at)), anchor not in intermediates))
    path = _build_path((certificate,), timely, intermediates)
    if path is None:
        issuer_name = certificate.issuer.rfc4514_string()
        text = f"No trusted authority stands behind {name_of(certificate)} (issued by {issuer_name})."
        return PathVerdict((Finding("untrusted", text),), (certificate,), revoked=False, revoked_at=None)
    findings: list[Finding] = []
    # (2) Dates.
    for one in path:
        findings += _check_dates(one, at)
    # (3) Issuers.
    for below, issuer in enumerate(path[1:]):
        findings += _check_issuer(issuer, below)
    # (4) Purpose of the end certificate.
    findings += _check_purpose(certificate)
    # (5) and (6) Extensions and strength of every certificate.
    for one in path:
        findings += _check_extensions(one)
        findings += _check_strength(one, is_anchor=one is path[-1])
    # (7) Revocation of everything below the anchor.
    revoked_at = None
    for one, issuer in itertools.pairwise(path):
        since, found = _check_revocation(one, issuer, at, crls, is_required=is_revocation_required)
        findings += found
        revoked_at = revoked_at or since
    is_revoked = any(finding.code == "revoked" for finding in findings)
    return PathVerdict(tuple(findings), path, revoked=is_revoked, revoked_at=revoked_at)


def _build_path(
    path: tuple[x509.Certificate, ...], anchors: Sequence[x509.Certificate], intermediates: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | None:
    last = path[-1]
    if last in anchors:
        return path
    if len(path) >= LONGEST_PATH:
        return None
    for anchor in anchors:
        if _is_issued_by(last, anchor):
            return (*path, anchor)
    for issuer in intermediates:
        if issuer not in path and _is_issued_by(last, issuer):
            longer = _build_path((*path, issuer), anchors, intermediates)
            if longer is not None:
                return longer
    return None


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *DAMAGE):
        return False
    return True


def _check_dates(certificate: x509.Certificate, at: dt.datetime) -> list[Finding]:
    if at < certificate.not_valid_before_utc:
        begins = instant_text(certificate.not_valid_before_utc)
        return [Finding("not_yet_valid", f"{name_of(certificate)} is valid only from {begins}.")]
    if at > certificate.not_valid_after_utc:
        ends = instant_text(certificate.not_valid_after_utc)
        return [Finding("expired", f"{name_of(certificate)} was valid only until {ends}.")]
    return []


def _check_issuer(issuer: x509.Certificate, below: int) -> list[Finding]:
    """Check an issuing certificate with ``below`` further issuers between it and the end certificate."""
    findings = []
    constraints = extension_of(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        findings.append(Finding("not_an_authority", f"{name_of(issuer)} is not a certificate authority."))
    elif constraints.path_length is not None and constraints.path_length < below:
        findings.append(Finding("path_too_long", f"{name_of(issuer)} does not allow a path this long."))
    usage = extension_of(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        findings.append(Finding("not_an_authority", f"{name_of(issuer)} may not sign certificates."))
    return findings


def _check_purpose(certificate: x509.Certificate) -> list[Finding]:
    findings = []
    if is_authority(certificate):
        findings.append(
            Finding("is_authority", f"{name_of(certificate)} is an authority's certificate, not a signer's.")
        )
    usage = extension_of(certificate, x509.KeyUsage)
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        findings.append(Finding("wrong_purpose", f"The key of {name_of(certificate)} is not meant for signatures."))
    purposes = extension_of(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and SIGNING_PURPOSES.isdisjoint(purposes):
        findings.append(
            Finding("wrong_purpose", f"{name_of(certificate)} is not meant for signing documents or e-mail.")
        )
    return findings


def _check_extensions(certificate: x509.Certificate) -> list[Finding]:
    return [
        Finding(
            "unread_extension",
            f"{name_of(certificate)} has a critical extension {one.oid.dotted_string} not used here.",
        )
        for one in certificate.extensions
        if one.critical and one.oid not in _UNDERSTOOD
    ]


def _check_strength(certificate: x509.Certificate, *, is_anchor: bool) -> list[Finding]:
    findings = []
    key = certificate.public_key()
    strong_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in {"secp256r1", "secp384r1"}
    strong_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS
    if not (strong_curve or strong_rsa):
        text = f"{name_of(certificate)} has a key ({describe_key(certificate)}) that is too weak or not used here."
        findings.append(Finding("weak_key", text))
    # An anchor is trusted because it was given, not because it signed itself.
    if not is_anchor and hash_name_of(certificate) not in STRONG_HASHES:
        findings.append(Finding("weak_hash", f"{name_of(certificate)} was signed over an outdated hash."))
    return findings


def _check_revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: dt.datetime,
    crls: Sequence[x509.CertificateRevocationList],
    *,
    is_required: bool,
) -> tuple[dt.datetime | None, list[Finding]]:
    usable = [crl for crl in crls if _is_usable(crl, issuer)]
    entries = [
        found for crl in usable if (found := crl.get_revoked_certificate_by_serial_number(certificate.serial_number))
    ]
    if entries:
        since = min(_counts_from(entry) for entry in entries)
        if since <= at:
            return since, [Finding("revoked", f"{name_of(certificate)} was revoked at {instant_text(since)}.")]
        return since, []
    if is_required and not any(_covers(crl, at) for crl in usable):
        text = f"No current revocation list of {name_of(issuer)} says whether {name_of(certificate)} was revoked."
        return None, [Finding("revocation_unknown", text)]
    return None, []


def _is_usable(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Tell whether a list is the issuer's own, whole one (RFC 5280, 6.3.3; no delta or partial lists)."""
    key = issuer.public_key()
    if crl.issuer != issuer.subject or not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    usage = extension_of(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return False
    if any(one.critical for one in crl.extensions) or not crl.is_signature_valid(key):
        return False
    return crl.signature_hash_algorithm is not None and crl.signature_hash_algorithm.name in STRONG_HASHES


def _covers(crl: x509.CertificateRevocationList, at: dt.datetime) -> bool:
    return crl.next_update_utc is not None and at <= crl.next_update_utc


def _counts_from(entry: x509.RevokedCertificate) -> dt.datetime:
    """Return the instant from which a revocation counts: a known compromise counts from its own date."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc
    if reason is x509.ReasonFlags.key_compromise:
        return min(invalid, entry.revocation_date_utc)
    return entry.revocation_date_utc
