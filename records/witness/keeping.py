"""The witness's one rule: cosign a checkpoint only if it continues the last one of its log.

Owns the order of the checks (C2SP tlog-witness) and that check and memory are one step.
Never cosigns what is not yet on the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from records.ledger.checkpoints import Checkpoint, parse_checkpoint
from records.ledger.errors import ProofInvalid
from records.ledger.merkle import EMPTY_ROOT, verify_consistency
from records.ledger.notes import (
    Sign,
    SignatureLine,
    SignedNote,
    VerifiedSignature,
    VerifierKey,
    cosign_note,
    verify_note,
)
from records.ledger.submissions import Submission
from records.witness.errors import (
    OldSizeBeyondCheckpoint,
    OldSizeNotLatest,
    OriginUnknown,
    RootDiffers,
    StateNotWritten,
)
from records.witness.state import StateFile

ReadClock = Callable[[], int]
"""The time now. Units: POSIX seconds."""


class Witness:
    """One witness: its key, the logs it knows, and what it last cosigned of each."""

    def __init__(
        self, key: VerifierKey, sign: Sign, logs: Iterable[VerifierKey], state: StateFile, read_clock: ReadClock
    ) -> None:
        """Take up the state. A log is known by its key's name, which is its origin. Raises: StateDamaged."""
        self.key: Final = key
        self._sign = sign
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        self._state = state
        self._read_clock = read_clock
        self._notes = state.read(key)
        self._lock = threading.Lock()

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that are cosigned here."""
        return tuple(self._logs)

    def latest_note(self, origin: str) -> SignedNote | None:
        """Return the last note cosigned for a log, or None."""
        return self._notes.get(origin)

    def cosign(self, submission: Submission) -> SignatureLine:
        """Cosign a checkpoint that continues the last one of its log; it is durable before this returns.

        Writes: the state file. Raises: CheckpointMalformed, OldSizeBeyondCheckpoint (400),
        NoteNotSigned, NoteSignatureInvalid (403), OriginUnknown (404), OldSizeNotLatest,
        RootDiffers (409), ProofInvalid (422), StateNotWritten (500).
        """
        checkpoint = parse_checkpoint(submission.note.text)
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise OriginUnknown(origin=checkpoint.origin[:200])
        signatures = verify_note(submission.note, keys)
        if submission.old_size > checkpoint.size:
            raise OldSizeBeyondCheckpoint(old_size=submission.old_size, size=checkpoint.size)
        # From here to the disk nobody else may pass: two that grow from one size would both be right.
        with self._lock:
            _check_growth(self._latest(checkpoint.origin), checkpoint, submission)
            return self._remember(checkpoint, submission.note, signatures)

    def _latest(self, origin: str) -> Checkpoint:
        note = self._notes.get(origin)
        return Checkpoint(origin, 0, EMPTY_ROOT) if note is None else parse_checkpoint(note.text)

    def _remember(
        self, checkpoint: Checkpoint, note: SignedNote, signatures: Sequence[VerifiedSignature]
    ) -> SignatureLine:
        line = cosign_note(note.text, self.key, self._read_clock(), self._sign)
        # Lines of strangers are left out, so that nobody can fill the state.
        kept = SignedNote(note.text, (*dict.fromkeys(found.line for found in signatures), line))
        notes = {**self._notes, checkpoint.origin: kept}
        try:
            self._state.write(notes)
        except OSError as error:
            raise StateNotWritten(problem=error.strerror or type(error).__name__) from None
        self._notes = notes
        return line


def _check_growth(latest: Checkpoint, checkpoint: Checkpoint, submission: Submission) -> None:
    """Refuse what does not continue the latest. Raises: OldSizeNotLatest, RootDiffers, ProofInvalid."""
    if submission.old_size != latest.size:
        raise OldSizeNotLatest(size=latest.size, old_size=submission.old_size)
    if checkpoint.size == latest.size and checkpoint.root != latest.root:
        raise RootDiffers(size=latest.size)
    if latest.size:
        verify_consistency(latest.size, checkpoint.size, submission.proof, latest.root, checkpoint.root)
    elif submission.proof:
        raise ProofInvalid(what="consistency", problem="growth from an empty tree has an empty proof")
