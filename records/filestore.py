"""The content-addressed store of files: written once, named by SHA-256, checked on demand.

Owns the bytes of attachments and images below one folder. A file is written under a
temporary name in ``incoming``, fsync'd, made read-only, renamed to its hash, and the
folder is fsync'd: a process that dies before the rename leaves nothing but a temporary
file, one that dies after it has lost nothing. It never deletes or rewrites a stored
file, and never believes a name: ``open_checked`` and ``sweep`` hash the bytes again.

Pure of Django; the root folder is handed in.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from records.errors_files import (
    FileAltered,
    FileDigestInvalid,
    FileHashMismatch,
    FileMissing,
    FileStoreFull,
    FileStoreUnavailable,
    FileTooLarge,
)

FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o750
CHUNK_BYTES: Final = 1 << 20
INCOMING: Final = "incoming"

_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")
#: EFBIG is what a file-size limit says instead of "disk full".
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

FindingKind = Literal["altered", "missing", "unexpected", "writable"]


class Readable(Protocol):
    """Anything that gives bytes in pieces, such as an upload or an open file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, and none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file as it was stored. Units: ``size`` in bytes; ``sha256`` hexadecimal."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One stored file that is not as it should be; ``name`` is its hash or its path."""

    kind: FindingKind
    name: str
    expected: str
    found: str


