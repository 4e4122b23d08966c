"""The verdict on the signatures in a PDF, and on our own seal in particular.

Owns what an inspector is told about a document: is each signature intact, does it cover the
whole file, who made it and when. No file may make it crash; a file that cannot be read is
simply not sealed. No analysis of differences between revisions: a signature that does not
cover the whole file says so. Pure: no Django. Serves: 21 CFR 11.10(a), 11.30.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import cms as asn1
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import ValidationContext

from records.errors import Refusal
from records.stamping.tokens import Trust, verify_token
from signatures.certificates import CertificateFacts, describe_certificate, read_certificates
from signatures.cms import is_lower
from signatures.paths import STRONG_HASHES, Finding, validate_path
from signatures.pdf_seal import SEAL_FIELD

# The library reports each odd file it reads; the verdict says it in words.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class PdfSignatureVerdict:
    """What can be said about one signature in a PDF. Every attribute stands alone.

    ``is_intact``: the bytes it covers are unaltered and the signature verifies.
    ``covers_whole_document``: those bytes are the whole file but for the signature itself.
    ``is_signer_trusted``: a path to a trusted authority held at ``signed_at``.
    ``has_stray_certificates``: it carries certificates that its path does not need.
    ``signed_at``: the time stamp's instant where there is a trusted one, else what the signer says.
    """

    field_name: str
    is_intact: bool
    covers_whole_document: bool
    is_signer_trusted: bool
    signed_by: CertificateFacts | None
    signed_at: dt.datetime | None
    is_time_stamped: bool
    has_stray_certificates: bool
    reasons: tuple[Finding, ...]

    @property
    def bottom_line(self) -> bool:
        """The signature is good and nothing was added to the document."""
        return self.is_intact and self.covers_whole_document and self.is_signer_trusted and not self.reasons


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """Whether a document is exactly what the organisation sealed; ``signatures`` are all it carries."""

    signatures: tuple[PdfSignatureVerdict, ...]
    reasons: tuple[Finding, ...]

    @property
    def bottom_line(self) -> bool:
        """The document carries our seal, whole and good, and nothing else."""
        return not self.reasons and len(self.signatures) == 1 and self.signatures[0].bottom_line


def verify_seal(
    pdf: bytes,
    *,
    anchors: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList] = (),
    stamp_trust: Trust | None = None,
) -> SealVerdict:
    """Judge a document that should carry our seal.

    (1) it can be read; (2) it carries exactly one signature, in the seal's field; (3) that is
    intact, covers the whole file and comes from a trusted authority; (4) it is written in the
    one form a seal has, so that not even an idle byte can change. A time stamp counts only where
    ``stamp_trust`` names its authority. Serves: 21 CFR 11.30.
    """
    # (1) Readable.
    try:
        found = _signatures_in(pdf)
        verdicts = tuple(_judge(pdf, one, anchors, crls, stamp_trust) for one in found)
    except Exception as error:  # noqa: BLE001 - the reader raises whatever a damaged file makes its parts raise
        text = f"The document cannot be read as a signed PDF ({type(error).__name__}): it is damaged."
        return SealVerdict((), (Finding("unreadable", text),))
    reasons: list[Finding] = []
    # (2) One seal.
    if not found:
        reasons.append(Finding("not_sealed", "The document carries no seal: it is a draft or the seal was removed."))
    elif len(found) > 1 or found[0].field_name != SEAL_FIELD:
        text = "The document carries other signatures than the one seal it was given out with."
        reasons.append(Finding("other_signatures", text))
    # (3) Intact, whole and trusted.
    reasons += [finding for verdict in verdicts for finding in verdict.reasons]
    # (4) One form.
    if any(verdict.has_stray_certificates for verdict in verdicts) or not all(_is_in_form(pdf, one) for one in found):
        text = "The seal is not written as this software writes it: it was altered or made elsewhere."
        reasons.append(Finding("odd_form", text))
    return SealVerdict(verdicts, tuple(reasons))


def verify_pdf_signatures(
    pdf: bytes,
    *,
    anchors: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList] = (),
    stamp_trust: Trust | None = None,
) -> tuple[PdfSignatureVerdict, ...]:
    """Judge every signature and document time stamp of any PDF, also of others; none when it cannot be read."""
    try:
        return tuple(_judge(pdf, one, anchors, crls, stamp_trust) for one in _signatures_in(pdf))
    except Exception:  # noqa: BLE001 - the reader raises whatever a damaged file makes its parts raise
        return ()


def _signatures_in(pdf: bytes) -> list[EmbeddedPdfSignature]:
    reader = PdfFileReader(io.BytesIO(pdf), strict=True)
    return list(reader.embedded_signatures)


def _judge(
    pdf: bytes,
    one: EmbeddedPdfSignature,
    anchors: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList],
    stamp_trust: Trust | None,
) -> PdfSignatureVerdict:
    reasons: list[Finding] = []
    # (1) Coverage, from the file's own bytes.
    if not (covers := _covers_whole(pdf, one)):
        text = "Not the whole document is signed: something was added after the signature, or left out of it."
        reasons.append(Finding("not_whole", text))
    # (2) Integrity, and the instant an outside authority vouches for.
    if not (is_intact := _is_intact(one)):
        reasons.append(Finding("altered", "The document or its signature was altered, or the method is not accepted."))
    stamped_at, objections = _read_stamp(one, stamp_trust)
    reasons += objections
    # (3) The signer, at the time of signing.
    signer, others = _certificates(one)
    signed_at = stamped_at or one.self_reported_timestamp
    is_trusted = has_strays = False
    if signer is None or signed_at is None:
        reasons.append(Finding("signer_unknown", "The signature does not say who made it, or when."))
    else:
        path = validate_path(signer, at=signed_at, anchors=anchors, intermediates=others, crls=crls)
        reasons += path.findings
        is_trusted = path.is_valid
        has_strays = not set(others) <= set(path.path)
    return PdfSignatureVerdict(
        field_name=one.field_name,
        is_intact=is_intact,
        covers_whole_document=covers,
        is_signer_trusted=is_trusted,
        signed_by=describe_certificate(signer) if signer is not None else None,
        signed_at=signed_at,
        is_time_stamped=stamped_at is not None,
        has_stray_certificates=has_strays,
        reasons=tuple(reasons),
    )


def _covers_whole(pdf: bytes, one: EmbeddedPdfSignature) -> bool:
    """Tell whether the byte range leaves out nothing but the signature's own hexadecimal string."""
    numbers = [int(number) for number in one.byte_range]
    if len(numbers) != 4:
        return False
    start, first, second, last = numbers
    gap = pdf[first:second]
    is_whole = start == 0 and 0 < first < second and second + last == len(pdf)
    return is_whole and gap[:1] == b"<" and gap[-1:] == b">" and _decode(gap) == bytes(one.pkcs7_content)


