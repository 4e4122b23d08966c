"""Deliveries of many files: received into quarantine, checked, then kept or discarded.

A delivery (a zip, or a folder sent file by file) is streamed below one folder, each file
under a number, never under its own name. Every file is checked; the report names each
one that is refused. Nothing reaches the file store until someone keeps the delivery:
whole, or on purpose without the refused files. What dies here loses only quarantine.

Pure of Django; the folder is handed in.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from records.errors import Refusal
from records.errors_files import (
    ArchiveTooLarge,
    DeliveryEmpty,
    DeliveryIncomplete,
    DeliveryTooLarge,
    DeliveryTooManyFiles,
    DeliveryUnknown,
    FileHashMismatch,
    UploadEmpty,
    UploadNameRepeated,
    UploadTooLarge,
)
from records.filestore import FileStore, Readable, told_as_refusals
from records.uploads.archives import Archive, ArchiveEntry, open_archive
from records.uploads.checks import check_file
from records.uploads.kinds import DELIVERY_KINDS, HEAD_BYTES, Kind, identify
from records.uploads.limits import DEFAULT_LIMITS, Limits
from records.uploads.names import check_name, fold_name, is_system_file, show_name

CHUNK_BYTES: Final = 1 << 18
REPORT: Final = "report.json"
_TOKEN: Final = re.compile(r"[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that passed every check. Units: bytes; pixels, 0 where it is no picture."""

    name: str
    sha256: str
    size: int
    media_type: str
    width: int
    height: int
    number: int


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was refused: its printable name, a stable code and a sentence."""

    name: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came and what became of it; ``token`` finds it again in quarantine."""

    token: str
    received: tuple[ReceivedFile, ...]
    refused: tuple[RefusedFile, ...]
    ignored: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Tell whether every file passed."""
        return not self.refused

    def find(self, name: str) -> ReceivedFile | None:
        """Return the received file of this name, or None."""
        return next((file for file in self.received if file.name == name), None)


class Quarantine:
    """Where deliveries wait, below ``root``; nothing in it is served to anyone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def receive_zip(
        self, source: Readable, *, allowed: tuple[Kind, ...] = DELIVERY_KINDS, limits: Limits = DEFAULT_LIMITS
    ) -> Delivery:
        """Stream a zip into quarantine and check it and all its files.

        Raises: DeliveryEmpty or a refusal of the zip as a whole (then nothing is held),
        FileStoreFull, FileStoreUnavailable.
        """
        with told_as_refusals(), self._new_folder() as folder:
            packed = folder / "zip"
            _receive_packed(source, packed, limits)
            receiver = _Receiver(folder, allowed, limits)
            with packed.open("rb") as handle, open_archive(handle, limits=limits) as archive:
                for entry in archive.entries:
                    receiver.take_entry(archive, entry)
            packed.unlink()
            return receiver.finish()

    def receive_files(
        self,
        files: Iterable[tuple[str, Readable]],
        *,
        allowed: tuple[Kind, ...] = DELIVERY_KINDS,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Delivery:
        """Stream files, each with its relative name, into quarantine and check them.

        Raises: DeliveryEmpty, DeliveryTooManyFiles, DeliveryTooLarge (then nothing is held),
        FileStoreFull, FileStoreUnavailable.
        """
        with told_as_refusals(), self._new_folder() as folder:
            receiver = _Receiver(folder, allowed, limits)
            for name, source in files:
                receiver.take(name, source)
            return receiver.finish()

    def load(self, token: str) -> Delivery:
        """Return a delivery that waits. Raises: DeliveryUnknown."""
        try:
            report = json.loads((self._folder(token) / REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DeliveryUnknown from error
        return Delivery(
            token,
            tuple(ReceivedFile(**file) for file in report["received"]),
            tuple(RefusedFile(**file) for file in report["refused"]),
            tuple(report["ignored"]),
        )

    def read(self, delivery: Delivery, file: ReceivedFile) -> bytes:
        """Return a received file's bytes, hashed again. Raises: DeliveryUnknown, FileHashMismatch."""
        try:
            content = (self._folder(delivery.token) / str(file.number)).read_bytes()
        except OSError as error:
            raise DeliveryUnknown from error
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise FileHashMismatch(expected=file.sha256, found=found)
        return content

    def keep(
        self, delivery: Delivery, *, store: FileStore, accepts_incomplete: bool = False
    ) -> tuple[ReceivedFile, ...]:
        """Move the received files into the store, each checked against its hash again.

        The delivery stays in quarantine until ``discard``, so that a caller whose
        transaction fails can keep it again. Serves: 21 CFR 11.10(a). Raises:
        DeliveryIncomplete unless the person chose to go on without the refused files;
        DeliveryUnknown, FileHashMismatch and the store's refusals.
        """
        if delivery.refused and not accepts_incomplete:
            raise DeliveryIncomplete(refused=len(delivery.refused))
        folder = self._folder(delivery.token)
        for file in delivery.received:
            try:
                handle = (folder / str(file.number)).open("rb")
            except OSError as error:
                raise DeliveryUnknown from error
            with handle:
                store.add(handle, max_bytes=file.size, expected=file.sha256)
        return delivery.received

    def discard(self, token: str) -> None:
        """Remove a delivery from quarantine; a second time does nothing."""
        shutil.rmtree(self._folder(token), ignore_errors=True)

    def remove_stale(self, *, older_than_seconds: float) -> int:
        """Remove deliveries that nobody kept or discarded; return how many."""
        removed = 0
        with contextlib.suppress(FileNotFoundError):
            for folder in self.root.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - folder.stat().st_mtime > older_than_seconds:
                        shutil.rmtree(folder, ignore_errors=True)
                        removed += 1
        return removed

    def _folder(self, token: str) -> Path:
        if not _TOKEN.match(token):
            raise DeliveryUnknown
        return self.root / token

    @contextlib.contextmanager
    def _new_folder(self) -> Iterator[Path]:
        folder = self.root / secrets.token_hex(16)
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


class _Receiver:
    """Collects one delivery's files and its report."""

    def __init__(self, folder: Path, allowed: tuple[Kind, ...], limits: Limits) -> None:
        self._folder = folder
        self._allowed = allowed
        self._limits = limits
        self._names: set[str] = set()
        self._count = 0
        self._bytes = 0
        self._received: list[ReceivedFile] = []
        self._refused: list[RefusedFile] = []
        self._ignored: list[str] = []

    def take_entry(self, archive: Archive, entry: ArchiveEntry) -> None:
        """Take one entry of a zip."""
        if entry.is_ignored:
            self._ignored.append(entry.shown)
        elif entry.refusal is not None:
            self._refuse(entry.shown, entry.refusal)
        else:
            try:
                with archive.open(entry) as source:
                    self.take(entry.name, source)
            except Refusal as refusal:
                self._refuse(entry.shown, refusal)

    def take(self, name: str, source: Readable) -> None:
        """Take one file; what is wrong with it goes into the report."""
        self._count += 1
        if self._count > self._limits.max_entries:
            raise DeliveryTooManyFiles(maximum=self._limits.max_entries)
        path = self._folder / str(self._count)
        try:
            clean = check_name(name)
            if is_system_file(clean):
                self._ignored.append(clean)
                return
            if fold_name(clean) in self._names:
                raise UploadNameRepeated(name=show_name(name))
            self._names.add(fold_name(clean))
            digest = self._write(path, clean, source)
            with path.open("rb") as handle:
                checked = check_file(handle, name=clean, allowed=self._allowed, limits=self._limits)
        except DeliveryTooLarge:
            raise
        except Refusal as refusal:
            path.unlink(missing_ok=True)
            self._refuse(show_name(name), refusal)
            return
        self._received.append(
            ReceivedFile(
                clean, digest, checked.size, checked.kind.media_type, checked.width, checked.height, self._count
            )
        )

    def finish(self) -> Delivery:
        """Write the report and return the delivery, names relative to a common top folder."""
        if not self._received and not self._refused:
            raise DeliveryEmpty
        received = _without_common_folder(self._received)
        delivery = Delivery(self._folder.name, tuple(received), tuple(self._refused), tuple(self._ignored))
        report = {key: value for key, value in asdict(delivery).items() if key != "token"}
        (self._folder / REPORT).write_text(json.dumps(report), encoding="utf-8")
        return delivery

    def _refuse(self, shown: str, refusal: Refusal) -> None:
        self._refused.append(RefusedFile(shown, refusal.code, refusal.text))

    def _write(self, path: Path, name: str, source: Readable) -> str:
        """Stream a file to disk and return its SHA-256; a wrong kind is refused at its first bytes."""
        chunk = _read_head(source)
        if not chunk:
            raise UploadEmpty(name=show_name(name))
        identify(chunk, name=name, allowed=self._allowed)
        digest, size = hashlib.sha256(), 0
        with open(path, "xb", opener=_private) as handle:
            while chunk:
                size += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > self._limits.max_delivery_bytes:
                    raise DeliveryTooLarge(max_megabytes=self._limits.max_delivery_bytes // 1_000_000)
                if size > self._limits.max_file_bytes:
                    raise UploadTooLarge(name=show_name(name), max_megabytes=f"{self._limits.max_file_bytes / 1e6:g}")
                digest.update(chunk)
                handle.write(chunk)
                chunk = source.read(CHUNK_BYTES)
        return digest.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _read_head(source: Readable) -> bytes:
    """Return the first bytes, enough to know the kind, from a source that may give few at once."""
    head = b""
    while len(head) < HEAD_BYTES and (chunk := source.read(CHUNK_BYTES)):
        head += chunk
    return head


def _receive_packed(source: Readable, path: Path, limits: Limits) -> None:
    size = 0
    with open(path, "xb", opener=_private) as handle:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > limits.max_delivery_bytes:
                raise ArchiveTooLarge(max_megabytes=limits.max_delivery_bytes // 1_000_000)
            handle.write(chunk)


def _without_common_folder(files: list[ReceivedFile]) -> list[ReceivedFile]:
    """Drop the top folders that all names share, as packers add the folder's own name."""
    if not files:
        return files
    shared = os.path.commonpath([os.path.dirname(file.name) or "." for file in files]) if _all_deep(files) else ""
    cut = len(shared) + 1 if shared else 0
    return [
        ReceivedFile(file.name[cut:], file.sha256, file.size, file.media_type, file.width, file.height, file.number)
        for file in files
    ]


def _all_deep(files: list[ReceivedFile]) -> bool:
    return all("/" in file.name for file in files)
