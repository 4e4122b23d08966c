"""Writing a set so that it is complete or not there: scratch name, fsync, rename.

Owns the bytes of a set below the backup folder. A process that dies leaves a hidden scratch
folder, which the next run removes; it never touches a finished set. Pure: no Django.
Serves: 21 CFR 11.10(c).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qms.backups.errors import BackupFailed, StoredFileUnsound
from qms.backups.manifests import FILES, MANIFEST, Member
from records.digests import hash_file
from records.errors import Refusal
from records.filestore import CHUNK_BYTES, FileStore

NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}\Z")
PARTIAL = ".partial"
FOLDER_MODE, FILE_MODE = 0o700, 0o400


@contextmanager
def new_set(root: Path, name: str) -> Iterator[Path]:
    """Give a scratch folder that becomes the set of this name when the block ends without error.

    Raises: BackupFailed for faults of the disk, after which no set is left.
    """
    scratch = root / f".{name}{PARTIAL}"
    try:
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        remove_leftovers(root)
        scratch.mkdir(mode=FOLDER_MODE)
        yield scratch
        sync_folders(scratch)
        scratch.rename(root / name)
        sync_folder(root)
    except OSError as error:
        raise BackupFailed(why=f"{error.strerror or error} ({root})") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove_leftovers(root: Path) -> None:
    """Remove what runs that died have left; the caller holds the lock of backups."""
    for path in root.glob(f".*{PARTIAL}"):
        shutil.rmtree(path, ignore_errors=True)


def list_sets(root: Path) -> list[Path]:
    """Return the finished sets below a folder, newest first."""
    found = root.iterdir() if root.is_dir() else ()
    return sorted((path for path in found if NAME.match(path.name) and (path / MANIFEST).is_file()), reverse=True)


def write_member(folder: Path, path: str, content: bytes) -> Member:
    """Write one small member durably and return what the manifest says of it."""
    target = folder / path
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return Member(path, len(content), hashlib.sha256(content).hexdigest())


def seal_member(folder: Path, path: str) -> Member:
    """Make a member that another program wrote durable and read-only; hash it."""
    target = folder / path
    target.chmod(FILE_MODE)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    digest = hash_file(target)
    return Member(path, digest.size, digest.sha256_hex)


def keep_file(folder: Path, digest: str, *, store: FileStore, previous: Path | None) -> Member:
    """Put one stored file into the set: linked from the set before where it is sound there, else copied.

    So sets share unchanged files but never with the live store, and each is whole by itself.
    Raises: StoredFileUnsound when its bytes are not those of its name.
    """
    path = f"{FILES}/{digest[:2]}/{digest[2:4]}/{digest}"
    target = folder / path
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if previous is not None and _link_sound(previous / path, target, digest):
        return Member(path, target.stat().st_size, digest)
    return Member(path, _copy_sound(store, digest, target), digest)


def _link_sound(source: Path, target: Path, digest: str) -> bool:
    try:
        if hash_file(source).sha256_hex != digest:
            return False
        os.link(source, target, follow_symlinks=False)
    except OSError:  # not there, another file system, too many links: it is copied instead
        return False
    return True


def _copy_sound(store: FileStore, digest: str, target: Path) -> int:
    state, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as copy:
        try:
            source = store.open(digest)
        except Refusal as refusal:
            raise StoredFileUnsound(digest=digest, problem=f"missing or unreadable ({refusal.code})") from refusal
        with source:
            while chunk := source.read(CHUNK_BYTES):
                state.update(chunk)
                size += len(chunk)
                copy.write(chunk)
        copy.flush()
        os.fsync(descriptor)
    if state.hexdigest() != digest:
        raise StoredFileUnsound(digest=digest, problem="altered")
    return size


def write_private(target: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all, and never over another."""
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}{PARTIAL}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.link(draft, target)
    draft.unlink()
    sync_folder(target.parent)


def sync_folders(folder: Path) -> None:
    """Make every name below a folder durable."""
    for path, _, _ in os.walk(folder):
        sync_folder(Path(path))


def sync_folder(folder: Path) -> None:
    """Make the names in one folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