def _decode(gap: bytes) -> bytes:
    try:
        return bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        return b""


def _is_intact(one: EmbeddedPdfSignature) -> bool:
    nobody = ValidationContext(trust_roots=[], allow_fetching=False)
    try:
        if one.md_algorithm not in STRONG_HASHES or one.signer_cert.public_key.algorithm not in {"rsa", "ec"}:
            return False
        status = validate_pdf_signature(one, signer_validation_context=nobody, skip_diff=True)
        return bool(status.intact and status.valid)
    except Exception:  # noqa: BLE001 - the library raises whatever a damaged signature makes its parts raise
        return False


def _read_stamp(one: EmbeddedPdfSignature, trust: Trust | None) -> tuple[dt.datetime | None, list[Finding]]:
    """Return the instant of a time stamp that holds; anybody can put one of their own into a signature.

    Without anyone to trust a stamp says nothing, for or against.
    """
    if trust is None:
        return None, []
    try:
        found = [
            attribute["values"][0].dump()
            for attribute in one.signer_info["unsigned_attrs"]
            if attribute["type"].native == "signature_time_stamp_token"
        ]
        signature = bytes(one.signer_info["signature"].native)
    except Exception:  # noqa: BLE001 - the library raises whatever a damaged signature makes its parts raise
        return None, [Finding("time_stamp_invalid", "The time stamp in the signature cannot be read.")]
    if not found:
        return None, []
    try:
        return verify_token(found[0], signature, trust=trust).at, []
    except Refusal as refusal:
        return None, [Finding("time_stamp_invalid", str(refusal))]


def _certificates(one: EmbeddedPdfSignature) -> tuple[x509.Certificate | None, tuple[x509.Certificate, ...]]:
    try:
        signer = read_certificates(one.signer_cert.dump())[0]
        others = tuple(read_certificates(other.dump())[0] for other in one.other_embedded_certs)
    except Exception:  # noqa: BLE001 - the library raises whatever a damaged signature makes its parts raise
        return None, ()
    return signer, others


def _is_in_form(pdf: bytes, one: EmbeddedPdfSignature) -> bool:
    """Tell whether a seal holds nothing idle: what no signature covers is put together anew and must be the same."""
    try:
        _, first, second, _ = (int(number) for number in one.byte_range)
        written = _reassemble(one).hex().upper().encode()
        gap = b"<" + written.ljust(second - first - 2, b"0") + b">"
        return pdf[first:second] == gap and is_lower(bytes(one.signer_info["signature"].native), ec.SECP256R1())
    except Exception:  # noqa: BLE001 - the reader raises whatever a damaged signature makes its parts raise
        return False


def _reassemble(one: EmbeddedPdfSignature) -> bytes:
    info = one.signer_info
    signer = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": one.signer_cert.issuer,
                "serial_number": one.signer_cert.serial_number,
            }
        },
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": info["signed_attrs"],
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": info["signature"].native,
    }
    if not isinstance(info["unsigned_attrs"], core.Void):
        # Only a time stamp may stand here, and it carries its own signature.
        if [attribute["type"].native for attribute in info["unsigned_attrs"]] != ["signature_time_stamp_token"]:
            return b""
        signer["unsigned_attrs"] = info["unsigned_attrs"]
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"},
        "certificates": [one.signer_cert, *one.other_embedded_certs],
        "signer_infos": [signer],
    }
    result: bytes = asn1.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return result
