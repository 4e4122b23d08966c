"""What any key store promises, kept by key files and by Vault alike."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from records.errors_content import KeyExists, KeyKindMismatch, KeyMissing, KeyNameInvalid
from records.keys import (
    FileKeyStore,
    KeyKind,
    KeyStore,
    StoreSigningKey,
    ensure_key,
    ensure_secret,
    find_version,
    kind_of,
    verify_with,
)
from records.vault import VaultKeyStore
from tests.vaults import Vault

pytestmark = pytest.mark.clause("11.30")


@pytest.fixture(scope="module")
def vault_store(vault_server: Vault) -> VaultKeyStore:
    return VaultKeyStore(vault_server.open_mount("contract"))


@pytest.fixture(params=["files", "vault"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "files":
        return FileKeyStore(tmp_path / "keys")
    return cast("KeyStore", request.getfixturevalue("vault_store"))


@pytest.fixture
def name() -> str:
    """Return a name that no other test uses, since nothing is ever overwritten."""
    return f"k{secrets.token_hex(6)}"


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_stored_key_signs_what_its_public_half_verifies(store: KeyStore, name: str, kind: KeyKind) -> None:
    store.create_key(name, kind)
    signature = store.sign(name, b"checkpoint")
    assert kind_of(store.public_key(name)) is kind
    assert verify_with(store.public_key(name), signature, b"checkpoint")
    assert not verify_with(store.public_key(name), signature, b"checkpoinT")
    assert kind is not KeyKind.ED25519 or len(signature) == 64


@pytest.mark.parametrize("message", [b"", b"\x00" * 33, b"m" * 500_000], ids=["empty", "zeros", "long"])
def test_every_message_can_be_signed(store: KeyStore, name: str, message: bytes) -> None:
    for kind in KeyKind:
        store.create_key(f"{name}-{kind.name.lower()}", kind)
        signature = store.sign(f"{name}-{kind.name.lower()}", message)
        assert verify_with(store.public_key(f"{name}-{kind.name.lower()}"), signature, message)


@pytest.mark.parametrize("kind", list(KeyKind))
def test_after_a_rotation_the_new_version_signs_and_what_the_old_ones_signed_still_verifies(
    store: KeyStore, name: str, kind: KeyKind
) -> None:
    store.create_key(name, kind)
    old = store.sign(name, b"before")
    assert [store.rotate_key(name), store.rotate_key(name)] == [2, 3]
    keys = store.public_keys(name)
    assert list(keys) == [1, 2, 3]
    assert {kind_of(key) for key in keys.values()} == {kind}
    assert [verify_with(key, old, b"before") for key in keys.values()] == [True, False, False]
    new = store.sign(name, b"after")
    assert [verify_with(key, new, b"after") for key in keys.values()] == [False, False, True]
    assert store.public_key(name) == keys[3]


def test_the_version_of_a_certificate_still_signs_after_a_rotation(store: KeyStore, name: str) -> None:
    store.create_key(name, KeyKind.P384)
    before = StoreSigningKey(store, name)
    store.rotate_key(name)
    assert find_version(store, name, before.public_key()) == 1
    for key in (before, StoreSigningKey(store, name, version=1)):
        assert verify_with(before.public_key(), key.sign(b"tbs", ec.ECDSA(hashes.SHA384())), b"tbs")
    assert StoreSigningKey(store, name).public_key() == store.public_keys(name)[2]
    assert find_version(store, name, ec.generate_private_key(ec.SECP384R1()).public_key()) is None


def test_a_version_that_does_not_exist_is_refused(store: KeyStore, name: str) -> None:
    store.create_key(name, KeyKind.ED25519)
    with pytest.raises(KeyMissing, match=f"{name}@2"):
        store.sign(name, b"m", version=2)
    assert store.sign(name, b"m", version=1)


def test_a_key_or_secret_is_never_overwritten(store: KeyStore, name: str) -> None:
    store.store_secret(name, b"first")
    with pytest.raises(KeyExists, match=name):
        store.store_secret(name, b"second")
    assert store.read_secret(name) == b"first"
    store.create_key(name, KeyKind.P256)
    made = store.public_key(name)
    for kind in KeyKind:
        with pytest.raises(KeyExists, match=name):
            store.create_key(name, kind)
    assert store.public_keys(name) == {1: made}


def test_secrets_are_any_bytes(store: KeyStore, name: str) -> None:
    for number, value in enumerate((b"", bytes(range(256)), b"-----BEGIN CERTIFICATE-----\n")):
        store.store_secret(f"{name}.{number}", value)
        assert store.read_secret(f"{name}.{number}") == value


def test_what_is_missing_is_named(store: KeyStore, name: str) -> None:
    for attempt in (store.read_secret, store.public_key, store.public_keys, store.rotate_key):
        with pytest.raises(KeyMissing, match=name):
            attempt(name)
    with pytest.raises(KeyMissing, match=name):
        store.sign(name, b"")


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "UPPER", ".hidden", "a\0b", "x" * 81, "-dash", "a\n", "a@2"])
def test_names_that_could_lead_out_of_the_store_are_refused(store: KeyStore, name: str) -> None:
    for attempt in (
        lambda: store.read_secret(name),
        lambda: store.store_secret(name, b"x"),
        lambda: store.create_key(name, KeyKind.ED25519),
        lambda: store.public_key(name),
        lambda: store.rotate_key(name),
        lambda: store.sign(name, b""),
    ):
        with pytest.raises(KeyNameInvalid):
            attempt()


def test_twenty_racing_first_users_share_one_secret_and_one_key(store: KeyStore, name: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(lambda _: ensure_secret(store, name), range(20)))
        keys = set(
            pool.map(
                lambda _: ensure_key(store, name, KeyKind.ED25519).public_bytes(
                    serialization.Encoding.Raw, serialization.PublicFormat.Raw
                ),
                range(20),
            )
        )
    assert len(found) == len(keys) == 1
    assert len(found.pop()) == 32
    assert list(store.public_keys(name)) == [1]


def test_an_existing_key_of_another_kind_is_not_taken_for_the_wanted_one(store: KeyStore, name: str) -> None:
    ensure_key(store, name, KeyKind.P256)
    with pytest.raises(KeyKindMismatch):
        ensure_key(store, name, KeyKind.P384)
    ensure_key(store, f"{name}-checkpoint", KeyKind.ED25519)
    with pytest.raises(KeyKindMismatch):
        StoreSigningKey(store, f"{name}-checkpoint")
