"""What the witness remembers: the last checkpoint it cosigned of each log, in one file.

Owns reading it (nothing is believed that this witness's key did not sign), replacing it
whole and durably, and the lock that keeps a second process away.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from records.errors import Refusal
from records.ledger.checkpoints import parse_checkpoint
from records.ledger.notes import SignedNote, VerifierKey, parse_note, verify_note
from records.witness.errors import StateDamaged, StateInUse

FORMAT: Final = "countersign-witness/v1"


class StateFile:
    """A JSON file of cosigned notes by origin: ``{"format": …, "checkpoints": {origin: note}}``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Tell whether there is a state, whatever is in it."""
        return self.path.exists()

    def read(self, key: VerifierKey | None) -> dict[str, SignedNote]:
        """Return the cosigned notes, each verified with the witness's key.

        Raises: StateDamaged unless the file is whole and every note carries this key's cosignature.
        """
        try:
            state = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            raise StateDamaged(path=self.path, problem="it cannot be read as JSON") from None
        notes = state.get("checkpoints") if isinstance(state, dict) and state.get("format") == FORMAT else None
        if not isinstance(notes, dict):
            raise StateDamaged(path=self.path, problem="it was not written by this software")
        return {origin: self._open(origin, text, key) for origin, text in notes.items()}

    def write(self, checkpoints: Mapping[str, SignedNote]) -> None:
        """Replace the state; on the disk when this returns. Raises: OSError."""
        state = {"format": FORMAT, "checkpoints": {origin: str(note) for origin, note in checkpoints.items()}}
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            _write_new(draft, json.dumps(state, indent=1).encode("ascii"))
            os.replace(draft, self.path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from this state. Raises: StateInUse."""
        lock = self.path.with_name(f"{self.path.name}.lock")
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateInUse(path=self.path) from None
            yield
        finally:
            os.close(handle)

    def _open(self, origin: str, text: object, key: VerifierKey | None) -> SignedNote:
        if key is None:
            raise StateDamaged(path=self.path, problem="it holds cosignatures, but the key that made them is gone")
        try:
            note = parse_note(str(text).encode("utf-8"))
            verify_note(note, [key])
            found = parse_checkpoint(note.text).origin
        except (Refusal, UnicodeEncodeError):
            raise StateDamaged(
                path=self.path, problem=f"the checkpoint of {origin[:200]!r} is not cosigned by its key"
            ) from None
        if found != origin:
            raise StateDamaged(path=self.path, problem=f"the checkpoint under {origin[:200]!r} is of another log")
        return note


def _write_new(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
