"""The site's certificate authority (RFC 5280): personal, seal and authority certificates, revocation list.

Owns what the authority writes into a certificate. Never keeps a person's key: it is made in
memory and leaves at once in the person's own container (``containers.py``). Pure: no Django.
Serves: 21 CFR 11.30, 11.100(a), 11.200(a)(2).
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from records.canonical import instant_text
from records.keys import KeyKind, KeyStore, StoreSigningKey, ensure_key, find_version
from signatures.certificates import DOCUMENT_SIGNING
from signatures.errors_pki import AuthorityUnusable, SubjectIncomplete

AUTHORITY_DAYS = 3650
PERSONAL_DAYS = 730
SEAL_DAYS = 1825
REVOCATION_LIST_DAYS = 7
BACKDATING = dt.timedelta(minutes=5)
"""A certificate counts from a little before it was issued, so that a slower clock accepts it."""

LONGEST_NAME = 64
"""UTF-8 bytes in one part of a subject; X.520 allows 64 characters, certificate software counts bytes."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate authority as it acts: its key by name in the store, and its certificate."""

    store: KeyStore
    key_name: str
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class IssuedIdentity:
    """A person's new key and certificate, to be put into their container and then forgotten."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the revocation list. ``compromised_at`` is the earliest instant the key was not safe."""

    serial_number: int
    revoked_at: dt.datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified
    compromised_at: dt.datetime | None = None


def create_authority(
    store: KeyStore,
    *,
    key_name: str,
    organisation: str,
    site: str,
    at: dt.datetime,
    kind: KeyKind = KeyKind.P384,
    days: int = AUTHORITY_DAYS,
) -> Authority:
    """Make the site's own root authority; its key is made in the store if it is not there.

    Units: ``days`` of validity. Raises: SubjectIncomplete, KeyKindMismatch.
    """
    ensure_key(store, key_name, kind)
    key = StoreSigningKey(store, key_name)
    subject = _subject(organisation=organisation, common_name=f"{site} signing authority")
    return Authority(store, key_name, _self_sign(key, subject, at - BACKDATING, at + dt.timedelta(days=days)))


def renew_authority(authority: Authority, *, at: dt.datetime, days: int = AUTHORITY_DAYS) -> x509.Certificate:
    """Return the authority's next certificate: the same name and key, valid from now on.

    Since the key stays, what it signed under the older certificate has a path to either, and one revocation
    list serves both (RFC 4949, "certificate renewal"). Units: ``days`` of validity. Raises: AuthorityUnusable.
    """
    key, subject = _key_of(authority), authority.certificate.subject
    return _self_sign(key, subject, at - BACKDATING, at + dt.timedelta(days=days))


def issue_personal_certificate(
    authority: Authority,
    *,
    printed_name: str,
    username: str,
    person_number: str,
    organisation: str,
    at: dt.datetime,
    days: int = PERSONAL_DAYS,
) -> IssuedIdentity:
    """Make a P-256 key in memory and a certificate that names its one owner.

    The subject carries the printed name (CN), the user name (UID) and the person's lasting
    number (serialNumber), so that no two people ever share one; a name longer than X.520
    allows is cut there and stays whole in every statement. Units: ``days`` of validity, cut
    to the authority's. Serves: 21 CFR 11.100(a), 11.200(a)(2).
    Raises: SubjectIncomplete, AuthorityUnusable.
    """
    subject = _subject(
        organisation=organisation, common_name=_shortened(printed_name), username=username, person_number=person_number
    )
    key = ec.generate_private_key(ec.SECP256R1())
    return IssuedIdentity(key, _issue_signer(authority, subject, key.public_key(), at, days))


def issue_seal_certificate(
    authority: Authority, *, key_name: str, organisation: str, site: str, at: dt.datetime, days: int = SEAL_DAYS
) -> x509.Certificate:
    """Issue the organisation's seal certificate for a P-256 key in the store, making the key at first use.

    The seal says which organisation gave out a document; it is nobody's signature.
    Units: ``days`` of validity. Raises: SubjectIncomplete, AuthorityUnusable, KeyKindMismatch.
    """
    ensure_key(authority.store, key_name, KeyKind.P256)
    subject = _subject(organisation=organisation, common_name=f"{site} document seal")
    return _issue_signer(authority, subject, StoreSigningKey(authority.store, key_name).public_key(), at, days)


