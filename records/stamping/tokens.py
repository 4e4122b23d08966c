"""RFC 3161 requests and tokens: what is asked, and whether an answer holds.

Owns the judgement of one token: a chain to a given root at the token's own instant, and nothing
of the network or of a stored verdict. The kept form is the bare token (a CMS ContentInfo), which
`openssl ts -verify -token_in` reads. The kept library checks signature and path; the request is
built here, since its builder takes neither a policy nor a digest. Pure: no Django.
Serves: 21 CFR 11.10(e), 11.30; RFC 3161, RFC 5816.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import ClassVar

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from records.stamping.errors import (
    StampAltered,
    StampCertificateExpired,
    StampHashWeak,
    StampImprintMismatch,
    StampMalformed,
    StampNonceMismatch,
    StampNotGranted,
    StampPolicyMismatch,
    StampPurposeMissing,
    StampTrustUnreadable,
    StampUntrusted,
)

STRONG_HASHES = ("sha256", "sha384", "sha512")
LARGEST_REPLY = 64 * 1024
"""Bytes: a token with a chain of RSA-4096 certificates has about 10,000."""

_NONCE_BITS = 64
_ESS_HASHES: dict[str, hashes.HashAlgorithm] = {
    # Names the certificate only; which one signed, and that it is trusted, is checked without it.
    "sha1": hashes.SHA1(),  # noqa: S303 - the only hash of ESSCertID (RFC 2634), which authorities still write
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class _Reply(core.Sequence):  # type: ignore[misc]
    """A reply whose token may be missing, as it is in a rejection; the library's own form demands one."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose time stamps count: self-issued roots, intermediates that a token may leave out, a policy or none."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One request as it is sent, and the nonce its answer must repeat."""

    der: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a good token says: the authority's instant, who it is, the stamp's serial number and policy."""

    at: dt.datetime
    authority: str
    serial: int
    policy: str


def read_trust(pem: bytes, *, policy: str = "") -> Trust:
    """Return the trusted authorities of a PEM bundle; its self-issued certificates are the roots.

    Raises: StampTrustUnreadable when it holds no certificate, or no root.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise StampTrustUnreadable(problem="it is not a PEM file of certificates") from None
    roots = tuple(one for one in found if one.issuer == one.subject)
    if not roots:
        raise StampTrustUnreadable(problem="it holds no root certificate, only intermediate ones")
    return Trust(roots, tuple(one for one in found if one not in roots), policy)


def build_query(digest: bytes, *, algorithm: str = "sha256", policy: str = "") -> Query:
    """Return a request for a stamp over a digest, with a fresh nonce, asking for the certificate too.

    Serves: RFC 3161, 2.4.1.
    """
    nonce = secrets.randbits(_NONCE_BITS) | 1 << (_NONCE_BITS - 1)  # the top bit set: always the same length
    imprint = {"hash_algorithm": {"algorithm": algorithm, "parameters": None}, "hashed_message": digest}
    fields = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    if policy:
        fields["req_policy"] = policy
    return Query(tsp.TimeStampReq(fields).dump(), nonce)


def read_reply(reply: bytes) -> bytes:
    """Return the token of a time-stamp reply, exactly as the authority wrote it.

    Raises: StampMalformed; StampNotGranted with the authority's own words.
    """
    if len(reply) > LARGEST_REPLY:
        raise StampMalformed(problem=f"it is larger than {LARGEST_REPLY} bytes")
    try:
        response = _Reply.load(reply, strict=True)
        status = response["status"]["status"].native
        if status != "granted":
            words = [str(status), *map(str, response["status"]["status_string"].native or [])]
            raise StampNotGranted(problem=": ".join(words)[:200])
        token: bytes = response["time_stamp_token"].dump()
    except (ValueError, TypeError, KeyError):
        raise StampMalformed(problem="the reply is not one of RFC 3161") from None
    return token


def verify_token(token: bytes, message: bytes, *, trust: Trust, nonce: int | None = None) -> Stamp:
    """Check a stored or fresh token over a message and return what it says.

    Serves: RFC 3161, 2.4.2 and appendix B; 21 CFR 11.30. Raises: as `verify_digest`.
    """
    facts = _read(token)
    return _judge(facts, hashlib.new(facts.algorithm, message).digest(), trust, nonce)


def verify_digest(
    token: bytes, digest: bytes, *, trust: Trust, algorithm: str = "sha256", nonce: int | None = None
) -> Stamp:
    """Check a token over a digest that was made elsewhere, and return what it says.

    Raises: StampMalformed, StampHashWeak, StampImprintMismatch, StampNonceMismatch,
    StampPolicyMismatch, StampPurposeMissing, StampCertificateExpired, StampUntrusted, StampAltered.
    """
    facts = _read(token)
    if facts.algorithm != algorithm:
        raise StampImprintMismatch
    return _judge(facts, digest, trust, nonce)


@dataclass(frozen=True, slots=True)
class _Facts:
    """A token taken apart; nothing of it is believed yet."""

    token: bytes
    algorithm: str
    digest: bytes
    nonce: int | None
    policy: str
    serial: int
    at: dt.datetime
    signer: x509.Certificate
    authority: str
    ess_hash: str
    ess_digest: bytes