class FileStore:
    """The store below ``root``; any number of processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, digest: str) -> Path:
        """Return where a file of this SHA-256 lies. Raises: FileDigestInvalid."""
        if not _DIGEST.match(digest):
            raise FileDigestInvalid(digest=digest[:80])
        return self.root / digest[:2] / digest[2:4] / digest

    def has(self, digest: str) -> bool:
        """Tell whether a file of this name lies in the store (its bytes are not read)."""
        return self.path_of(digest).is_file()

    def add(self, source: Readable, *, max_bytes: int, expected: str | None = None) -> StoredContent:
        """Store a stream and return its hash and size; the same content is stored once.

        Serves: 21 CFR 11.10(c). Raises: FileTooLarge, FileHashMismatch when ``expected``
        differs, FileAltered when a damaged file already lies under that hash,
        FileStoreFull, FileStoreUnavailable. After any of them nothing new is stored.
        """
        with told_as_refusals(), self._incoming_file() as (descriptor, path):
            stored = _copy(source, descriptor, max_bytes=max_bytes)
            if expected is not None and expected != stored.sha256:
                raise FileHashMismatch(expected=expected, found=stored.sha256)
            self._publish(descriptor, path, stored)
        return stored

    def add_bytes(self, content: bytes, *, expected: str | None = None) -> StoredContent:
        """Store bytes that are already in memory; see ``add``."""
        return self.add(io.BytesIO(content), max_bytes=len(content), expected=expected)

    def open(self, digest: str) -> io.BufferedReader:
        """Open a stored file for reading, without hashing it. Raises: FileMissing."""
        path = self.path_of(digest)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise FileMissing(digest=digest) from error
            if error.errno == errno.ELOOP:
                raise FileAltered(digest=digest, why="a link lies in its place") from error
            raise FileStoreUnavailable(why=error.strerror) from error
        return os.fdopen(descriptor, "rb")

    def open_checked(self, digest: str) -> io.BufferedReader:
        """Open a stored file after hashing the very bytes that will be read.

        Serves: 21 CFR 11.10(a), 11.10(c). Raises: FileMissing, FileAltered.
        """
        handle = self.open(digest)
        try:
            found = _hash_of(handle)
            if found != digest:
                raise FileAltered(digest=digest, why=f"its SHA-256 is now {found}")
            handle.seek(0)
        except BaseException:
            handle.close()
            raise
        return handle

    def read_checked(self, digest: str) -> bytes:
        """Return the bytes of a stored file, hashed after reading. Raises: FileMissing, FileAltered."""
        with self.open(digest) as handle:
            content = handle.read()
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise FileAltered(digest=digest, why=f"its SHA-256 is now {found}")
        return content

    def check(self, digest: str) -> FileFinding | None:
        """Hash one stored file again and return what is wrong with it, or None."""
        try:
            with self.open(digest) as handle:
                mode = stat.S_IMODE(os.fstat(handle.fileno()).st_mode)
                found = _hash_of(handle)
        except FileMissing:
            return FileFinding("missing", digest, digest, "")
        except FileAltered as refusal:
            return FileFinding("altered", digest, digest, str(refusal.facts["why"]))
        except (FileStoreUnavailable, OSError) as error:
            return FileFinding("altered", digest, digest, f"unreadable: {error}")
        if found != digest:
            return FileFinding("altered", digest, digest, found)
        if mode & 0o222:
            return FileFinding("writable", digest, oct(FILE_MODE), oct(mode))
        return None

    def sweep(self, expected: Iterable[str] = ()) -> Iterator[FileFinding]:
        """Hash every stored file again; name altered, missing, writable and foreign ones.

        ``expected`` are the hashes that records refer to: those must be there.
        Serves: 21 CFR 11.10(c).
        """
        seen: set[str] = set()
        for path in self._walk():
            name = path.name
            if not _DIGEST.match(name) or self.path_of(name) != path:
                yield FileFinding("unexpected", str(path.relative_to(self.root)), "", "not a stored file")
                continue
            seen.add(name)
            finding = self.check(name)
            if finding is not None:
                yield finding
        for digest in sorted(set(expected) - seen):
            yield FileFinding("missing", digest, digest, "")

    def remove_leftovers(self, *, older_than_seconds: float) -> int:
        """Remove temporary files of writers that died; return how many.

        The age must exceed the longest upload, or a living writer loses its file.
        """
        removed = 0
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / INCOMING) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                    if age > older_than_seconds and not entry.is_dir(follow_symlinks=False):
                        os.unlink(entry.path)
                        removed += 1
        return removed

    def _walk(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.root and INCOMING in folders:
                folders.remove(INCOMING)
            folders.sort()
            for name in sorted(files):
                yield Path(folder, name)

    @contextlib.contextmanager
    def _incoming_file(self) -> Iterator[tuple[int, Path]]:
        folder = self.root / INCOMING
        _make_folder(folder)
        path = folder / f"{os.getpid()}-{secrets.token_hex(16)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor, path
        finally:
            os.close(descriptor)
            with contextlib.suppress(OSError):  # renamed away, or left to remove_leftovers
                path.unlink()

    def _publish(self, descriptor: int, path: Path, stored: StoredContent) -> None:
        """Move a written file to its name; a second writer of the same content changes nothing."""
        final = self.path_of(stored.sha256)
        os.fchmod(descriptor, FILE_MODE)
        os.fsync(descriptor)
        _make_folder(final.parent.parent)
        _make_folder(final.parent)
        if os.path.lexists(final):
            self.open_checked(stored.sha256).close()
        else:
            # Two writers can both come here; each renames the same bytes.
            os.rename(path, final)
        _sync_folder(final.parent)


def _copy(source: Readable, descriptor: int, *, max_bytes: int) -> StoredContent:
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise FileTooLarge(max_megabytes=f"{max_bytes / 1e6:.3g}")
        digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]
    return StoredContent(digest.hexdigest(), size)


def _hash_of(handle: io.BufferedReader) -> str:
    return hashlib.file_digest(handle, "sha256").hexdigest()


def _make_folder(folder: Path) -> None:
    """Make one folder, durable in its parent; several processes may do so at once."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, FOLDER_MODE)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def told_as_refusals() -> Iterator[None]:
    """Turn a fault of the disk into a refusal that a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise FileStoreFull from error
        raise FileStoreUnavailable(why=error.strerror or "unknown fault") from error
