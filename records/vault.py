"""Keys and secrets in HashiCorp Vault or OpenBao, behind the same interface as key files.

Secrets lie in a KV v2 mount under ``keystore/``, written once (check-and-set 0); the site's keys lie in
a Transit mount and never leave it. Settings that an administrator put there lie under ``settings/``.
Never keeps a secret in memory, and never uses a key that somebody allowed to leave. Pure: no Django.
Serves: 21 CFR 11.10(d), 11.30.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hvac import exceptions as faults

from records.errors_content import KeyExists, KeyMissing, KeyUnreadable
from records.errors_vault import KeyMayLeave, VaultDenied, VaultMismatch
from records.keys import KeyKind, PublicKey, check_key_name, verify_with
from records.vault_session import VaultAccess, VaultSession

TRANSIT_TYPES = {KeyKind.ED25519: "ed25519", KeyKind.P256: "ecdsa-p256", KeyKind.P384: "ecdsa-p384"}
"""Transit's names of the kinds of key."""

_KINDS = {name: kind for kind, name in TRANSIT_TYPES.items()}
_SIGNING: dict[KeyKind, dict[str, str]] = {
    KeyKind.ED25519: {},
    KeyKind.P256: {"hash_algorithm": "sha2-256", "marshaling_algorithm": "asn1"},
    KeyKind.P384: {"hash_algorithm": "sha2-384", "marshaling_algorithm": "asn1"},
}
_SIGNATURE = re.compile(r"vault:v([1-9][0-9]*):([A-Za-z0-9+/]+=*)")


@dataclass(frozen=True, slots=True)
class _Key:
    kind: KeyKind
    versions: dict[int, PublicKey]


