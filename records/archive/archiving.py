"""What goes to the archive, under which name: checkpoints, cosigned ones, tiles, signed versions, signatures.

Each function takes the bytes it is given, archives them at least once and hands what the archive
holds to ``record``, so that the caller's row tells the archive's truth. A repeated call changes
nothing, so a sealer that died goes on where it was.

Layout (no name lies below another; C2SP clients read ``tile/`` as it is):
``checkpoints/<size, 20 digits>``, ``cosigned/<size, 20 digits>-<note hash>.txt``,
``stamps/<size, 20 digits>-<token hash>.tst``, ``tile/<level>/…``, ``tile/entries/…``,
``versions/<content hash>.json``, ``signatures/<statement hash>.json`` and ``.p7s``.

Pure of Django. Serves: 21 CFR 11.10(c).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from records.archive.errors import ArchiveNameInvalid, ArchiveObjectAltered
from records.archive.interface import Archive, StoredObject

CHECKPOINTS: Final = "checkpoints/"
COSIGNED: Final = "cosigned/"
STAMPS: Final = "stamps/"
SIZE_DIGITS: Final = 20  # a tree holds fewer than 2^64 leaves

_TILE: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])(/x[0-9]{3})*/[0-9]{3}(\.p/([1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))?\Z"
)

_COSIGNED: Final = re.compile(rf"{COSIGNED}(?P<size>[0-9]{{{SIZE_DIGITS}}})-[0-9a-f]{{64}}\.txt\Z")

Record = Callable[[StoredObject], None]


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """One signature to archive: the canonical statement and the CMS over it."""

    statement: bytes
    cms: bytes


def name_checkpoint(size: int) -> str:
    """Return the archived name of the checkpoint of this tree size; names sort as sizes do."""
    return f"{CHECKPOINTS}{size:0{SIZE_DIGITS}d}"


def read_checkpoint_size(name: str) -> int:
    """Return the tree size that an archived checkpoint's name tells. Raises: ArchiveNameInvalid."""
    digits = name.removeprefix(CHECKPOINTS)
    if not name.startswith(CHECKPOINTS) or len(digits) != SIZE_DIGITS or not digits.isdecimal():
        raise ArchiveNameInvalid(name=name[:80], why="it names no checkpoint")
    return int(digits)


def name_cosigned(size: int, note: bytes) -> str:
    """Return the archived name of a checkpoint's note with a witness's line under it."""
    return f"{COSIGNED}{size:0{SIZE_DIGITS}d}-{hashlib.sha256(note).hexdigest()}.txt"


def read_cosigned_size(name: str) -> int:
    """Return the tree size that the name of an archived cosigned checkpoint tells. Raises: ArchiveNameInvalid."""
    found = _COSIGNED.match(name)
    if found is None:
        raise ArchiveNameInvalid(name=name[:80], why="it names no cosigned checkpoint")
    return int(found["size"])


def name_stamp(size: int, token: bytes) -> str:
    """Return the archived name of a time-stamp token over the checkpoint of this tree size."""
    return f"{STAMPS}{size:0{SIZE_DIGITS}d}-{hashlib.sha256(token).hexdigest()}.tst"


def name_version(content_hash: str) -> str:
    """Return the archived name of the version with this content hash."""
    return f"versions/{content_hash}.json"


def archive_object(archive: Archive, name: str, data: bytes, *, retain_until: datetime, record: Record) -> StoredObject:
    """Archive bytes, keep them at least until the instant, and hand the result to ``record``.

    Raises: what `Archive.put` and `Archive.extend` raise.
    """
    held = archive.put(name, data, retain_until)
    if held.retain_until < retain_until:  # archived before, under a rule that ended sooner
        held = archive.extend(name, retain_until)
    record(held)
    return held


def keep_longer(archive: Archive, name: str, retain_until: datetime) -> StoredObject:
    """Keep an archived object at least until the instant; an earlier one changes nothing.

    For records whose start event came, or has still not come. Raises: what `Archive.extend` raises.
    """
    held = archive.stat(name)
    return archive.extend(name, retain_until) if held.retain_until < retain_until else held


def archive_checkpoint(
    archive: Archive, *, size: int, note: bytes, retain_until: datetime, record: Record
) -> StoredObject:
    """Archive a checkpoint's signed note under its tree size.

    Raises: ArchiveNameTaken when another checkpoint of that size is archived, as after a rewritten or
    rolled back ledger.
    """
    return archive_object(archive, name_checkpoint(size), note, retain_until=retain_until, record=record)


def archive_cosigned(
    archive: Archive, *, size: int, note: bytes, retain_until: datetime, record: Record
) -> StoredObject:
    """Archive a checkpoint's note with a witness's line under it."""
    return archive_object(archive, name_cosigned(size, note), note, retain_until=retain_until, record=record)


def archive_tile(archive: Archive, *, path: str, data: bytes, retain_until: datetime, record: Record) -> StoredObject:
    """Archive a full or partial hash tile or entry bundle under its C2SP tlog-tiles path.

    Raises: ArchiveNameInvalid for a path that is none.
    """
    if not _TILE.match(path):
        raise ArchiveNameInvalid(name=path[:80], why="it is no path of a tile or entry bundle")
    return archive_object(archive, path, data, retain_until=retain_until, record=record)


def archive_stamp(archive: Archive, *, size: int, token: bytes, retain_until: datetime, record: Record) -> StoredObject:
    """Archive a time-stamp token (RFC 3161, DER) over the checkpoint of this tree size."""
    return archive_object(archive, name_stamp(size, token), token, retain_until=retain_until, record=record)


def archive_version(
    archive: Archive,
    *,
    content: bytes,
    content_hash: str,
    signatures: list[SignedBytes],
    retain_until: datetime,
    record: Record,
) -> list[StoredObject]:
    """Archive a signed version's canonical bytes and, of each signature, statement and CMS.

    Raises: ArchiveObjectAltered when the bytes do not have the hash they were signed under: damage is
    never archived as if it were the record.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != content_hash:
        raise ArchiveObjectAltered(name=name_version(content_hash), why=f"the version's SHA-256 is now {found}")
    wanted = [(name_version(content_hash), content)]
    for signature in signatures:
        stem = f"signatures/{hashlib.sha256(signature.statement).hexdigest()}"
        wanted += [(f"{stem}.json", signature.statement), (f"{stem}.p7s", signature.cms)]
    return [archive_object(archive, name, data, retain_until=retain_until, record=record) for name, data in wanted]
