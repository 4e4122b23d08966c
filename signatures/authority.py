"""The site's certificate authority as it stands in the key store, and whom else this site trusts.

Owns where the certificates of the authority and of the seal are kept, how the first come to be at
first use, the revocation list, and the folder of trusted company authorities. A renewed certificate
stands beside the older ones, which stay trusted for what was signed in their time.
Serves: 21 CFR 11.30, 11.300(c).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from records.clock import now
from records.errors_content import KeyExists, KeyMissing
from records.keys import find_version
from records.stores import key_store
from signatures import ca
from signatures.certificates import pem_of, read_certificates, read_crl
from signatures.cms import lower_twin, sign_bytes
from signatures.errors_pki import SigningKeyMismatch
from signatures.models import Certificate

KEY_NAME = "site-authority"
CERTIFICATE_NAME = "site-authority-certificate"
SEAL_KEY_NAME = "site-seal"
SEAL_CERTIFICATE_NAME = "site-seal-certificate"
TRUSTED_FOLDER = "trusted"


def site_authority() -> ca.Authority:
    """Return the site's authority, making its key and certificate at first use, safely under a race."""
    return ca.Authority(key_store(), KEY_NAME, authority_certificates()[-1])


def authority_certificates() -> tuple[x509.Certificate, ...]:
    """Return the site authority's certificates, the oldest first, making the first one if there is none."""
    if found := read_generations(CERTIFICATE_NAME):
        return found
    made = ca.create_authority(
        key_store(), key_name=KEY_NAME, organisation=settings.ORGANISATION, site=settings.SITE_NAME, at=now()
    )
    return tuple(read_certificates(_keep_first(CERTIFICATE_NAME, pem_of([made.certificate]))))


def seal_certificate() -> x509.Certificate:
    """Return the organisation's seal certificate, issued at first use; its key is `SEAL_KEY_NAME`."""
    if found := read_generations(SEAL_CERTIFICATE_NAME):
        return found[-1]
    made = ca.issue_seal_certificate(
        site_authority(),
        key_name=SEAL_KEY_NAME,
        organisation=settings.ORGANISATION,
        site=settings.SITE_NAME,
        at=now(),
    )
    return read_certificates(_keep_first(SEAL_CERTIFICATE_NAME, pem_of([made])))[0]


def read_generations(name: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates kept under a name and its numbered successors, the oldest first."""
    found: list[x509.Certificate] = []
    with contextlib.suppress(KeyMissing):
        for generation in itertools.count(1):
            found += read_certificates(key_store().read_secret(name_generation(name, generation)))[:1]
    return tuple(found)


def name_generation(name: str, generation: int) -> str:
    """Return where a certificate is kept: the first under the plain name, each later one under its number."""
    return name if generation == 1 else f"{name}-{generation}"


def trusted_anchors() -> tuple[x509.Certificate, ...]:
    """Return the authorities that stand behind signatures here: the site's own and the company's."""
    return (*authority_certificates(), *company_anchors())


def company_anchors() -> tuple[x509.Certificate, ...]:
    """Return the company's authorities: the certificate files an administrator put into KEYS_ROOT/trusted."""
    folder = Path(settings.KEYS_ROOT) / TRUSTED_FOLDER
    files = sorted([*folder.glob("*.pem"), *folder.glob("*.crt")])
    return tuple(one for file in files for one in read_certificates(file.read_bytes()))


def company_revocation_lists() -> tuple[x509.CertificateRevocationList, ...]:
    """Return the company's revocation lists, as files beside its certificates."""
    folder = Path(settings.KEYS_ROOT) / TRUSTED_FOLDER
    return tuple(read_crl(file.read_bytes()) for file in sorted(folder.glob("*.crl")))


def revocation_list(at: dt.datetime | None = None) -> x509.CertificateRevocationList:
    """Sign the list of all revoked certificates of the site's authority, dated ``at``, else now.

    Its number is the instant in milliseconds: it only grows. Serves: 21 CFR 11.300(c).
    """
    authority = site_authority()
    at = at or now()
    revoked = Certificate.objects.filter(source="site").exclude(revoked_at=None).order_by("revoked_at")
    entries = [
        ca.Revocation(serial_number=int(row.serial, 16), revoked_at=row.revoked_at) for row in revoked if row.revoked_at
    ]
    return ca.build_revocation_list(authority, entries, number=int(at.timestamp() * 1000), at=at)


def known_revocation_lists(at: dt.datetime | None = None) -> tuple[x509.CertificateRevocationList, ...]:
    """Return the site's list and the company's, for checking a signature."""
    return (revocation_list(at), *company_revocation_lists())


def revocation_list_file() -> bytes:
    """Return the revocation list as a DER file, as checking software fetches it."""
    return revocation_list().public_bytes(serialization.Encoding.DER)


def authority_file() -> bytes:
    """Return the trusted authorities as one PEM file, as ``openssl -CAfile`` takes it."""
    return pem_of(trusted_anchors())


def seal_bytes(data: bytes, *, at: dt.datetime) -> bytes:
    """Return the organisation's seal over bytes that it gives out: detached CMS, dated ``at``.

    Raises: `SigningKeyMismatch`. Serves: 21 CFR 11.10(b), 11.30.
    """
    certificate, store = seal_certificate(), key_store()
    version = find_version(store, SEAL_KEY_NAME, certificate.public_key())
    if version is None:
        raise SigningKeyMismatch(problem="the seal's key is not its certificate's")
    return sign_bytes(
        data,
        sign=lambda message: lower_twin(store.sign(SEAL_KEY_NAME, message, version=version), ec.SECP256R1()),
        certificate=certificate,
        chain=(site_authority().certificate,),
        at=at,
    )


def _keep_first(name: str, value: bytes) -> bytes:
    store = key_store()
    with contextlib.suppress(KeyExists):  # Another process made it first; its certificate is the one.
        store.store_secret(name, value)
    return store.read_secret(name)
