"""The installation's file store and key store, made from the settings."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from records.filestore import FileStore
from records.keys import FileKeyStore, KeyStore
from records.vault import open_store


def file_store() -> FileStore:
    """Return the content-addressed store of this installation."""
    return FileStore(Path(settings.FILES_ROOT))


def key_store() -> KeyStore:
    """Return the key store of this installation."""
    if settings.VAULT is not None:
        return open_store(settings.VAULT)
    return FileKeyStore(Path(settings.KEYS_ROOT))


def sealer_key_store() -> KeyStore:
    """Return the key store that only the sealer's process may use: with Vault, its policies decide."""
    if settings.VAULT is not None:
        return open_store(settings.VAULT)
    return FileKeyStore(Path(settings.SEALER_KEYS_ROOT))
