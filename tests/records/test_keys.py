"""Key files: never overwritten, never left readable to others. What any store promises: test_key_store_contract."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from records.errors_content import (
    KeyExists,
    KeyKindMismatch,
    KeyStoreTooOpen,
    KeyUnreadable,
)
from records.keys import FileKeyStore, KeyKind, KeyStore, StoreSigningKey, verify_with

pytestmark = pytest.mark.clause("11.30")


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys")


@pytest.mark.parametrize("kind", list(KeyKind))
def test_signing_the_same_message_again_gives_the_same_bytes(store: KeyStore, kind: KeyKind) -> None:
    store.create_key("seal", kind)
    assert store.sign("seal", b"rendition") == store.sign("seal", b"rendition")


def test_files_are_for_the_owner_only(store: FileKeyStore) -> None:
    before = os.umask(0)
    try:
        store.store_secret("otp-seed", b"s" * 32)
        store.create_key("seal", KeyKind.P256)
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.root.iterdir()} == {
        "otp-seed.secret": 0o600,
        "seal.key": 0o600,
    }


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700 | 0o010])
def test_a_file_others_could_read_is_not_used(store: FileKeyStore, mode: int) -> None:
    store.store_secret("otp-seed", b"s")
    (store.root / "otp-seed.secret").chmod(mode)
    with pytest.raises(KeyStoreTooOpen, match=f"mode {mode:04o}"):
        store.read_secret("otp-seed")


def test_a_folder_others_could_enter_is_not_used(store: FileKeyStore) -> None:
    store.create_key("seal", KeyKind.ED25519)
    store.root.chmod(0o750)
    for attempt in (
        lambda: store.sign("seal", b""),
        lambda: store.store_secret("otp-seed", b"s"),
        lambda: store.public_key("seal"),
    ):
        with pytest.raises(KeyStoreTooOpen, match="0750"):
            attempt()


def test_links_and_folders_in_place_of_a_file_are_not_followed(store: FileKeyStore, tmp_path: Path) -> None:
    store.store_secret("real", b"s")
    (store.root / "alias.secret").symlink_to(store.root / "real.secret")
    (store.root / "folder.secret").mkdir(mode=0o700)
    os.mkfifo(store.root / "pipe.secret", 0o600)
    for name in ("alias", "folder", "pipe"):
        with pytest.raises(KeyStoreTooOpen):
            store.read_secret(name)
    linked = FileKeyStore(tmp_path / "linked")
    linked.root.symlink_to(store.root)
    with pytest.raises(KeyStoreTooOpen, match="not a folder"):
        linked.read_secret("real")


def test_a_key_or_secret_is_never_overwritten(store: FileKeyStore) -> None:
    store.store_secret("otp-seed", b"first")
    with pytest.raises(KeyExists):
        store.store_secret("otp-seed", b"second")
    assert store.read_secret("otp-seed") == b"first"
    store.create_key("seal", KeyKind.P256)
    with pytest.raises(KeyExists):
        store.create_key("seal", KeyKind.P256)
    assert sorted(path.name for path in store.root.iterdir()) == ["otp-seed.secret", "seal.key"]


def test_damaged_and_foreign_keys_are_refused_by_name(store: FileKeyStore) -> None:
    store.store_secret("seed", b"x")
    big = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    odd = ec.generate_private_key(ec.SECP521R1())
    for name, data in {
        "junk": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "empty": b"",
        "rsa": big.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        "locked": odd.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        ),
        "p521": odd.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }.items():
        path = store.root / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(data)
        with pytest.raises(KeyUnreadable, match=name):
            store.sign(name, b"")


def test_a_key_lent_to_a_certificate_builder_signs_but_cannot_be_taken_out(store: FileKeyStore) -> None:
    store.create_key("site-ca", KeyKind.P384)
    key = StoreSigningKey(store, "site-ca")
    signature = key.sign(b"tbs", ec.ECDSA(hashes.SHA384()))
    assert verify_with(key.public_key(), signature, b"tbs")
    assert key.key_size == 384
    for attempt in (
        key.private_numbers,
        lambda: key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        lambda: key.exchange(ec.ECDH(), key.public_key()),
        lambda: key.sign(b"tbs", ec.ECDSA(hashes.SHA256())),
        lambda: key.sign(b"t" * 48, ec.ECDSA(Prehashed(hashes.SHA384()))),
    ):
        with pytest.raises(KeyKindMismatch):
            attempt()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can make a file of another account")
def test_a_file_of_another_account_is_not_used(store: FileKeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.store_secret("otp-seed", b"s")
    os.chown(store.root / "otp-seed.secret", 1234, 1234)
    os.chown(store.root, 4321, 4321)
    assert store.read_secret("otp-seed") == b"s"
    monkeypatch.chdir(store.root)
    os.seteuid(4321)
    try:
        with pytest.raises(KeyStoreTooOpen):
            FileKeyStore(Path()).read_secret("otp-seed")
        os.seteuid(0)
        os.chown("otp-seed.secret", 4321, 4321)
        os.chown(".", 1234, 1234)
        os.chmod(".", 0o700)
        os.seteuid(4321)
        with pytest.raises(KeyStoreTooOpen):
            FileKeyStore(Path()).read_secret("otp-seed")
    finally:
        os.seteuid(0)