class VaultKeyStore:
    """The key store in Vault: KV v2 for secrets, Transit for keys. Safe to share between threads."""

    def __init__(self, access: VaultAccess) -> None:
        self.access = access
        self.session = VaultSession(access)
        self._checked: set[str] = set()

    def read_secret(self, name: str) -> bytes:
        """Return a stored secret. Raises: KeyMissing, KeyUnreadable, the refusals of `VaultSession.call`."""
        check_key_name(name)
        found = self._read_kv(f"keystore/{name}", f"read the secret “{name}”")
        if found is None:
            raise KeyMissing(name=name)
        if found["metadata"]["version"] != 1:
            raise VaultMismatch(problem=f"the secret “{name}” was overwritten there; restore its version 1")
        try:
            return base64.b64decode(found["data"]["value"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise KeyUnreadable(name=name) from None

    def store_secret(self, name: str, value: bytes) -> None:
        """Store a new secret. Raises: KeyExists, the refusals of `VaultSession.call`."""
        check_key_name(name)
        self._check_mount(self.access.kv_mount, "kv", "2")
        text = base64.b64encode(value).decode()
        try:
            self.session.call(
                lambda client: client.secrets.kv.v2.create_or_update_secret(
                    f"keystore/{name}", {"value": text}, cas=0, mount_point=self.access.kv_mount
                ),
                f"store the secret “{name}”",
            )
        except faults.InvalidRequest as fault:
            if "check-and-set" in str(fault):
                raise KeyExists(name=name) from None
            raise VaultMismatch(problem=f"it cannot store the secret “{name}”") from None
        except VaultDenied:
            # The shipped policy lets this process create but not update, which Vault says of a name in use.
            if self._read_kv(f"keystore/{name}", f"store the secret “{name}”") is not None:
                raise KeyExists(name=name) from None
            raise

    def read_setting(self, name: str) -> str | None:
        """Return what an administrator put under ``settings/<name>`` in the field ``value``, or None.

        Raises: VaultMismatch for an entry without it, the refusals of `VaultSession.call`.
        """
        found = self._read_kv(f"settings/{check_key_name(name)}", f"read the setting “{name}”")
        if found is None:
            return None
        value = found["data"].get("value")
        if not isinstance(value, str):
            raise VaultMismatch(problem=f"the setting “{name}” has no text in its field “value”")
        return value

    def create_key(self, name: str, kind: KeyKind) -> None:
        """Make a new key that cannot leave Vault.

        Of two processes that do so at once both may be told yes: Transit makes one key, the same for both.
        Raises: KeyExists, the refusals of `VaultSession.call`.
        """
        try:
            self._read_key(name)
        except KeyMissing:
            pass
        else:
            raise KeyExists(name=name)
        self.session.call(
            lambda client: client.secrets.transit.create_key(
                name,
                key_type=TRANSIT_TYPES[kind],
                exportable=False,
                allow_plaintext_backup=False,
                mount_point=self.access.transit_mount,
            ),
            f"make the key “{name}”",
        )
        if self._read_key(name).kind is not kind:
            raise KeyExists(name=name)

    def public_key(self, name: str) -> PublicKey:
        """Return the public half of the latest version. Raises: as `public_keys`."""
        keys = self.public_keys(name)
        return keys[max(keys)]

    def public_keys(self, name: str) -> dict[int, PublicKey]:
        """Return the public half of each version, the oldest (1) first.

        Raises: KeyMissing, KeyUnreadable, KeyMayLeave, the refusals of `VaultSession.call`.
        """
        return dict(self._read_key(name).versions)

    def rotate_key(self, name: str) -> int:
        """Make a new version, of the same kind, which signs from now on; return its number.

        Raises: KeyMissing, KeyUnreadable, KeyMayLeave, the refusals of `VaultSession.call`.
        """
        before = max(self._read_key(name).versions)
        self.session.call(
            lambda client: client.secrets.transit.rotate_key(name, mount_point=self.access.transit_mount),
            f"rotate the key “{name}”",
        )
        latest = max(self._read_key(name).versions)
        if latest <= before:
            raise VaultMismatch(problem=f"the key “{name}” was rotated but shows no new version")
        return latest

    def sign(self, name: str, message: bytes, *, version: int | None = None) -> bytes:
        """Sign a message inside Vault, and check the signature before giving it out.

        Ed25519 signs the same message alike each time (RFC 8032); Vault's ECDSA signatures differ each time.
        Raises: KeyMissing, KeyUnreadable, KeyMayLeave, the refusals of `VaultSession.call`.
        """
        key = self._read_key(name)  # each time: a key that somebody made exportable is not used any more
        if version is not None and version not in key.versions:
            raise KeyMissing(name=f"{name}@{version}")
        try:
            found = self.session.call(
                lambda client: client.secrets.transit.sign_data(
                    name,
                    hash_input=base64.b64encode(message).decode(),
                    key_version=version,
                    mount_point=self.access.transit_mount,
                    **_SIGNING[key.kind],
                ),
                f"sign with the key “{name}”",
            )
        except (faults.InvalidRequest, faults.InvalidPath):
            raise VaultMismatch(problem=f"it cannot sign with the key “{name}”") from None
        made_with, signature = _parse_signature(name, found["data"]["signature"])
        if made_with not in key.versions:  # rotated in between
            key = self._read_key(name)
        public = key.versions.get(made_with)
        if public is None or not verify_with(public, signature, message):
            raise VaultMismatch(problem=f"a signature it made with the key “{name}” does not verify")
        return signature

    def may_sign(self, name: str) -> bool:
        """Tell whether Vault lets this process sign with a key, without signing."""
        path = f"{self.access.transit_mount}/sign/{check_key_name(name)}"
        found = self.session.call(lambda client: client.sys.get_capabilities([path]), "ask what it may do")
        return bool({"create", "update", "sudo", "root"} & set(found["data"][path]))

    def _check_mount(self, mount: str, kind: str, version: str | None) -> None:
        # A KV store of version 1 would take a secret under another path without a word.
        if mount in self._checked:
            return
        try:
            found = self.session.call(lambda client: client.read(f"sys/internal/ui/mounts/{mount}"), "see its mounts")
        except VaultDenied:
            found = None
        facts = found["data"] if found else {}
        if facts.get("type") != kind or (version and (facts.get("options") or {}).get("version") != version):
            wanted = f"{kind} engine of version {version}" if version else f"{kind} engine"
            raise VaultMismatch(problem=f"at “{mount}” there is no {wanted} that this process may use")
        self._checked.add(mount)

    def _read_kv(self, path: str, doing: str) -> Mapping[str, Any] | None:
        self._check_mount(self.access.kv_mount, "kv", "2")
        try:
            found = self.session.call(
                lambda client: client.secrets.kv.v2.read_secret_version(
                    path, mount_point=self.access.kv_mount, raise_on_deleted_version=True
                ),
                doing,
            )
        except faults.InvalidPath:
            return None
        return dict(found["data"])

    def _read_key(self, name: str) -> _Key:
        check_key_name(name)
        self._check_mount(self.access.transit_mount, "transit", None)
        try:
            found = self.session.call(
                lambda client: client.secrets.transit.read_key(name, mount_point=self.access.transit_mount),
                f"read the key “{name}”",
            )
        except faults.InvalidPath:
            raise KeyMissing(name=name) from None
        facts = found["data"]
        if facts.get("exportable") or facts.get("allow_plaintext_backup"):
            raise KeyMayLeave(name=name)
        kind = _KINDS.get(facts.get("type", ""))
        if kind is None or facts.get("derived"):
            raise KeyUnreadable(name=name)
        parsed = {int(number): _parse_public(name, kind, part["public_key"]) for number, part in facts["keys"].items()}
        return _Key(kind, dict(sorted(parsed.items())))


@functools.cache
def open_store(access: VaultAccess) -> VaultKeyStore:
    """Return this process's key store for an access: one session, so that it logs in once."""
    return VaultKeyStore(access)


# A forked child must not speak on its parent's connections.
os.register_at_fork(after_in_child=open_store.cache_clear)


def _parse_public(name: str, kind: KeyKind, text: str) -> PublicKey:
    try:
        if kind is KeyKind.ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        public = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnreadable(name=name) from None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise KeyUnreadable(name=name)
    return public


def _parse_signature(name: str, text: str) -> tuple[int, bytes]:
    found = _SIGNATURE.fullmatch(text)
    try:
        if found is not None:
            return int(found[1]), base64.b64decode(found[2], validate=True)
    except binascii.Error:
        pass
    raise VaultMismatch(problem=f"the signature it made with the key “{name}” has a form that is not known here")
