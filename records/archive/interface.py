"""What every archive does: objects written once under a name, kept until an instant, never replaced.

Owns the words, the names and the rules both implementations share; knows no disk and no network.
Pure of Django.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from records.archive.errors import ArchiveNameInvalid, RetentionInvalid, RetentionShortened

NAME_CHARACTERS: Final = 500  # an S3 key has 1,024 bytes, the installation's prefix included
SEGMENT_CHARACTERS: Final = 120

_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")

FaultKind = Literal["altered", "extra_version", "hidden", "not_a_file", "unlocked", "writable"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the archive holds under a name. Units: ``size`` in bytes; ``sha256`` hexadecimal."""

    name: str
    sha256: str
    size: int
    retain_until: datetime


@dataclass(frozen=True, slots=True)
class ArchiveFault:
    """Something in the archive that only a person or an attacker can have put there."""

    kind: FaultKind
    name: str
    found: str


class Archive(Protocol):
    """A write-once store; the folder's and the object store's behave the same.

    No name may lie below another one (``a`` and ``a/b``): whoever lays out names keeps to that.
    """

    def check_ready(self) -> None:
        """Make sure that objects can be written once here.

        Raises: ArchiveNotWriteOnce, ArchiveBucketMissing, ArchiveKeyRefused, ArchiveUnavailable.
        """
        ...

    def put(self, name: str, data: bytes, retain_until: datetime) -> StoredObject:
        """Archive bytes under a name until an instant; the same bytes again change nothing.

        What is returned is what the archive holds, so a second caller sees the first one's retention.
        Serves: 21 CFR 11.10(c). Raises: ArchiveNameTaken for other bytes, ArchiveNameInvalid,
        RetentionInvalid, ArchiveObjectAltered, ArchiveFull, ArchiveUnavailable. After any of them
        nothing is archived.
        """
        ...

    def get(self, name: str) -> bytes:
        """Return the bytes first archived under the name, hashed after reading.

        Raises: ArchiveObjectMissing, ArchiveObjectAltered, ArchiveUnavailable.
        """
        ...

    def stat(self, name: str) -> StoredObject:
        """Return hash, size and retention of what was first archived under the name.

        Raises: ArchiveObjectMissing, ArchiveObjectAltered, ArchiveUnavailable.
        """
        ...

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield the names that begin with the prefix and sort behind ``after``, page by page, in byte order."""
        ...

    def extend(self, name: str, retain_until: datetime) -> StoredObject:
        """Keep an object longer; the same instant again changes nothing.

        Raises: RetentionShortened, RetentionInvalid, ArchiveObjectMissing, ArchiveUnavailable.
        """
        ...

    def find_faults(self, prefix: str = "") -> Iterator[ArchiveFault]:
        """Yield later versions, hiding marks, unlocked, altered and writable objects."""
        ...


def check_name(name: str) -> str:
    """Return the name, or refuse one that could lead out of the archive or hide in it.

    Raises: ArchiveNameInvalid.
    """
    if not name or len(name) > NAME_CHARACTERS:
        raise ArchiveNameInvalid(name=name[:80], why=f"it must have 1 to {NAME_CHARACTERS} characters")
    for segment in name.split("/"):
        if not _SEGMENT.match(segment) or len(segment) > SEGMENT_CHARACTERS:
            raise ArchiveNameInvalid(
                name=name[:80],
                why="each part between slashes begins with a letter or digit and has only letters, digits, . _ - "
                f"and at most {SEGMENT_CHARACTERS} characters",
            )
    return name


def check_prefix(prefix: str) -> str:
    """Return the beginning of names, or refuse what no name begins with. Raises: ArchiveNameInvalid."""
    if prefix:
        check_name(prefix.removesuffix("/"))
    return prefix


def check_retention(name: str, retain_until: datetime) -> datetime:
    """Return the instant in UTC and whole seconds, rounded up, since stores keep no fractions.

    Raises: RetentionInvalid for an instant without zone or in the past.
    """
    if retain_until.tzinfo is None:
        raise RetentionInvalid(name=name, wanted=retain_until.isoformat(), why="it names no time zone")
    if retain_until <= datetime.now(UTC):
        raise RetentionInvalid(name=name, wanted=retain_until.isoformat(), why="that time has passed")
    return round_up(retain_until)


def round_up(instant: datetime) -> datetime:
    """Return the instant in UTC, up to the next whole second."""
    whole = instant.astimezone(UTC)
    return whole if whole.microsecond == 0 else datetime.fromtimestamp(int(whole.timestamp()) + 1, UTC)


def may_extend(held: StoredObject, retain_until: datetime) -> bool:
    """Tell whether a wished retention is later than the held one. Raises: RetentionShortened when earlier."""
    if retain_until < held.retain_until:
        raise RetentionShortened(name=held.name, held=held.retain_until.isoformat(), wanted=retain_until.isoformat())
    return retain_until > held.retain_until
