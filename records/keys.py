"""Keys and secrets of the installation behind one small interface.

Owns where the site's own keys live (certificate authority, seal, checkpoints) and how they
are used: by name, never by value, so that a store whose keys cannot leave it (Vault Transit)
fits behind the same methods. A rotated key keeps its older versions, so that what they signed
can still be checked. Never holds a person's signing key: that lives in the person's own
container. Pure: no Django; the caller passes the folder.
Serves: 21 CFR 11.10(d), 11.30.
"""

from __future__ import annotations

import contextlib
import enum
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from records.errors_content import (
    KeyExists,
    KeyKindMismatch,
    KeyMissing,
    KeyNameInvalid,
    KeyStoreTooOpen,
    KeyUnreadable,
)

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

_NAME = re.compile(r"[a-z][a-z0-9.-]{0,79}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyKind(enum.Enum):
    """The kinds of signing key the site uses, with the hash each signs over."""

    ED25519 = "Ed25519"
    P256 = "P-256"
    P384 = "P-384"


class KeyStore(Protocol):
    """What callers may ask of any key store; the key itself is never handed out."""

    def read_secret(self, name: str) -> bytes:
        """Return a stored secret. Raises: KeyMissing, KeyStoreTooOpen."""

    def store_secret(self, name: str, value: bytes) -> None:
        """Store a new secret durably. Raises: KeyExists; a secret is never overwritten."""

    def create_key(self, name: str, kind: KeyKind) -> None:
        """Make a new signing key inside the store. Raises: KeyExists."""

    def public_key(self, name: str) -> PublicKey:
        """Return the public half of the latest version. Raises: as `public_keys`."""

    def public_keys(self, name: str) -> dict[int, PublicKey]:
        """Return the public half of each version, the oldest (1) first.

        Raises: KeyMissing, KeyUnreadable, KeyStoreTooOpen.
        """

    def rotate_key(self, name: str) -> int:
        """Make a new version, of the same kind, which signs from now on; return its number.

        The older versions stay, to check what they signed. Raises: KeyMissing, KeyUnreadable, KeyExists.
        """

    def sign(self, name: str, message: bytes, *, version: int | None = None) -> bytes:
        """Sign a message: Ed25519 (RFC 8032), or ECDSA with SHA-256 (P-256) or SHA-384 (P-384), DER.

        With the latest version, or with the one asked for: a certificate belongs to one version.
        Raises: KeyMissing, KeyUnreadable, KeyStoreTooOpen.
        """


class FileKeyStore:
    """A folder (0700) of key and secret files (0600), refused when anyone else could read them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read_secret(self, name: str) -> bytes:
        """Return a stored secret. Raises: KeyMissing, KeyStoreTooOpen."""
        return self._read(check_key_name(name), "secret")

    def store_secret(self, name: str, value: bytes) -> None:
        """Store a new secret durably. Raises: KeyExists; a secret is never overwritten."""
        self._write(check_key_name(name), "secret", value)

    def create_key(self, name: str, kind: KeyKind) -> None:
        """Make a new signing key and store it durably. Raises: KeyExists."""
        self._write(check_key_name(name), "key", _pem_of(_generate(kind)))

    def public_key(self, name: str) -> PublicKey:
        """Return the public half of the latest version. Raises: as `public_keys`."""
        return self._load(name, self._latest(name)).public_key()

    def public_keys(self, name: str) -> dict[int, PublicKey]:
        """Return the public half of each version, the oldest (1) first.

        Raises: KeyMissing, KeyUnreadable, KeyStoreTooOpen.
        """
        return {version: self._load(name, version).public_key() for version in range(1, self._latest(name) + 1)}

    def rotate_key(self, name: str) -> int:
        """Make a new version, of the same kind, which signs from now on; return its number.

        Raises: KeyMissing, KeyUnreadable, KeyStoreTooOpen; KeyExists when another process rotates it now.
        """
        latest = self._latest(name)
        kind = kind_of(self._load(name, latest).public_key())
        self._write(_versioned(name, latest + 1), "key", _pem_of(_generate(kind)))
        return latest + 1

    def sign(self, name: str, message: bytes, *, version: int | None = None) -> bytes:
        """Sign a message with the named key, deterministically (RFC 8032, RFC 6979).

        Raises: KeyMissing, KeyUnreadable, KeyStoreTooOpen.
        """
        key = self._load(name, version or self._latest(name))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(message)
        return key.sign(message, ec.ECDSA(hash_for(key.curve), deterministic_signing=True))

    def _latest(self, name: str) -> int:
        check_key_name(name)
        version = 1
        while os.path.lexists(self.root / f"{_versioned(name, version + 1)}.key"):
            version += 1
        return version

    def _load(self, name: str, version: int) -> PrivateKey:
        try:
            stored = self._read(_versioned(check_key_name(name), version), "key")
            key = serialization.load_pem_private_key(stored, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyUnreadable(name=name) from None
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            return key
        raise KeyUnreadable(name=name)

    def _read(self, name: str, suffix: str) -> bytes:
        path = self.root / f"{name}.{suffix}"
        self._check_root(name)
        try:
            # Not blocking, so that a pipe put in a key's place is refused rather than waited for.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise KeyMissing(name=name) from None
        except OSError:
            raise KeyStoreTooOpen(path=path.name, problem="cannot be opened as an ordinary file") from None
        try:
            _check_private(path, os.fstat(handle), stat.S_ISREG, "an ordinary file")
            with os.fdopen(handle, "rb", closefd=False) as stream:
                return stream.read()
        finally:
            os.close(handle)

    def _write(self, name: str, suffix: str, value: bytes) -> None:
        path = self.root / f"{name}.{suffix}"
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_root(name)
        # Written whole under another name, then linked: never half a key, never an overwritten one.
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(value)
                stream.flush()
                os.fsync(handle)
            os.link(draft, path)
        except FileExistsError:
            raise KeyExists(name=name) from None
        finally:
            draft.unlink()
        _sync_folder(self.root)

    def _check_root(self, name: str) -> None:
        try:
            facts = self.root.lstat()
        except FileNotFoundError:
            raise KeyMissing(name=name) from None
        except OSError:
            raise KeyStoreTooOpen(path=self.root.name, problem="cannot be entered") from None
        _check_private(self.root, facts, stat.S_ISDIR, "a folder")


class StoreSigningKey(ec.EllipticCurvePrivateKey):
    """A stored elliptic-curve key in the shape that certificate builders expect.

    It signs by name through its store, always with the version it was made for, and can never be exported.
    """

    def __init__(self, store: KeyStore, name: str, *, version: int | None = None) -> None:
        keys = store.public_keys(name)
        self._version = version or max(keys)
        public = keys[self._version]
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise KeyKindMismatch(name=name, found="Ed25519", wanted="P-256 or P-384")
        self._store, self._name, self._public = store, name, public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve of the key."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Size of the key. Units: bits."""
        return self._public.key_size

    @property
    def hash(self) -> hashes.SHA256 | hashes.SHA384:
        """The one hash this key signs over."""
        return hash_for(self.curve)

    def sign(self, data: object, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Sign through the store. Raises: KeyKindMismatch for any hash but the key's own."""
        asked = signature_algorithm.algorithm
        if isinstance(asked, Prehashed) or asked.name != self.hash.name:
            raise KeyKindMismatch(name=self._name, found=self.curve.name, wanted=getattr(asked, "name", "pre-hashed"))
        message = bytes(memoryview(data))  # type: ignore[arg-type]
        return self._store.sign(self._name, message, version=self._version)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Refuse: this key only signs."""
        self._refuse()

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """Refuse: the key never leaves its store."""
        self._refuse()

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,  # noqa: A002 - the name is the base class's
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> bytes:
        """Refuse: the key never leaves its store."""
        self._refuse()

    def __copy__(self) -> StoreSigningKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> StoreSigningKey:
        return self

    def _refuse(self) -> NoReturn:
        raise KeyKindMismatch(name=self._name, found="store-held signing", wanted="exportable")


def ensure_secret(store: KeyStore, name: str, *, size: int = 32) -> bytes:
    """Return the named secret, making a random one at first use, safely under a race. Units: ``size`` in bytes."""
    try:
        return store.read_secret(name)
    except KeyMissing:
        with contextlib.suppress(KeyExists):  # Another process made it first; its secret is the one.
            store.store_secret(name, secrets.token_bytes(size))
    return store.read_secret(name)


def ensure_key(store: KeyStore, name: str, kind: KeyKind) -> PublicKey:
    """Return the named key's public half, making the key at first use, safely under a race.

    Raises: KeyKindMismatch when the key exists but is of another kind.
    """
    try:
        public = store.public_key(name)
    except KeyMissing:
        with contextlib.suppress(KeyExists):  # Another process made it first; its key is the one.
            store.create_key(name, kind)
        public = store.public_key(name)
    if kind_of(public) is not kind:
        raise KeyKindMismatch(name=name, found=kind_of(public).value, wanted=kind.value)
    return public


def find_version(store: KeyStore, name: str, public: object) -> int | None:
    """Return which version of the named key has this public half, or None: how a certificate finds its key."""
    return next((version for version, key in store.public_keys(name).items() if key == public), None)


def check_key_name(name: str) -> str:
    """Return the name. Raises: KeyNameInvalid for one that could lead out of the store."""
    if not _NAME.fullmatch(name):
        raise KeyNameInvalid(name=repr(name[:80]))
    return name


def verify_with(public: PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether ``signature`` is the key's over ``message``, in the form KeyStore.sign gives."""
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
        else:
            public.verify(signature, message, ec.ECDSA(hash_for(public.curve)))
    except InvalidSignature:
        return False
    return True


def kind_of(public: PublicKey) -> KeyKind:
    """Return the kind of a public key."""
    if isinstance(public, ed25519.Ed25519PublicKey):
        return KeyKind.ED25519
    return KeyKind.P384 if isinstance(public.curve, ec.SECP384R1) else KeyKind.P256


def hash_for(curve: ec.EllipticCurve) -> hashes.SHA256 | hashes.SHA384:
    """Return the hash a curve signs over here: SHA-384 for P-384, else SHA-256 (FIPS 186-5)."""
    return hashes.SHA384() if isinstance(curve, ec.SECP384R1) else hashes.SHA256()


def _generate(kind: KeyKind) -> PrivateKey:
    match kind:
        case KeyKind.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case KeyKind.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyKind.P384:
            return ec.generate_private_key(ec.SECP384R1())


def _pem_of(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _versioned(name: str, version: int) -> str:
    # "@" stands in no name, so that no key's version is another key's file.
    return name if version == 1 else f"{name}@{version}"


def _check_private(path: Path, facts: os.stat_result, is_kind: Callable[[int], bool], kind: str) -> None:
    if not is_kind(facts.st_mode):
        raise KeyStoreTooOpen(path=path.name, problem=f"is not {kind}")
    if facts.st_mode & _OTHERS:
        raise KeyStoreTooOpen(path=path.name, problem=f"has mode {stat.S_IMODE(facts.st_mode):04o}")
    # The superuser may serve files of the service account (a restore drill); nobody else's are trusted.
    if os.geteuid() not in (0, facts.st_uid):
        raise KeyStoreTooOpen(path=path.name, problem="belongs to another account")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
