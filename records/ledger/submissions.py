"""What a log sends to a witness: the size it grew from, the proof, the signed checkpoint (C2SP tlog-witness).

Owns the text of the request, both ways. Never judges it. Pure: no Django.
Serves: 21 CFR 11.10(e).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from records.digests import DIGEST_SIZE
from records.ledger.checkpoints import parse_size
from records.ledger.errors import CheckpointMalformed, SubmissionMalformed
from records.ledger.notes import SignedNote, decode_base64, encode_base64, parse_note

PROOF_LIMIT: Final = 63
"""Hashes that a proof may have (C2SP tlog-witness)."""

SIZE_TYPE: Final = "text/x.tlog.size"
"""The content type of the size in a 409 answer."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to cosign. Units: ``old_size`` in leaves, as the witness last cosigned."""

    old_size: int
    proof: tuple[bytes, ...]
    note: SignedNote

    def __str__(self) -> str:
        return "".join(
            [f"old {self.old_size}\n", *(f"{encode_base64(value)}\n" for value in self.proof), f"\n{self.note}"]
        )


def parse_submission(data: bytes) -> Submission:
    """Return the parts of a request's body. Raises: SubmissionMalformed, NoteMalformed."""
    head, separator, note = data.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise SubmissionMalformed(problem="its old size and proof are not ASCII") from None
    if not separator or not first.startswith("old "):
        raise SubmissionMalformed(problem="it does not begin with “old”, a size, the proof and an empty line")
    if len(lines) > PROOF_LIMIT:
        raise SubmissionMalformed(problem=f"its proof has more than {PROOF_LIMIT} hashes")
    try:
        old_size = parse_size(first.removeprefix("old "))
    except CheckpointMalformed:
        raise SubmissionMalformed(problem="its old size is not a tree size") from None
    proof = tuple(decode_base64(line) or b"" for line in lines)
    if any(len(value) != DIGEST_SIZE for value in proof):
        raise SubmissionMalformed(problem=f"a line of its proof is not {DIGEST_SIZE} bytes in base64")
    return Submission(old_size, proof, parse_note(note))


def monitoring_path(origin: str) -> str:
    """Return where a witness shows the last checkpoint it cosigned for a log, named as C2SP tlog-mirror names logs."""
    return f"/{hashlib.sha256(origin.encode('utf-8')).hexdigest()}/checkpoint"
