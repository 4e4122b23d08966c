"""The archive in a folder: written once, read-only, durable before it is believed.

``objects/<name>`` holds the bytes as they are, so that any reader of C2SP tiles can serve them.
``retention/<name>/<instant>@<sha256>`` are empty marks: one per promise, written before the object
appears and never changed, so a retention can only grow and a process that dies leaves either
nothing or the whole object. An object is believed only while a mark carries its hash. The bytes
are written in ``incoming`` and linked to their name, which fails where the name is used.

Modes (files 0440, folders 0550) and marks stop mistakes of software and of people; whoever owns
the folder or the machine can still remove it. Against those: an object store with Object Lock.

Pure of Django; the root folder is handed in.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from records.archive.errors import (
    ArchiveFull,
    ArchiveNameInvalid,
    ArchiveNameTaken,
    ArchiveObjectAltered,
    ArchiveObjectMissing,
    ArchiveUnavailable,
)
from records.archive.interface import (
    ArchiveFault,
    StoredObject,
    check_name,
    check_prefix,
    check_retention,
    may_extend,
)

FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o550
OPEN_FOLDER_MODE: Final = 0o750  # only while a name is being added, under the writers' lock
OBJECTS: Final = "objects"
RETENTION: Final = "retention"
INCOMING: Final = "incoming"
LOCK: Final = "writers.lock"

_INSTANT: Final = "%Y%m%dT%H%M%SZ"
_MARK: Final = re.compile(r"([0-9]{8}T[0-9]{6}Z)@([0-9a-f]{64})\Z")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderArchive:
    """The archive below ``root``; any number of processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def check_ready(self) -> None:
        """Make the archive's folders where there are none yet; write, link and remove one file in them.

        Nothing else makes them: an archive whose disk is not mounted is unavailable, never empty.
        """
        with told_as_refusals():
            for folder in (self.root, self.root / OBJECTS, self.root / RETENTION, self.root / INCOMING):
                if not folder.is_dir():
                    folder.mkdir(OPEN_FOLDER_MODE, parents=True, exist_ok=True)
                    _sync(folder.parent)
        with told_as_refusals(), self._writing():
            self._remove_leftovers()
            self._try_linking()

    def put(self, name: str, data: bytes, retain_until: datetime) -> StoredObject:
        """Archive bytes under a name until an instant; the same bytes again change nothing."""
        check_name(name)
        until = check_retention(name, retain_until)
        digest = hashlib.sha256(data).hexdigest()
        with told_as_refusals(name), self._writing():
            held = self._find(name)
            if held is None:
                self._publish(name, data, until, digest)
                held = StoredObject(name, digest, len(data), self._retention_of(name, digest))
            elif held.sha256 != digest:
                raise ArchiveNameTaken(name=name, held=held.sha256, offered=digest)
            self._sync_way(name)
        return held

    def get(self, name: str) -> bytes:
        """Return the archived bytes, hashed after reading."""
        check_name(name)
        with told_as_refusals(name):
            found = self._read(name)
            if found is None:
                raise ArchiveObjectMissing(name=name)
            self._retention_of(name, hashlib.sha256(found).hexdigest())
        return found

    def stat(self, name: str) -> StoredObject:
        """Return hash, size and retention; the bytes are hashed, no stored hash is trusted alone."""
        check_name(name)
        with told_as_refusals(name):
            held = self._find(name)
        if held is None:
            raise ArchiveObjectMissing(name=name)
        return held

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield the names that begin with the prefix and sort behind ``after``, folder by folder."""
        check_prefix(prefix)
        with told_as_refusals():
            for name, _ in self._walk(prefix, after):
                yield name

    def extend(self, name: str, retain_until: datetime) -> StoredObject:
        """Keep an object longer, by one more mark; the same instant again changes nothing."""
        check_name(name)
        until = check_retention(name, retain_until)
        with told_as_refusals(name), self._writing():
            held = self._find(name)
            if held is None:
                raise ArchiveObjectMissing(name=name)
            if may_extend(held, until):
                self._mark(name, until, held.sha256)
            self._sync_way(name)
        return dataclasses.replace(held, retain_until=until)

    def find_faults(self, prefix: str = "") -> Iterator[ArchiveFault]:
        """Yield links and other strangers, writable objects, and objects that no mark vouches for."""
        check_prefix(prefix)
        with told_as_refusals():
            for name, entry in self._walk(prefix, ""):
                mode = entry.stat(follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    yield ArchiveFault("not_a_file", name, stat.filemode(mode))
                    continue
                if mode & 0o222:
                    yield ArchiveFault("writable", name, stat.filemode(mode))
                try:
                    self.get(name)
                except (ArchiveObjectAltered, ArchiveNameInvalid) as refusal:
                    yield ArchiveFault("altered", name, str(refusal.facts["why"]))

    def _remove_leftovers(self) -> None:
        """Remove what writers that died left in ``incoming``; no other writes there while the lock is ours."""
        with _opened(self.root) as root, _opened(INCOMING, root) as folder:
            for name in os.listdir(folder):
                os.unlink(name, dir_fd=folder)

    def _try_linking(self) -> None:
        with self._incoming_file(b"") as (incoming, name):
            os.link(name, f"{name}.link", src_dir_fd=incoming, dst_dir_fd=incoming, follow_symlinks=False)
            os.unlink(f"{name}.link", dir_fd=incoming)

    def _find(self, name: str) -> StoredObject | None:
        found = self._read(name)
        if found is None:
            return None
        digest = hashlib.sha256(found).hexdigest()
        return StoredObject(name, digest, len(found), self._retention_of(name, digest))

    def _read(self, name: str) -> bytes | None:
        *folders, last = name.split("/")
        with self._folder(OBJECTS, *folders) as folder:
            descriptor = _open_file(folder, last) if folder is not None else None
        if descriptor is None:
            return None
        with os.fdopen(descriptor, "rb") as handle:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ArchiveObjectAltered(name=name, why="something that is no file lies in its place")
            return handle.read()

    def _retention_of(self, name: str, digest: str) -> datetime:
        """Return the latest instant that a mark of these bytes promises. Raises: ArchiveObjectAltered."""
        with self._folder(RETENTION, *name.split("/")) as folder:
            found = [_MARK.match(mark) for mark in (os.listdir(folder) if folder is not None else [])]
        instants = [match[1] for match in found if match and match[2] == digest]
        if not instants:
            raise ArchiveObjectAltered(name=name, why=f"no mark of its retention carries its SHA-256 {digest}")
        return datetime.strptime(max(instants), _INSTANT).replace(tzinfo=UTC)

    def _publish(self, name: str, data: bytes, until: datetime, digest: str) -> None:
        """Write the bytes, then the mark, then link the bytes to their name: the last step is the commitment."""
        *folders, last = name.split("/")
        with self._incoming_file(data) as (incoming, temporary):
            self._mark(name, until, digest)
            with self._folder_made(OBJECTS, *folders) as folder:
                os.link(temporary, last, src_dir_fd=incoming, dst_dir_fd=folder, follow_symlinks=False)

    def _mark(self, name: str, until: datetime, digest: str) -> None:
        """Promise a retention for these bytes under this name, durably."""
        with self._folder_made(RETENTION, *name.split("/")) as folder:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(f"{until.strftime(_INSTANT)}@{digest}", _WRITE_NEW, FILE_MODE, dir_fd=folder))
            os.fsync(folder)

    def _sync_way(self, name: str) -> None:
        """Make every folder down to the object and to its marks durable, whoever made them and died."""
        parts = name.split("/")
        for tree, way in ((OBJECTS, parts[:-1]), (RETENTION, parts)):
            for depth in range(len(way), -1, -1):
                with self._folder(tree, *way[:depth]) as folder:
                    if folder is not None:
                        os.fsync(folder)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only writer; the system frees the lock however we end."""
        lock = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _incoming_file(self, data: bytes) -> Iterator[tuple[int, str]]:
        """Write a durable, read-only temporary file and take its temporary name away at the end."""
        name = f"{os.getpid()}-{secrets.token_hex(16)}"
        with _opened(self.root) as root, _opened(INCOMING, root) as folder:
            descriptor = os.open(name, _WRITE_NEW, 0o600, dir_fd=folder)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fchmod(descriptor, FILE_MODE)
                os.fsync(descriptor)
                yield folder, name
            finally:
                os.close(descriptor)
                with contextlib.suppress(OSError):  # left to remove_leftovers
                    os.unlink(name, dir_fd=folder)

    @contextlib.contextmanager
    def _folder(self, *parts: str) -> Iterator[int | None]:
        """Open a folder step by step, following no link; None where there is none."""
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(_opened(self.root))
            try:
                for part in parts:
                    folder = stack.enter_context(_opened(part, folder))
            except FileNotFoundError:
                yield None
                return
            yield folder

    @contextlib.contextmanager
    def _folder_made(self, *parts: str) -> Iterator[int]:
        """Open a folder for adding a name, making what is missing; read-only again afterwards."""
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(_opened(self.root))
            for part in parts:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, FOLDER_MODE, dir_fd=folder)
                folder = stack.enter_context(_opened(part, folder))
                os.fchmod(folder, OPEN_FOLDER_MODE)
                stack.callback(_close_again, folder)
            yield folder

    def _walk(self, prefix: str, after: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield names and entries in byte order of the whole name, holding one folder per level."""
        with self._folder(OBJECTS):
            pass  # a link in its place is refused
        pending = [(iter(_entries(self.root / OBJECTS)), "")]
        while pending:
            entries, above = pending[-1]
            entry = next(entries, None)
            if entry is None:
                pending.pop()
                continue
            name = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                below = f"{name}/"
                is_wanted = below.startswith(prefix) or prefix.startswith(below)
                if is_wanted and (below > after or after.startswith(below)):
                    pending.append((iter(_entries(Path(entry.path))), below))
            elif name.startswith(prefix) and name > after:
                yield name, entry


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda e: f"{e.name}/" if e.is_dir(follow_symlinks=False) else e.name)
    except FileNotFoundError:
        return []


@contextlib.contextmanager
def _opened(folder: Path | str, above: int | None = None) -> Iterator[int]:
    descriptor = os.open(folder, _READ_FOLDER if above is not None else _READ_FOLDER & ~os.O_NOFOLLOW, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_file(folder: int, name: str) -> int | None:
    try:
        return os.open(name, _READ_FILE, dir_fd=folder)
    except FileNotFoundError:
        return None


def _close_again(folder: int) -> None:
    with contextlib.suppress(OSError):  # a folder left open is closed by the next writer in it
        os.fchmod(folder, FOLDER_MODE)


def _sync(folder: Path) -> None:
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def told_as_refusals(name: str = "") -> Iterator[None]:
    """Turn a fault of the disk into a refusal that a person can act on.

    Raises: ArchiveFull, ArchiveObjectAltered where a link or a file lies in the way, ArchiveUnavailable.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ArchiveFull from error
        if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR} and name:
            raise ArchiveObjectAltered(name=name, why="a link or something else lies in its way") from error
        raise ArchiveUnavailable(why=error.strerror or "unknown fault") from error
