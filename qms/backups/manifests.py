"""What a backup set says about itself, and whether it tells the truth.

Owns the manifest (RFC 8785 bytes), its signature file and the check of a whole set: nothing
missing, nothing added, every byte as signed. Pure: no Django, no database.
Serves: 21 CFR 11.10(c), EU GMP Annex 11 7.2.
"""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qms.backups.errors import SetDamaged, SetForeign, SetIncomplete, SetNotFound
from records.canonical import canonical_bytes, parse_canonical
from records.digests import hash_file, sha256_hex
from records.errors import Refusal

FORMAT = "countersign-backup/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
DUMP, KEYS, FILES, CHECKPOINT = "database.dump", "keys.enc", "files", "checkpoint.txt"
LARGEST_MANIFEST = 512 * 1024**2
"""Bytes; some three million files."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a set. Units: ``size`` in bytes; ``sha256`` hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Table:
    """How many rows a table has, and a checksum over all of them whatever their order."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database holds at one snapshot.

    ``versions`` maps a sample of frozen versions to the SHA-256 of their content; ``checkpoint``
    is the newest signed tree head, empty where nothing is sealed.
    """

    server: str
    migrations: tuple[str, ...]
    tables: Mapping[str, Table]
    versions: Mapping[str, str]
    newest_event: int
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole set: of which installation and software, made when, holding what."""

    name: str
    made_at: str
    site: str
    organisation: str
    build: str
    facts: Facts
    keys: tuple[str, ...]
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Return what the members take. Units: bytes."""
        return sum(member.size for member in self.members)

    @property
    def files(self) -> tuple[Member, ...]:
        """Return the members that are stored files."""
        return tuple(member for member in self.members if member.path.startswith(f"{FILES}/"))


def write_manifest(manifest: Manifest) -> bytes:
    """Return the manifest's canonical bytes."""
    return canonical_bytes({"format": FORMAT, **_plain(asdict(manifest))})


def parse_manifest(data: bytes) -> Manifest:
    """Return the manifest of these bytes. Raises: SetDamaged."""
    try:
        read: Any = parse_canonical(data)
        if read.pop("format") != FORMAT:
            raise SetDamaged(problem="its manifest has another format")
        facts = read.pop("facts")
        tables = {name: Table(**table) for name, table in facts.pop("tables").items()}
        migrations = tuple(facts.pop("migrations"))
        members = tuple(Member(**member) for member in read.pop("members"))
        made = Facts(tables=tables, migrations=migrations, **facts)
        return Manifest(facts=made, keys=tuple(read.pop("keys")), members=members, **read)
    except SetDamaged:
        raise
    except (Refusal, KeyError, TypeError, AttributeError):
        raise SetDamaged(problem="its manifest cannot be read") from None


def fingerprint_of(public: bytes) -> str:
    """Return the fingerprint of a raw Ed25519 public key: SHA-256, hexadecimal."""
    return sha256_hex(public)


def sign_manifest(data: bytes, *, public: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the signature file over the manifest's bytes (Ed25519, RFC 8032)."""
    signature = base64.b64encode(sign(data)).decode()
    return canonical_bytes(
        {"algorithm": "Ed25519", "public_key": base64.b64encode(public).decode(), "signature": signature}
    )


def check_signature(data: bytes, signed: bytes) -> str:
    """Return the fingerprint of the key that signed the manifest. Raises: SetDamaged."""
    try:
        read: Any = parse_canonical(signed)
        public = base64.b64decode(read["public_key"], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(read["signature"], validate=True), data)
    except (Refusal, KeyError, TypeError, ValueError, InvalidSignature):
        raise SetDamaged(problem="the signature over its manifest is not valid") from None
    return fingerprint_of(public)


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Return a set's manifest and the fingerprint of its signer; its members are not looked at.

    Raises: SetNotFound, SetIncomplete, SetDamaged.
    """
    if not (folder / MANIFEST).is_file():
        raise SetNotFound(name=folder.name)
    if not (folder / SIGNATURE).is_file():
        raise SetIncomplete(missing=SIGNATURE)
    if (folder / MANIFEST).stat().st_size > LARGEST_MANIFEST:
        raise SetDamaged(problem="its manifest is too large")
    data = (folder / MANIFEST).read_bytes()
    signer = check_signature(data, (folder / SIGNATURE).read_bytes())
    return parse_manifest(data), signer


def check_set(folder: Path, *, trusted: Collection[str], progress: Callable[[int, int], None]) -> Manifest:
    """Return the manifest of a set after hashing every byte of it.

    Serves: 21 CFR 11.10(c). Raises: SetNotFound, SetIncomplete, SetForeign, SetDamaged.
    """
    manifest, signer = read_manifest(folder)
    if signer not in trusted:
        raise SetForeign(fingerprint=signer)
    wanted = {member.path for member in manifest.members}
    found = list_files(folder) - {MANIFEST, SIGNATURE}
    if missing := sorted(wanted - found):
        raise SetIncomplete(missing=missing[0])
    if DUMP not in wanted or KEYS not in wanted:
        raise SetIncomplete(missing=DUMP if DUMP not in wanted else KEYS)
    if foreign := sorted(found - wanted):
        raise SetDamaged(problem=f"{foreign[0]} is not in its manifest")
    for number, member in enumerate(manifest.members, 1):
        check_member(folder, member)
        progress(number, len(manifest.members))
    return manifest


def check_member(folder: Path, member: Member) -> None:
    """Hash one member again. Raises: SetDamaged."""
    try:
        digest = hash_file(folder / member.path)
    except OSError as error:
        raise SetDamaged(problem=f"{member.path} cannot be read ({error.strerror})") from error
    if (digest.size, digest.sha256_hex) != (member.size, member.sha256):
        raise SetDamaged(problem=f"{member.path} is not what was backed up")


def list_files(folder: Path) -> set[str]:
    """Return the paths of all files below a folder. Raises: SetDamaged for links and devices."""
    found = set()
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            found.add(path.relative_to(folder).as_posix())
        elif not stat.S_ISDIR(mode):
            raise SetDamaged(problem=f"{path.name} is not an ordinary file")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
