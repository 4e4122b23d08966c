"""The zip of a capsule: written in one pass, in constant memory, the same for the same content.

Owns the only zip writer of the product. Each member's SHA-256 and size go into the manifest as
its bytes go by; times and modes in the zip are fixed, so that they say nothing. Pure: no Django.
"""

from __future__ import annotations

import hashlib
import stat
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

from records.canonical import canonical_bytes
from records.digests import CHUNK_SIZE
from records.filestore import Readable

MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.json.p7s"
MANIFEST_SCHEMA: Final = "countersign/manifest/1"

LONGEST_NAME: Final = 100
"""Characters of a file's own name that are kept in the zip."""

_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
_PACKED: Final = (".pdf", ".png", ".jpg", ".jpeg", ".zip", ".gz", ".tif", ".tiff")
"""Kinds of file that packing again would only slow down."""


class MemberWriter:
    """Writes the members of one capsule and keeps their hashes; without ``finish`` it is no capsule."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._facts: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> MemberWriter:
        return self

    def __exit__(self, *failure: object) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a member from memory."""
        self.add_pieces(name, (content,), is_large=False)

    def add_stream(self, name: str, stream: Readable) -> None:
        """Add a member from an open file."""
        self.add_pieces(name, iter(lambda: stream.read(CHUNK_SIZE), b""))

    def add_pieces(self, name: str, pieces: Iterable[bytes], *, is_large: bool = True) -> None:
        """Add a member from pieces; ``is_large`` allows it more than 2 GiB."""
        if name in self._facts:
            raise ValueError(f"{name} is in the capsule already")
        state, size = hashlib.sha256(), 0
        with self._zip.open(_describe(name), "w", force_zip64=is_large) as member:
            for piece in pieces:
                state.update(piece)
                size += len(piece)
                member.write(piece)
        self._facts[name] = {"sha256": state.hexdigest(), "size": size}

    def manifest(self) -> bytes:
        """Return the canonical manifest of the members so far."""
        return canonical_bytes({"schema": MANIFEST_SCHEMA, "members": self._facts})

    def finish(self, manifest: bytes, seal: bytes) -> None:
        """Add the manifest and the seal over it."""
        for name, content in ((MANIFEST, manifest), (SEAL, seal)):
            self._zip.writestr(_describe(name), content)


def _describe(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _FIXED_TIME)
    info.create_system = 3  # Unix, on every machine
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = zipfile.ZIP_STORED if name.lower().endswith(_PACKED) else zipfile.ZIP_DEFLATED
    return info


def safe_name(name: str) -> str:
    """Return a name that is only a name on any system, its ending kept."""
    last = unicodedata.normalize("NFC", name).rsplit("/", 1)[-1]
    kept = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in last).lstrip(".")
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > LONGEST_NAME:
        kept = f"{stem[: LONGEST_NAME - 12]}{dot}{ending[:11]}" if stem else kept[:LONGEST_NAME]
    return kept or "file"


def json_rows(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a JSON array with one row a line, so that any reader can take it line by line."""
    yield b"["
    separator = b"\n"
    for row in rows:
        yield separator + row
        separator = b",\n"
    yield b"\n]\n"