def _read(token: bytes) -> _Facts:
    if len(token) > LARGEST_REPLY:
        raise StampMalformed(problem=f"it is larger than {LARGEST_REPLY} bytes")
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        info = signed["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        facts = _Facts(
            token,
            str(imprint["hash_algorithm"]["algorithm"].native),
            bytes(imprint["hashed_message"].native),
            info["nonce"].native,
            str(info["policy"].dotted),
            int(info["serial_number"].native),
            info["gen_time"].native,
            *_read_signer(signed),
        )
        if not isinstance(info, tsp.TSTInfo) or facts.at.tzinfo is None:
            raise StampMalformed(problem="it states no time")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, x509.InvalidVersion):
        raise StampMalformed(problem="its structure is damaged") from None
    if facts.algorithm not in STRONG_HASHES:
        raise StampHashWeak(found=facts.algorithm[:40])
    return facts


def _read_signer(signed: cms.SignedData) -> tuple[x509.Certificate, str, str, bytes]:
    """Return the signer's certificate, its name, and the hash by which what is signed names it (RFC 5816)."""
    (signer,) = signed["signer_infos"]  # exactly one: RFC 3161, 2.4.2
    sid = signer["sid"].chosen
    matching = [
        one.chosen
        for one in signed["certificates"]
        if one.chosen.issuer == sid["issuer"] and one.chosen.serial_number == sid["serial_number"].native
    ]
    if len(matching) != 1:
        raise StampMalformed(problem="it does not carry the certificate of its signer")
    certificate = x509.load_der_x509_certificate(matching[0].dump())
    authority = certificate.subject.rfc4514_string()
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        return (
            certificate,
            authority,
            str(named["hash_algorithm"]["algorithm"].native),
            bytes(named["cert_hash"].native),
        )
    if "signing_certificate" in attributes:
        return (
            certificate,
            authority,
            "sha1",
            bytes(attributes["signing_certificate"][0]["certs"][0]["cert_hash"].native),
        )
    raise StampMalformed(problem="its signer is not named in what is signed")


def _judge(facts: _Facts, digest: bytes, trust: Trust, nonce: int | None) -> Stamp:
    # (1) It is about these bytes, and answers this request.
    if not secrets.compare_digest(facts.digest, digest):
        raise StampImprintMismatch
    if nonce is not None and facts.nonce != nonce:
        raise StampNonceMismatch
    if trust.policy and facts.policy != trust.policy:
        raise StampPolicyMismatch(found=facts.policy, expected=trust.policy)
    # (2) Its signer may give time stamps, and could at that instant.
    _check_signer(facts)
    # (3) Signature and path, at that instant.
    _check_signature(facts, digest, trust)
    return Stamp(facts.at, facts.authority, facts.serial, facts.policy)


def _check_signer(facts: _Facts) -> None:
    try:
        extensions = facts.signer.extensions
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, x509.DuplicateExtension, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType):
        raise StampPurposeMissing(authority=facts.authority, problem="it states no extended key usage") from None
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise StampPurposeMissing(authority=facts.authority, problem="time stamping is not its one extended key usage")
    if not usage.critical:
        raise StampPurposeMissing(authority=facts.authority, problem="its extended key usage is not marked critical")
    if any(isinstance(one.value, x509.BasicConstraints) and one.value.ca for one in extensions):
        raise StampPurposeMissing(authority=facts.authority, problem="it is an authority for certificates")
    named_by = _ESS_HASHES.get(facts.ess_hash)
    if named_by is None or facts.signer.fingerprint(named_by) != facts.ess_digest:
        raise StampAltered(authority=facts.authority)
    if not facts.signer.not_valid_before_utc <= facts.at <= facts.signer.not_valid_after_utc:
        raise StampCertificateExpired(authority=facts.authority, at=f"{facts.at:%Y-%m-%d %H:%M:%S} UTC")


def _check_signature(facts: _Facts, digest: bytes, trust: Trust) -> None:
    verifier = VerifierBuilder(roots=list(trust.roots), intermediates=list(trust.intermediates)).build()
    try:
        verifier.verify(decode_timestamp_response(_as_reply(facts.token)), digest)
    except VerificationError as error:
        # OpenSSL's own words for a path that leads nowhere; any other reason is a broken signature.
        if "certificate verify error" in str(error):
            raise StampUntrusted(authority=facts.authority) from None
        raise StampAltered(authority=facts.authority) from None
    except ValueError:
        raise StampMalformed(problem="its structure is damaged") from None


def _as_reply(token: bytes) -> bytes:
    """Return the token as the library reads it: inside a reply, its certificates in the order of DER.

    OpenSSL and the authorities built on it write them in the order of the path; no signature covers them.
    """
    content = cms.ContentInfo.load(token)
    signed = content["content"]
    signed["certificates"] = sorted(signed["certificates"], key=lambda one: one.dump())
    reply: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": content}).dump()
    return reply
