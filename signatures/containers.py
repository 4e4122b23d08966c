"""Personal signing containers: PKCS#12 files (RFC 7292) under the owner's own password.

Owns how a private key is locked away, opened for one ceremony and moved to a new password.
Never keeps a password or an opened key; never opens a container whose protection is outdated
or absent. Pure: no Django. Serves: 21 CFR 11.200(a)(2), 11.200(a)(3), 11.300(d).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import cms as asn1_cms
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from signatures.errors_pki import (
    CompanyCertificateRefused,
    ContainerIncomplete,
    ContainerOutdated,
    ContainerPasswordEmpty,
    ContainerPasswordWrong,
    ContainerUnprotected,
    ContainerUnreadable,
)
from signatures.paths import validate_path

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LARGEST_CONTAINER = 256 * 1024
"""Bytes; a container with a long chain has about 10,000."""

MOST_ROUNDS = 10_000_000
"""More would let an uploaded file keep a processor busy for minutes."""

_STRONG_MACS = frozenset({"sha256", "sha384", "sha512"})
_STRONG_CIPHERS = frozenset({"aes128_cbc", "aes192_cbc", "aes256_cbc"})


@dataclass(frozen=True, slots=True)
class ContainerStrength:
    """Rounds that each guess at a password costs: of PBKDF2 for the key, of the PKCS#12 KDF for the check sum.

    The lower one is what an attacker pays, so neither may lag behind.
    """

    key_rounds: int = 600_000
    mac_rounds: int = 1_000_000


@dataclass(frozen=True, slots=True)
class ContainerProtection:
    """How a container is protected, read without its password."""

    mac_hash: str
    mac_rounds: int
    ciphers: tuple[str, ...]
    key_rounds: tuple[int, ...]
    has_open_key: bool


@dataclass(frozen=True, slots=True, repr=False)
class OpenContainer:
    """What a container held: the private key, its certificate, the rest of the chain. Not for keeping."""

    key: SigningKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


DEFAULT_STRENGTH = ContainerStrength()


def build_container(
    key: SigningKey,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    password: str,
    *,
    strength: ContainerStrength = DEFAULT_STRENGTH,
) -> bytes:
    """Lock a key and its certificates into a container: PBES2 with AES-256, PBKDF2 and MAC over SHA-256.

    Raises: ContainerPasswordEmpty; ContainerIncomplete when the key is not the certificate's.
    """
    if key.public_key() != certificate.public_key():
        raise ContainerIncomplete(problem="the certificate belongs to another key")
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(strength.key_rounds)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(_password_bytes(password))
    )
    pfx = pkcs12.serialize_key_and_certificates(b"signing key", key, certificate, list(chain) or None, encryption)
    return _strengthen_mac(pfx, password, strength.mac_rounds)


def open_container(pfx: bytes, password: str) -> OpenContainer:
    """Open a container with its owner's password.

    Raises: ContainerPasswordEmpty; ContainerUnreadable; ContainerUnprotected;
    ContainerOutdated; ContainerPasswordWrong; ContainerIncomplete.
    """
    # (0) A password at all.
    secret = _password_bytes(password)
    # (1) Readable, and (2) protected as we ask, before any expensive step.
    check_protection(describe_protection(pfx))
    # (3) The password opens it.
    try:
        contents = pkcs12.load_pkcs12(pfx, secret)
    except ValueError:
        raise ContainerPasswordWrong from None
    except UnsupportedAlgorithm:
        raise ContainerUnreadable(problem="it uses a method that is not supported here") from None
    # (4) It holds a signing key and that key's certificate.
    if contents.key is None or contents.cert is None:
        raise ContainerIncomplete(problem="it holds no private key with a certificate")
    if not isinstance(contents.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ContainerIncomplete(problem="its key is neither an elliptic-curve nor an RSA key")
    certificate = contents.cert.certificate
    if contents.key.public_key() != certificate.public_key():
        raise ContainerIncomplete(problem="its certificate belongs to another key")
    return OpenContainer(contents.key, certificate, tuple(one.certificate for one in contents.additional_certs))


def rewrap_container(
    pfx: bytes, *, old_password: str, new_password: str, strength: ContainerStrength = DEFAULT_STRENGTH
) -> bytes:
    """Move a container to a new password; only who knows the old one can.

    Serves: 21 CFR 11.200(a)(3), 11.300(b). Raises: as open_container and build_container.
    """
    opened = open_container(pfx, old_password)
    return build_container(opened.key, opened.certificate, opened.chain, new_password, strength=strength)


def check_company_container(
    pfx: bytes,
    password: str,
    *,
    anchors: Sequence[x509.Certificate],
    at: dt.datetime,
    crls: Sequence[x509.CertificateRevocationList] = (),
) -> OpenContainer:
    """Open a container from the company's own authority and check that it may sign here.

    Chain to a trusted certificate, dates, key usage, key strength; with revocation lists
    given, a current one must clear it. Serves: 21 CFR 11.100(b), 11.30.
    Raises: CompanyCertificateRefused with every reason; as open_container.
    """
    opened = open_container(pfx, password)
    verdict = validate_path(
        opened.certificate,
        at=at,
        anchors=anchors,
        intermediates=opened.chain,
        crls=crls,
        is_revocation_required=bool(crls),
    )
    if not verdict.is_valid:
        reasons = tuple(finding.code for finding in verdict.findings)
        sentences = " ".join(finding.text for finding in verdict.findings)
        raise CompanyCertificateRefused(reasons=sentences, codes=reasons)
    return OpenContainer(opened.key, opened.certificate, verdict.path[1:-1])


def describe_protection(pfx: bytes) -> ContainerProtection:
    """Read how a container is protected, without its password. Raises: ContainerUnreadable, ContainerUnprotected."""
    if len(pfx) > LARGEST_CONTAINER:
        raise ContainerUnreadable(problem=f"it is larger than {LARGEST_CONTAINER // 1024} kB")
    try:
        container = asn1_pkcs12.Pfx.load(pfx, strict=True)
        if container["auth_safe"]["content_type"].native != "data":
            raise ContainerUnreadable(problem="it is protected by a key instead of a password")
        mac = container["mac_data"]
        if not mac.native:
            raise ContainerUnprotected
        ciphers, rounds, has_open_key = _read_encryption(container.authenticated_safe)
        return ContainerProtection(
            mac_hash=mac["mac"]["digest_algorithm"]["algorithm"].native,
            mac_rounds=mac["iterations"].native,
            ciphers=tuple(ciphers),
            key_rounds=tuple(rounds),
            has_open_key=has_open_key,
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        # What the ASN.1 reader raises on damaged input; which one depends on where it is damaged.
        raise ContainerUnreadable(problem="it is damaged or not a container at all") from None


def check_protection(protection: ContainerProtection) -> None:
    """Refuse a container whose protection is absent, outdated or absurd.

    Raises: ContainerUnprotected, ContainerOutdated, ContainerUnreadable.
    """
    if protection.has_open_key:
        raise ContainerUnprotected
    weak = [cipher for cipher in protection.ciphers if cipher not in _STRONG_CIPHERS]
    if protection.mac_hash not in _STRONG_MACS:
        weak.append(f"check sum {protection.mac_hash}")
    if weak:
        raise ContainerOutdated(found=", ".join(dict.fromkeys(weak)))
    if not all(1 <= rounds <= MOST_ROUNDS for rounds in (protection.mac_rounds, *protection.key_rounds)):
        raise ContainerUnreadable(problem="its number of rounds is out of range")


def _read_encryption(safe: asn1_pkcs12.AuthenticatedSafe) -> tuple[list[str], list[int], bool]:
    algorithms = []
    has_open_key = False
    for part in safe:
        kind = part["content_type"].native
        if kind == "encrypted_data":
            algorithms.append(part["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        elif kind == "data":
            for bag in asn1_pkcs12.SafeContents.load(part["content"].native, strict=True):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    algorithms.append(bag["bag_value"]["encryption_algorithm"])
                has_open_key = has_open_key or bag["bag_id"].native == "key_bag"
        else:
            raise ContainerUnreadable(problem="one of its parts is of an unknown kind")
    return ([_cipher(one) for one in algorithms], [_rounds(one) for one in algorithms], has_open_key)


def _cipher(algorithm: asn1_cms.EncryptionAlgorithm) -> str:
    if algorithm["algorithm"].native != "pbes2":
        return str(algorithm["algorithm"].native)
    return str(algorithm["parameters"]["encryption_scheme"]["algorithm"].native)


def _rounds(algorithm: asn1_cms.EncryptionAlgorithm) -> int:
    if algorithm["algorithm"].native != "pbes2":
        return int(algorithm["parameters"]["iterations"].native)
    return int(algorithm["parameters"]["key_derivation_func"]["parameters"]["iteration_count"].native)


def _strengthen_mac(pfx: bytes, password: str, rounds: int) -> bytes:
    """Replace the check sum: the library derives its key in 2,048 rounds, a cheap way to guess the password."""
    container = asn1_pkcs12.Pfx.load(pfx)
    content = container["auth_safe"]["content"].native
    salt = secrets.token_bytes(16)
    container["mac_data"] = asn1_pkcs12.MacData(
        {
            "mac": {
                "digest_algorithm": {"algorithm": "sha256"},
                "digest": hmac.digest(_mac_key(password, salt, rounds), content, "sha256"),
            },
            "mac_salt": salt,
            "iterations": rounds,
        }
    )
    result: bytes = container.dump()
    return result


def _mac_key(password: str, salt: bytes, rounds: int) -> bytes:
    """Derive a MAC key (RFC 7292, appendix B.2; purpose 3, one SHA-256 block, so no second round of B.2 step 6)."""
    block = 64

    def fill(text: bytes) -> bytes:
        length = block * -(-len(text) // block)
        return (text * (length // len(text) + 1))[:length]

    state = bytes([3]) * block + fill(salt) + fill(_normal(password).encode("utf-16-be") + b"\0\0")
    for _ in range(rounds):
        state = hashlib.sha256(state).digest()
    return state


def _password_bytes(password: str) -> bytes:
    if not password:
        raise ContainerPasswordEmpty
    try:
        return _normal(password).encode("utf-8")
    except UnicodeEncodeError:
        raise ContainerPasswordWrong from None


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive in another Unicode form.
    return unicodedata.normalize("NFC", password)
