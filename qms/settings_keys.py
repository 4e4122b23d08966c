"""Where keys and secrets are kept: files, or HashiCorp Vault / OpenBao; and settings read from there.

A secret setting is taken from its variable or ``NAME_FILE`` as always; where neither is set and
KEY_STORE=vault, from Vault: ``settings/`` and the variable's name in small letters with hyphens, so
SECRET_KEY is ``settings/secret-key``. It is read once, at the start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from qms import env
from records.errors import Refusal
from records.errors_vault import VaultDenied
from records.vault import open_store
from records.vault_session import VaultAccess


def read_access() -> VaultAccess:
    """Return where Vault is and how this process logs in.

    Raises: ImproperlyConfigured for a missing or unsafe value, naming the variable.
    """
    address = env.read_text("VAULT_ADDR", "").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.path or parts.query:
        raise ImproperlyConfigured("VAULT_ADDR must be an address such as https://vault.example.com:8200.")
    if parts.scheme == "http" and not env.is_loopback(parts.hostname):
        raise ImproperlyConfigured("VAULT_ADDR must be https:// beyond this machine's loopback.")
    ca_file = env.read_text("VAULT_CA", "")
    if ca_file and not os.access(ca_file, os.R_OK):
        raise ImproperlyConfigured(f"VAULT_CA names {ca_file}, which cannot be read.")
    mount = env.read_text("VAULT_MOUNT", "countersign").strip("/")
    if not mount:
        raise ImproperlyConfigured("VAULT_MOUNT must name the KV mount; the Transit mount has “-transit” after it.")
    return VaultAccess(
        address=address,
        namespace=env.read_text("VAULT_NAMESPACE", ""),
        role_id=_read_needed("VAULT_ROLE_ID"),
        secret_id=_read_needed("VAULT_SECRET_ID"),
        secret_id_file=os.environ.get("VAULT_SECRET_ID_FILE", ""),
        kv_mount=mount,
        transit_mount=f"{mount}-transit",
        approle_mount=env.read_text("VAULT_APPROLE_MOUNT", "approle").strip("/"),
        ca_file=ca_file,
    )


def read_secret(variable: str) -> str | None:
    """Return a secret setting from the environment or from Vault, or None where neither has it.

    Raises: ImproperlyConfigured when Vault has to be asked and cannot answer, or denies it.
    """
    try:
        return _read(variable)
    except Refusal as refusal:
        raise ImproperlyConfigured(f"{variable} could not be read: {refusal.text}") from refusal


def read_granted_secret(variable: str) -> str | None:
    """Return a secret setting as `read_secret` does, but None where Vault does not grant it to this process.

    For what only one process may hold, such as the archive's credentials: they are the sealer's.
    """
    try:
        return _read(variable)
    except VaultDenied:
        return None
    except Refusal as refusal:
        raise ImproperlyConfigured(f"{variable} could not be read: {refusal.text}") from refusal


def add_passwords(addresses: Mapping[str, str]) -> dict[str, str]:
    """Return the database addresses that are given, with the password from Vault where one names none.

    Raises: ImproperlyConfigured when Vault has to be asked and cannot answer, or denies it.
    """
    return {alias: _add_password(alias, address) for alias, address in addresses.items() if address}


def _add_password(alias: str, address: str) -> str:
    parts = urlsplit(address)
    if VAULT is None or not parts.username or parts.password is not None:
        return address
    password = read_secret(f"DATABASE_{alias.upper()}_PASSWORD")
    if password is None:
        return address
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{place}").geturl()


def _read_needed(name: str) -> str:
    value = env.read_text(name, "")
    if not value:
        raise ImproperlyConfigured(f"KEY_STORE=vault needs {name} or {name}_FILE.")
    return value


def _read(variable: str) -> str | None:
    value = env.read_optional(variable)
    if value is not None or VAULT is None:
        return value
    return open_store(VAULT).read_setting(variable.lower().replace("_", "-"))


KEY_STORE = env.read_choice("KEY_STORE", "files", choices={"files", "vault"})
VAULT = read_access() if KEY_STORE == "vault" else None
