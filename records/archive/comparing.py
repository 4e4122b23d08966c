"""The archive compared with what the database says it holds: what `manage.py verify` asks.

Pure of Django: rows come in as `StoredObject`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from records.archive.archiving import CHECKPOINTS, name_checkpoint
from records.archive.errors import ArchiveObjectAltered, ArchiveObjectMissing
from records.archive.interface import Archive, StoredObject

DifferenceKind = Literal["altered", "missing", "retention_shortened"]


@dataclass(frozen=True, slots=True)
class ArchiveDifference:
    """One archived object that is not what its row says."""

    kind: DifferenceKind
    name: str
    expected: str
    found: str


def find_archive_differences(archive: Archive, expected: Iterable[StoredObject]) -> Iterator[ArchiveDifference]:
    """Compare each row with the object; the object's bytes are hashed or their hash is the store's own.

    Serves: 21 CFR 11.10(c). Raises: ArchiveUnavailable, ArchiveKeyRefused.
    """
    for row in expected:
        try:
            held = archive.stat(row.name)
        except ArchiveObjectMissing:
            yield ArchiveDifference("missing", row.name, row.sha256, "")
            continue
        except ArchiveObjectAltered as refusal:
            yield ArchiveDifference("altered", row.name, row.sha256, str(refusal.facts["why"]))
            continue
        if (held.sha256, held.size) != (row.sha256, row.size):
            yield ArchiveDifference("altered", row.name, f"{row.sha256} ({row.size})", f"{held.sha256} ({held.size})")
        if held.retain_until < row.retain_until:
            yield ArchiveDifference(
                "retention_shortened", row.name, row.retain_until.isoformat(), held.retain_until.isoformat()
            )


def find_later_checkpoints(archive: Archive, *, size: int) -> Iterator[str]:
    """Yield archived checkpoints of larger trees than ours: then our ledger was rolled back."""
    return archive.list(CHECKPOINTS, after=name_checkpoint(size))
