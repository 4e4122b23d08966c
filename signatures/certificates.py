"""Certificates as facts in words (RFC 5280): reading, describing, naming.

Owns how a certificate is shown to people and which of its fields carry what here. Never
decides whether it is to be trusted: that is ``paths.py``. Pure: no Django.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signatures.errors_pki import CertificateUnreadable

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Extended key usage for signing documents (RFC 9336)."""

DAMAGE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises on damaged or foreign certificates, often only when a field is asked for."""

Kind = TypeVar("Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a person reads of a certificate. ``username`` is empty where it holds none."""

    subject: str
    printed_name: str
    username: str
    organisation: str
    issuer: str
    serial_hex: str
    not_before: dt.datetime
    not_after: dt.datetime
    key: str
    signature_hash: str
    usages: tuple[str, ...]
    fingerprint: str
    is_authority: bool


def read_certificates(data: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file, or the one of a DER file. Raises: CertificateUnreadable."""
    try:
        found = (
            x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else [x509.load_der_x509_certificate(data)]
        )
    except DAMAGE:
        raise CertificateUnreadable(problem="it is neither PEM nor DER") from None
    for certificate in found:
        describe_certificate(certificate)  # Asks for every field once, so that damage shows here and not later.
    return tuple(found)


def read_crl(data: bytes) -> x509.CertificateRevocationList:
    """Return a revocation list from PEM or DER. Raises: CertificateUnreadable."""
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except DAMAGE:
        raise CertificateUnreadable(problem="it is neither PEM nor DER") from None


def pem_of(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as one PEM file, as ``openssl -CAfile`` takes it."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the DER certificate as lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def describe_certificate(certificate: x509.Certificate) -> CertificateFacts:
    """Return the facts of a certificate in words. Raises: CertificateUnreadable for damaged extensions."""
    try:
        return CertificateFacts(
            subject=certificate.subject.rfc4514_string(),
            printed_name=_first(certificate.subject, NameOID.COMMON_NAME),
            username=username_of(certificate),
            organisation=_first(certificate.subject, NameOID.ORGANIZATION_NAME),
            issuer=certificate.issuer.rfc4514_string(),
            serial_hex=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            key=describe_key(certificate),
            signature_hash=hash_name_of(certificate) or "none",
            usages=_usages(certificate),
            fingerprint=fingerprint_of(certificate),
            is_authority=is_authority(certificate),
        )
    except DAMAGE:
        raise CertificateUnreadable(problem="its fields are damaged") from None


def username_of(certificate: x509.Certificate) -> str:
    """Return the user name our authority wrote into the subject (UID, RFC 4519), or nothing."""
    return _first(certificate.subject, NameOID.USER_ID)


def describe_key(certificate: x509.Certificate) -> str:
    """Return the kind and size of a certificate's key in words."""
    match certificate.public_key():
        case ec.EllipticCurvePublicKey() as key:
            return f"elliptic curve {key.curve.name}"
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size} bit"
        case key:
            return type(key).__name__.removesuffix("PublicKey")


def extension_of(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """Return an extension by its kind, or None where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _usages(certificate: x509.Certificate) -> tuple[str, ...]:
    words = []
    usage = extension_of(certificate, x509.KeyUsage)
    if usage is not None:
        named = {
            "digital signature": usage.digital_signature,
            "non-repudiation": usage.content_commitment,
            "certificate signing": usage.key_cert_sign,
            "revocation list signing": usage.crl_sign,
        }
        words += [word for word, is_set in named.items() if is_set]
    purposes = extension_of(certificate, x509.ExtendedKeyUsage)
    if purposes is not None:
        named_purposes = {
            DOCUMENT_SIGNING: "document signing",
            ExtendedKeyUsageOID.EMAIL_PROTECTION: "e-mail protection",
        }
        words += [named_purposes.get(purpose, purpose.dotted_string) for purpose in purposes]
    return tuple(words)


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate calls itself an authority's."""
    constraints = extension_of(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def hash_name_of(certificate: x509.Certificate) -> str | None:
    """Return the hash a certificate was signed over, or None where its algorithm has none."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm is not None else None


def name_of(certificate: x509.Certificate) -> str:
    """Return how a sentence names a certificate."""
    name = _first(certificate.subject, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string()
    return f"the certificate of “{name}”"


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for attribute in name.get_attributes_for_oid(oid):
        return attribute.value if isinstance(attribute.value, str) else attribute.value.hex()
    return ""
