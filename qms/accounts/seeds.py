"""Seeds of one-time codes at rest: AES-256-GCM under a key of the key store, bound to their owner.

A copy of the database gives nobody a code; a seed moved to another person's row does not open.
Serves: 21 CFR 11.300; OWASP ASVS 6.5.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qms.accounts.errors import SeedUnreadable
from records.keys import ensure_secret
from records.stores import key_store

KEY_NAME = "one-time-code-seeds"
SEED_BYTES = 20
"""The length RFC 4226 recommends and every app accepts."""
_NONCE_BYTES = 12


def make_seed() -> bytes:
    """Return a new random seed."""
    return secrets.token_bytes(SEED_BYTES)


def seal_seed(seed: bytes, *, user_id: int) -> bytes:
    """Return the seed encrypted for one person's row."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, seed, _binding(user_id))


def open_seed(sealed: bytes, *, user_id: int) -> bytes:
    """Return the seed of one person's row. Raises: SeedUnreadable."""
    try:
        return _cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(user_id))
    except (InvalidTag, ValueError):
        raise SeedUnreadable from None


def _cipher() -> AESGCM:
    return AESGCM(ensure_secret(key_store(), KEY_NAME))


def _binding(user_id: int) -> bytes:
    return f"countersign one-time-code seed of person {user_id}".encode()
