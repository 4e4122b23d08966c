"""The organisation's seal on a rendition: an invisible PAdES B-B signature (ETSI EN 319 142-1).

Owns the sealing. The seal says which organisation gave the document out and that it is whole;
the people's own signatures are the CMS files inside. It adds one revision and touches nothing
else, not even the metadata, and without a time stamp the same input gives the same bytes.
Pure: no Django. Serves: 21 CFR 11.10(b), 11.30.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from records.digests import sha256
from records.errors import Refusal
from records.keys import KeyStore, find_version
from signatures.cms import lower_twin
from signatures.errors_pki import SealFailed, SigningKeyMismatch, TimeStampUnavailable

SEAL_FIELD = "Seal"
_LONGEST_P256_SIGNATURE = 72
"""Bytes of DER (RFC 3279, 2.2.3): two integers of up to 33 bytes."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The organisation's seal as it acts: a P-256 key by name in the store, and its certificate."""

    store: KeyStore
    key_name: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


def seal_pdf(
    pdf: bytes,
    *,
    seal: Seal,
    organisation: str,
    reason: str,
    at: dt.datetime,
    time_stamper: TimeStamper | None = None,
) -> bytes:
    """Return the document with the organisation's seal over all of it, allowing no later change.

    With ``time_stamper`` the seal carries an RFC 3161 time stamp (PAdES B-T).
    Serves: 21 CFR 11.30. Raises: SigningKeyMismatch; TimeStampUnavailable; SealFailed.
    """
    version = find_version(seal.store, seal.key_name, seal.certificate.public_key())
    if version is None:
        raise SigningKeyMismatch(problem="the seal's key is not its certificate's")
    metadata = PdfSignatureMetadata(
        field_name=SEAL_FIELD,
        name=organisation,
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        # Without a foreign time stamp the size is known, and no loose space is left in the file.
        tight_size_estimates=time_stamper is None,
    )
    try:
        signer = _SignerAt(metadata, signer=_StoreSigner(seal, version), timestamper=time_stamper)
        signer.at = at.astimezone(dt.UTC).replace(microsecond=0)
        output = signer.sign_pdf(_SealWriter(io.BytesIO(pdf)))
    except (TimestampRequestError, OSError) as error:
        raise TimeStampUnavailable(problem=str(error)[:200]) from error
    except Refusal:
        raise  # the key store's own sentence
    except Exception as error:
        # The library raises whatever a damaged document makes its parts raise.
        raise SealFailed(problem=f"the sealing stopped with {type(error).__name__}") from error
    result: bytes = output.getvalue()
    return result


class _StoreSigner(Signer):
    """Signs with a key that stays in its store."""

    def __init__(self, seal: Seal, version: int) -> None:
        super().__init__(
            embed_roots=False,
            signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            signing_cert=_native(seal.certificate),
            cert_registry=_registry(seal.chain),
        )
        self._seal, self._version = seal, version

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - the library's form
        if dry_run:
            return bytes(_LONGEST_P256_SIGNATURE)
        signature = self._seal.store.sign(self._seal.key_name, data, version=self._version)
        return lower_twin(signature, ec.SECP256R1())


class _SignerAt(PdfSigner):
    """Signs at the given instant; the library would take the machine's local clock."""

    at: dt.datetime

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002 - the library's form
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


class _SealWriter(IncrementalPdfFileWriter):
    """Adds the seal and nothing else: the metadata stays, and the file identifier follows from the content."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        first, _ = super()._handle_id(prev)  # type: ignore[no-untyped-call]
        prev.stream.seek(0)
        return generic.ArrayObject([first, generic.ByteStringObject(sha256(prev.stream.read())[:16])])

    def _update_meta(self) -> None:
        """Leave the document's information as it was rendered."""


def _registry(chain: Sequence[x509.Certificate]) -> SimpleCertificateStore:
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    for certificate in chain:
        registry.register(_native(certificate))
    return registry


def _native(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
