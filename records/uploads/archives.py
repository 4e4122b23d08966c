"""Zip files read with suspicion: structure first, then one entry at a time, streamed.

Owns the rules for a zip as a whole (its directory is counted and measured before it is
loaded; nothing before, between or behind its entries; total size and ratio) and for
each entry (name, kind, encryption, links, packing). Nothing is ever extracted to a
name from the zip. Pure of Django.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from records.errors import Refusal
from records.errors_files import (
    ArchiveDamaged,
    ArchiveEntryEncrypted,
    ArchiveEntryNotFile,
    ArchiveEntryUnreadable,
    ArchiveRatioSuspicious,
    ArchiveTooLarge,
    ArchiveTooManyFiles,
    UploadNameRepeated,
    UploadTooLarge,
)
from records.uploads.limits import DEFAULT_LIMITS, Limits
from records.uploads.names import check_name, fold_name, is_system_file, show_name

_END: Final = struct.Struct("<4s4H2LH")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_MAX_COMMENT: Final = 65_535
#: More directory than this for one entry is padding. Units: bytes.
_DIRECTORY_PER_ENTRY: Final = 1_024
_ENCRYPTION_FLAGS: Final = 0x1 | 0x40 | 0x2000
_READ_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
    NotImplementedError, struct.error, LookupError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One file of a zip: its clean name, or why it is refused. ``shown`` is safe to print."""

    shown: str
    name: str
    info: zipfile.ZipInfo
    refusal: Refusal | None = None
    is_ignored: bool = False


class Archive:
    """An open zip whose structure was found sound."""

    def __init__(self, zipped: zipfile.ZipFile, entries: tuple[ArchiveEntry, ...]) -> None:
        self._zipped = zipped
        self.entries = entries

    @contextmanager
    def open(self, entry: ArchiveEntry) -> Iterator[EntryReader]:
        """Open one entry for streaming. Raises: ArchiveEntryUnreadable, also while reading."""
        try:
            handle = self._zipped.open(entry.info)
        except _READ_ERRORS as error:
            raise ArchiveEntryUnreadable(name=entry.shown, why="its head is damaged") from error
        with handle:
            yield EntryReader(handle, entry)


