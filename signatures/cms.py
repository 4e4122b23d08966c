"""Detached CMS signatures over a statement (RFC 5652, RFC 5035 for the certificate's hash).

Owns what is signed beside the statement, and the verdict on it. The structure is built here
and not by the library's PKCS#7 builder, because that one stamps its own clock and does not
bind the signer's certificate. A signature is taken apart and put together again, and only
the same bytes are accepted, so that nobody can alter what no signature covers;
``openssl cms -verify`` accepts it too. Pure: no Django.
Serves: 21 CFR 11.50(a), 11.70, 11.200(a)(2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asn1crypto import algos, core, tsp
from asn1crypto import cms as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from records.digests import sha256
from signatures.certificates import read_certificates
from signatures.containers import SigningKey
from signatures.errors_pki import CertificateUnreadable, SignatureMalformed, SigningKeyMismatch
from signatures.statements import Statement

LARGEST_SIGNATURE = 64 * 1024
"""Bytes; one with a chain of three has about 4,000."""

_CURVE_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
    ),
}
"""SEC 2, 2.4.2 and 2.5.1."""

_SIGNED_ATTRIBUTES = frozenset({"content_type", "message_digest", "signing_time", "signing_certificate_v2"})


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """All that differs between two detached CMS of our form.

    ``certificate_hash`` is the SHA-256 by which the signed attributes name the signer's
    certificate (RFC 5035). ``signed_at`` has whole seconds, as CMS has.
    """

    digest: bytes
    signed_at: dt.datetime
    certificate_hash: bytes
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    signature: bytes


def sign_statement(
    statement: Statement, *, key: SigningKey, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()
) -> bytes:
    """Sign a statement; return the detached CMS in DER, with the signer's certificate and its chain.

    The signing time is the statement's. ECDSA or RSA (PKCS#1 v1.5) over SHA-256.
    Serves: 21 CFR 11.70. Raises: SigningKeyMismatch when the key is not the certificate's.
    """
    if key.public_key() != certificate.public_key():
        raise SigningKeyMismatch(problem="they do not belong together")
    return sign_bytes(
        statement.to_bytes(),
        sign=lambda message: _sign_raw(key, message),
        certificate=certificate,
        chain=chain,
        at=statement.signed_at,
    )


def sign_bytes(
    data: bytes,
    *,
    sign: Callable[[bytes], bytes],
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    at: dt.datetime,
) -> bytes:
    """Return the detached CMS over any bytes; ``sign`` makes the raw signature, so that the key may stay in a store.

    Serves: 21 CFR 11.30, 11.70.
    """
    digest = sha256(data)
    certificate_hash = certificate.fingerprint(hashes.SHA256())
    signed_at = at.replace(microsecond=0)
    signature = sign(_signed_attributes(digest, signed_at, certificate_hash).dump())
    others = tuple(one for one in dict.fromkeys(chain) if one != certificate)
    return assemble(SignatureParts(digest, signed_at, certificate_hash, certificate, others, signature))


def assemble(parts: SignatureParts) -> bytes:
    """Return the one CMS (DER) that these parts make."""
    native = _native(parts.signer)
    info = asn1.SignerInfo(
        {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": native.issuer, "serial_number": native.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": _signed_attributes(parts.digest, parts.signed_at, parts.certificate_hash),
            "signature_algorithm": _signature_algorithm(parts.signer.public_key()),
            "signature": parts.signature,
        }
    )
    signed = asn1.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data"},
            "certificates": [native, *(_native(one) for one in parts.others)],
            "signer_infos": [info],
        }
    )
    result: bytes = asn1.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return result


def take_apart(cms: bytes) -> SignatureParts:
    """Return the parts of a detached CMS of our form; nothing in them is trusted yet.

    Raises: SignatureMalformed for any other bytes, however slight the difference.
    """
    if len(cms) > LARGEST_SIGNATURE:
        raise SignatureMalformed(problem="it is far larger than a signature")
    try:
        parts = _read(cms)
        again = assemble(parts)
    except (CertificateUnreadable, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        # What the ASN.1 reader raises on damaged input; which one depends on where it is damaged.
        raise SignatureMalformed(problem="it is damaged") from None
    if again != cms:
        raise SignatureMalformed(problem="it holds something that no signature covers, or in another form")
    return parts


def is_signed(parts: SignatureParts) -> bool:
    """Tell whether the signer's key made the signature over the signed attributes."""
    public = parts.signer.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    # An ECDSA signature has a twin (n - s) that also verifies; only the lower one is made and taken.
    if isinstance(public, ec.EllipticCurvePublicKey) and not is_lower(parts.signature, public.curve):
        return False
    message = _signed_attributes(parts.digest, parts.signed_at, parts.certificate_hash).dump()
    return verify_raw(public, parts.signature, message)


def verify_raw(public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether ``signature`` is the key's over SHA-256 of ``message``: ECDSA in DER, or RSA PKCS#1 v1.5."""
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _read(cms: bytes) -> SignatureParts:
    signed = asn1.ContentInfo.load(cms, strict=True)["content"]
    (info,) = signed["signer_infos"]
    attributes = {one["type"].native: one["values"][0] for one in info["signed_attrs"]}
    if attributes.keys() != _SIGNED_ATTRIBUTES:
        raise SignatureMalformed(problem="its signed attributes are not the four used here")
    certificates = [read_certificates(choice.chosen.dump())[0] for choice in signed["certificates"]]
    sid = info["sid"].chosen
    issuer, serial = sid["issuer"].dump(), sid["serial_number"].native
    named = [one for one in certificates if (one.issuer.public_bytes(), one.serial_number) == (issuer, serial)]
    if len(named) != 1:
        raise SignatureMalformed(problem="the signer's certificate is not in it exactly once")
    return SignatureParts(
        digest=attributes["message_digest"].native,
        signed_at=attributes["signing_time"].native,
        certificate_hash=attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native,
        signer=named[0],
        others=tuple(one for one in certificates if one != named[0]),
        signature=info["signature"].native,
    )


def _signed_attributes(digest: bytes, signed_at: dt.datetime, certificate_hash: bytes) -> asn1.CMSAttributes:
    # RFC 5652, 11.3: years from 2050 on are written as GeneralizedTime.
    kind = "utc_time" if signed_at.year < 2050 else "generalized_time"
    named = tsp.SigningCertificateV2({"certs": [{"cert_hash": certificate_hash}]})
    return asn1.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [asn1.Time({kind: signed_at})]},
            {"type": "message_digest", "values": [digest]},
            {"type": "signing_certificate_v2", "values": [named]},
        ]
    )


def _sign_raw(key: SigningKey, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return lower_twin(key.sign(message, ec.ECDSA(hashes.SHA256())), key.curve)


def lower_twin(signature: bytes, curve: ec.EllipticCurve) -> bytes:
    """Return the one of an ECDSA signature and its twin (n - s) that is taken here."""
    if is_lower(signature, curve):
        return signature
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, _CURVE_ORDERS[curve.name] - s)


def is_lower(signature: bytes, curve: ec.EllipticCurve) -> bool:
    """Tell whether an ECDSA signature is the lower of its two twins."""
    try:
        _, s = decode_dss_signature(signature)
    except ValueError:
        return False
    return curve.name in _CURVE_ORDERS and s <= _CURVE_ORDERS[curve.name] // 2


def _signature_algorithm(public: object) -> algos.SignedDigestAlgorithm:
    if isinstance(public, rsa.RSAPublicKey):
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa", "parameters": core.Null()})
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})


def _native(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
