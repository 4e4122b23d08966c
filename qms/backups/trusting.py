"""Whose sets are restored here: those signed by this installation's own key, or by one named by a person."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization

from qms.backups.making import KEY_NAME
from qms.backups.manifests import fingerprint_of
from records.errors_content import KeyMissing
from records.stores import key_store


def trusted_signers(named: str = "") -> frozenset[str]:
    """Return the fingerprints of signers to trust; makes no key where none is.

    ``named`` is a fingerprint typed from the site's own records, for a machine without the old keys.
    """
    found = {"".join(named.split()).lower()} if named.strip() else set()
    try:
        public = key_store().public_key(KEY_NAME)
    except KeyMissing:
        return frozenset(found)
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return frozenset(found | {fingerprint_of(raw)})
