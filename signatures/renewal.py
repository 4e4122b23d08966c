"""Renewing the certificates of the site: the authority keeps its key, the seal gets a new one.

The older certificates stay beside the new one and stay trusted, so that what was signed in their
time still verifies. A new authority key would be a new authority; that is not offered here.
Serves: 21 CFR 11.10(e), 11.30.
"""

from __future__ import annotations

from cryptography import x509
from django.conf import settings
from django.db import transaction

from records.acting import acting
from records.clock import now
from records.errors_content import KeyExists
from records.evidence import system_actor
from records.stores import key_store
from signatures import ca
from signatures.authority import (
    CERTIFICATE_NAME,
    SEAL_CERTIFICATE_NAME,
    SEAL_KEY_NAME,
    name_generation,
    read_generations,
    site_authority,
)
from signatures.certificates import pem_of
from signatures.errors_pki import CertificateNotRenewed

AUTHORITY, SEAL = "authority", "seal"
SECRETS = {AUTHORITY: CERTIFICATE_NAME, SEAL: SEAL_CERTIFICATE_NAME}


def renew_certificate(name: str, *, reason: str) -> x509.Certificate:
    """Give the authority or the seal its next certificate and return it.

    The event is written first and comes undone where the store refuses; a key version that was made before
    a crash is taken up by the next try. Writes: records_event (`signatures.site_certificate.renewed`).
    Raises: CertificateNotRenewed, ReasonMissing, AuthorityUnusable, the store's refusals.
    Serves: 21 CFR 11.10(e), 11.30.
    """
    earlier = read_generations(SECRETS[name])
    if not earlier:
        raise CertificateNotRenewed(name=name, problem="it has none yet; the first one is made at first use")
    with transaction.atomic():
        made = ca.renew_authority(site_authority(), at=now()) if name == AUTHORITY else issue_next_seal(earlier[-1])
        details = {"name": name, "serial": f"{made.serial_number:x}", "ends": f"{made.not_valid_after_utc:%Y-%m-%d}"}
        with acting(system_actor("keys"), "signatures.site_certificate.renewed", reason=reason, details=details):
            try:
                key_store().store_secret(name_generation(SECRETS[name], len(earlier) + 1), pem_of([made]))
            except KeyExists:
                raise CertificateNotRenewed(name=name, problem="somebody else renewed it at the same time") from None
    return made


def issue_next_seal(present: x509.Certificate) -> x509.Certificate:
    """Issue the seal's certificate for a new version of its key, or for one that has none yet."""
    store = key_store()
    if store.public_key(SEAL_KEY_NAME) == present.public_key():
        store.rotate_key(SEAL_KEY_NAME)
    return ca.issue_seal_certificate(
        site_authority(),
        key_name=SEAL_KEY_NAME,
        organisation=settings.ORGANISATION,
        site=settings.SITE_NAME,
        at=now(),
    )