def build_revocation_list(
    authority: Authority,
    revocations: Iterable[Revocation],
    *,
    number: int,
    at: dt.datetime,
    days: int = REVOCATION_LIST_DAYS,
) -> x509.CertificateRevocationList:
    """Sign the full list of revoked certificates. Units: ``days`` until the next list is due.

    ``number`` grows with every list (RFC 5280, 5.2.3). Serves: 21 CFR 11.300(c). Raises: AuthorityUnusable.
    """
    key = _key_of(authority)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(at)
        .next_update(at + dt.timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for revocation in revocations:
        builder = builder.add_revoked_certificate(_entry(revocation))
    return builder.sign(key, key.hash)


def _self_sign(key: StoreSigningKey, subject: x509.Name, begins: dt.datetime, ends: dt.datetime) -> x509.Certificate:
    return (
        _builder(subject, subject, key.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, key.hash)
    )


def _issue_signer(
    authority: Authority, subject: x509.Name, public: ec.EllipticCurvePublicKey, at: dt.datetime, days: int
) -> x509.Certificate:
    root = authority.certificate
    if not root.not_valid_before_utc <= at < root.not_valid_after_utc:
        raise AuthorityUnusable(problem=f"its own certificate is not valid at {instant_text(at)}")
    key = _key_of(authority)
    begins = max(at - BACKDATING, root.not_valid_before_utc)
    ends = min(at + dt.timedelta(days=days), root.not_valid_after_utc)
    purposes = [DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    return (
        _builder(subject, root.subject, public, begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, key.hash)
    )


def _key_of(authority: Authority) -> StoreSigningKey:
    # The certificate says which version of the key signs: rotating the key in its store makes no new authority.
    version = find_version(authority.store, authority.key_name, authority.certificate.public_key())
    if version is None:
        raise AuthorityUnusable(problem=f"the key “{authority.key_name}” does not belong to its certificate")
    return StoreSigningKey(authority.store, authority.key_name, version=version)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(
    *, organisation: str, common_name: str, username: str | None = None, person_number: str | None = None
) -> x509.Name:
    parts = [
        (NameOID.ORGANIZATION_NAME, "organisation", organisation),
        (NameOID.COMMON_NAME, "printed name", common_name),
        (NameOID.USER_ID, "user name", username),
        (NameOID.SERIAL_NUMBER, "person number", person_number),
    ]
    return x509.Name([_attribute(oid, field, value) for oid, field, value in parts if value is not None])


def _shortened(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_NAME:
        return text
    return encoded[: LONGEST_NAME - len("…".encode())].decode("utf-8", "ignore") + "…"


def _attribute(oid: x509.ObjectIdentifier, field: str, value: str) -> x509.NameAttribute[str]:
    text = unicodedata.normalize("NFC", value)
    is_clean = all(unicodedata.category(character) not in {"Cc", "Cs"} for character in text)
    is_plain = oid != NameOID.SERIAL_NUMBER or text.isascii()
    if not (is_clean and is_plain and text.strip() and len(text.encode("utf-8")) <= LONGEST_NAME):
        raise SubjectIncomplete(field=field, value=repr(value[:80]))
    return x509.NameAttribute(oid, text)


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder().serial_number(revocation.serial_number).revocation_date(revocation.revoked_at)
    )
    # RFC 5280, 5.3.1: "unspecified" is said by leaving the reason out.
    if revocation.reason is not x509.ReasonFlags.unspecified:
        builder = builder.add_extension(x509.CRLReason(revocation.reason), critical=False)
    if revocation.compromised_at is not None:
        builder = builder.add_extension(x509.InvalidityDate(revocation.compromised_at), critical=False)
    return builder.build()