class EntryReader:
    """Reads an entry in pieces; a wrong checksum or size is a refusal."""

    def __init__(self, handle: IO[bytes], entry: ArchiveEntry) -> None:
        self._handle = handle
        self._entry = entry
        self._left = entry.info.file_size

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` unpacked bytes, none at the end. Raises: ArchiveEntryUnreadable."""
        try:
            chunk = self._handle.read(size)
        except _READ_ERRORS as error:
            raise ArchiveEntryUnreadable(name=self._entry.shown, why="its data are damaged") from error
        self._left -= len(chunk)
        if not chunk and size and self._left:
            raise ArchiveEntryUnreadable(name=self._entry.shown, why="it is shorter than the zip says")
        return chunk


@contextmanager
def open_archive(handle: IO[bytes], *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Archive]:
    """Open a zip after checking its structure; each entry carries its own refusal, if any.

    Raises: ArchiveDamaged, ArchiveTooManyFiles, ArchiveTooLarge, ArchiveRatioSuspicious.
    """
    size, count = _check_end(handle, limits)
    try:
        zipped = zipfile.ZipFile(handle)
    except _READ_ERRORS as error:
        raise ArchiveDamaged(why="its directory is damaged") from error
    with zipped:
        infos = zipped.infolist()
        if len(infos) != count:
            raise ArchiveDamaged(why="its directory does not count its files rightly")
        _check_layout(handle, zipped, infos)
        _check_sizes(infos, size, limits)
        yield Archive(zipped, tuple(_judge_entries(infos, limits)))


def _check_end(handle: IO[bytes], limits: Limits) -> tuple[int, int]:
    """Check the end record and return the size of the zip and how many files it counts."""
    size = handle.seek(0, io.SEEK_END)
    tail_at = max(0, size - _END.size - _MAX_COMMENT)
    handle.seek(tail_at)
    tail = handle.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveDamaged(why="its end is missing")
    _, disk, first_disk, here, count, length, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise ArchiveDamaged(why="something follows its end")
    if disk or first_disk or here != count or 0xFFFF in {count, here} or 0xFFFFFFFF in {length, offset}:
        raise ArchiveDamaged(why="it is split or larger than this server reads")
    if count > limits.max_entries:
        raise ArchiveTooManyFiles(count=count, maximum=limits.max_entries)
    if offset + length != tail_at + at or length > count * _DIRECTORY_PER_ENTRY:
        raise ArchiveDamaged(why="its directory does not lie where it should")
    return size, count


def _check_layout(handle: IO[bytes], zipped: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> None:
    """Check that entries follow each other from the first byte on, none inside another."""
    position = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        handle.seek(info.header_offset)
        head = handle.read(_LOCAL.size)
        if info.header_offset != position or len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            raise ArchiveDamaged(why="its files overlap, or something lies between them")
        fields = _LOCAL.unpack(head)
        flags, name_length, extra_length = fields[2], fields[9], fields[10]
        if (flags ^ info.flag_bits) & _ENCRYPTION_FLAGS:
            raise ArchiveDamaged(why="it contradicts itself about encryption")
        position += _LOCAL.size + name_length + extra_length + info.compress_size
        if flags & 0x8:
            position += _descriptor_size(handle, position)
    if position != zipped.start_dir:
        raise ArchiveDamaged(why="its files overlap, or something lies between them")


def _descriptor_size(handle: IO[bytes], position: int) -> int:
    """Return the size of the sizes that streaming packers write behind an entry."""
    handle.seek(position)
    return 16 if handle.read(4) == b"PK\x07\x08" else 12


def _check_sizes(infos: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    if total > limits.max_delivery_bytes:
        raise ArchiveTooLarge(max_megabytes=limits.max_delivery_bytes // 1_000_000)
    if total > limits.ratio_from_bytes and total > size * limits.max_ratio:
        raise ArchiveRatioSuspicious(name="The zip", maximum=limits.max_ratio)


def _judge_entries(infos: list[zipfile.ZipInfo], limits: Limits) -> Iterator[ArchiveEntry]:
    seen: set[str] = set()
    for info in infos:
        shown = show_name(info.orig_filename)
        try:
            name = _check_entry(info, shown, limits)
            if fold_name(name) in seen:
                raise UploadNameRepeated(name=shown)
        except Refusal as refusal:
            yield ArchiveEntry(shown, "", info, refusal)
            continue
        seen.add(fold_name(name))
        yield ArchiveEntry(shown, name, info, is_ignored=info.is_dir() or is_system_file(name))


def _check_entry(info: zipfile.ZipInfo, shown: str, limits: Limits) -> str:
    """Return an entry's clean name. Raises: the refusal that fits."""
    # zipfile cuts names at NUL and turns backslashes; the name as written is what counts.
    name = check_name(info.orig_filename.removesuffix("/") if info.is_dir() else info.orig_filename)
    mode = info.external_attr >> 16
    if info.create_system == 3 and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveEntryNotFile(name=shown)
    if info.is_dir() and info.file_size:
        raise ArchiveEntryNotFile(name=shown)
    if info.flag_bits & _ENCRYPTION_FLAGS:
        raise ArchiveEntryEncrypted(name=shown)
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ArchiveEntryUnreadable(name=shown, why="it is packed in an unusual way")
    if info.file_size > limits.max_file_bytes:
        raise UploadTooLarge(name=shown, max_megabytes=f"{limits.max_file_bytes / 1e6:g}")
    if info.file_size > limits.ratio_from_bytes and info.file_size > info.compress_size * limits.max_ratio:
        raise ArchiveRatioSuspicious(name=shown, maximum=limits.max_ratio)
    return name
