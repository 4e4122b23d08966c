"""A site authority, people and their certificates for the signature tests, made by the real rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from records.keys import FileKeyStore
from signatures import ca
from signatures.containers import ContainerStrength
from signatures.statements import Statement

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
"""The instant at which the tests issue and sign."""

QUICK = ContainerStrength(key_rounds=1_000, mac_rounds=1_000)
"""Few rounds, for tests that open many containers; the shipped strength has its own test."""

PASSWORD = "correct horse battery staple"

VECTORS = Path(__file__).parent.parent / "assets" / "vectors"


@dataclass(frozen=True)
class Site:
    """One installation's authority."""

    authority: ca.Authority

    @property
    def root(self) -> x509.Certificate:
        return self.authority.certificate

    def enrol(self, username: str = "m.ito", *, at: dt.datetime = AT, days: int = 730) -> ca.IssuedIdentity:
        return ca.issue_personal_certificate(
            self.authority,
            printed_name="Mei Itō",
            username=username,
            person_number="P-0007",
            organisation="Example Pharma",
            at=at,
            days=days,
        )

    def revoke(
        self, *serials: int, revoked_at: dt.datetime = AT, at: dt.datetime = AT, **facts: object
    ) -> x509.CertificateRevocationList:
        entries = [ca.Revocation(serial, revoked_at, **facts) for serial in serials]  # type: ignore[arg-type]
        return ca.build_revocation_list(self.authority, entries, number=1, at=at)


def make_site(folder: Path, name: str = "Basel") -> Site:
    """Make a site with its own key store and root."""
    store = FileKeyStore(folder / name)
    return Site(
        ca.create_authority(
            store, key_name="site-ca", organisation="Example Pharma", site=name, at=AT - dt.timedelta(days=400)
        )
    )


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certify(
    subject: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None = None,
    *,
    begins: dt.datetime = AT - dt.timedelta(days=300),
    ends: dt.datetime = AT + dt.timedelta(days=300),
    is_authority: bool = False,
    path_length: int | None = None,
    digital_signature: bool = True,
    may_certify: bool = True,
    purposes: list[x509.ObjectIdentifier] | None = None,
    extra: list[tuple[x509.ExtensionType, bool]] | None = None,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA224 | None = None,
) -> x509.Certificate:
    """Issue a certificate as a company's authority might, with faults on request."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=digital_signature and not is_authority,
                content_commitment=False,
                key_cert_sign=is_authority and may_certify,
                crl_sign=is_authority,
                **usage,
            ),
            critical=True,
        )
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra or []:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer[1] if issuer else key, algorithm or hashes.SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_statement(**changes: object) -> Statement:
    """Make a complete statement, with single elements changed."""
    facts: dict[str, object] = {
        "record_type": "batches.batch",
        "record_number": "BR-2026-0007",
        "version": 3,
        "content_hash": "ab" * 32,
        "meaning": "approval",
        "sentence": "I approve the disposition “Released” of BR-2026-0007, version 3.",
        "printed_name": "Mei Itō",
        "username": "m.ito",
        "role": "qa_manager",
        "reason": "All units reconciled.",
        "components": ("password", "totp"),
        "signed_at": AT,
        "time_zone": "Europe/Zurich",
        "utc_offset": "+01:00",
        "ceremony": "5b2f0c5e-6a0f-4d3e-9d55-6e2a5f1a0001",
        "policy_version": "1",
        "build": "0.1.0+abc1234",
        "action": "dispose",
        "seat": "qa",
    }
    return Statement(**(facts | changes))  # type: ignore[arg-type]
