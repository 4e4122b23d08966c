"""Checkpoints: the signed head of the ledger's tree (C2SP tlog-checkpoint).

Owns the text form of origin, size and root, its signing and its opening. Never decides
whether one checkpoint continues another: that is a proof (``merkle``). Pure: no Django.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from records.digests import DIGEST_SIZE
from records.ledger.errors import CheckpointMalformed, CheckpointOfAnotherLog
from records.ledger.notes import (
    Sign,
    SignedNote,
    VerifierKey,
    decode_base64,
    encode_base64,
    parse_note,
    sign_note,
    verify_note,
)

SIZE_LIMIT: Final = 2**63
"""Sizes at and above this are refused: no log has them, and other readers count in 63 bits."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log. Units: ``size`` in leaves; ``root`` is the 32-byte root at that size."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be written. Raises: CheckpointMalformed."""
        lines = (self.origin, *self.extensions)
        if not all(lines) or any(character < " " for line in lines for character in line):
            raise CheckpointMalformed(
                problem="its origin and further lines are not empty and hold no control characters"
            )
        if not 0 <= self.size < SIZE_LIMIT:
            raise CheckpointMalformed(problem=f"the size {self.size} is outside the range of sizes")
        if len(self.root) != DIGEST_SIZE:
            raise CheckpointMalformed(problem=f"its root has not {DIGEST_SIZE} bytes")

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode_base64(self.root), *self.extensions))


def parse_size(text: str) -> int:
    """Return a tree size in decimal without leading zeroes. Raises: CheckpointMalformed."""
    if not _SIZE.fullmatch(text) or int(text) >= SIZE_LIMIT:
        raise CheckpointMalformed(problem=f"“{text[:40]}” is not a tree size")
    return int(text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text. Raises: CheckpointMalformed."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise CheckpointMalformed(problem="it has not three lines: origin, size and root")
    origin, size, encoded, *extensions = lines
    root = decode_base64(encoded)
    if root is None:
        raise CheckpointMalformed(problem="its root is not in base64")
    return Checkpoint(origin, parse_size(size), root, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, key: VerifierKey, sign: Sign) -> SignedNote:
    """Return the checkpoint signed by its log; ``str()`` of it is what is stored and published."""
    text = str(checkpoint)
    return SignedNote(text, (sign_note(text, key, sign),))


def open_checkpoint(data: bytes, origin: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return the checkpoint of a signed note, once its origin and a trusted signature hold.

    Raises: NoteMalformed, CheckpointMalformed, CheckpointOfAnotherLog, NoteNotSigned, NoteSignatureInvalid.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise CheckpointOfAnotherLog(found=checkpoint.origin[:200], wanted=origin)
    verify_note(note, keys)
    return checkpoint
