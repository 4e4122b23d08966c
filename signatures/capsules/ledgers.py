"""The ledger's part of a capsule: each event's lines as they were sealed, its proof, the checkpoint, the keys.

Owns the files' form; the lines are rendered again from the rows, so that a row altered since does
not lead to the root any more. Serves: 21 CFR 11.10(b)(e), 11.30.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from django.conf import settings

from records.ledger.cosigning import cosigned_note
from records.ledger.identity import trusted_keys
from records.ledger.known import witness_key
from records.ledger.leaves import Format, fixed_texts, present_format, read_lines
from records.ledger.proving import EventProof, find_checkpoint, prove_events
from records.ledger.recomputing import Formats
from records.models_ledger import Checkpoint
from signatures.capsules.members import MemberWriter

EVENTS_AT_A_TIME: Final = 100
USING: Final = "default"


def write_ledger(writer: MemberWriter, event_ids: Sequence[int]) -> None:
    """Write everything that proves the events; those not yet sealed are told and marked so by having no index."""
    checkpoint = find_checkpoint(event_ids, using=USING)
    formats = NamedFormats()
    with tempfile.TemporaryFile() as leaves, fixed_texts(USING):
        writer.add_pieces("ledger/events.txt", line_pieces(event_ids, checkpoint, leaves, formats))
        leaves.seek(0)
        writer.add_stream("ledger/leaves.jsonl", leaves)
    for digest, text in sorted({(form.digest, form.text) for form in formats.forms.values()}):
        writer.add(f"ledger/formats/{digest}.json", text.encode())
    writer.add("ledger/log.vkey", "".join(f"{key}\n" for key in trusted_keys()).encode())
    writer.add("ledger/witness.vkey", f"{witness_key() or ''}\n".encode())
    if checkpoint is not None:
        note = cosigned_note(checkpoint, checkpoint.cosignatures.order_by("id"))
        writer.add("ledger/checkpoint.txt", str(note).encode())
        write_stamps(writer, checkpoint)


class NamedFormats:
    """The formats that a capsule's events need; 0 is the present one."""

    def __init__(self) -> None:
        self._stored = Formats(USING)
        self.forms: dict[int, Format] = {}

    def find(self, format_id: int) -> Format:
        """Return a format."""
        if format_id not in self.forms:
            self.forms[format_id] = self._stored.find(format_id) if format_id else present_format(USING)
        return self.forms[format_id]


def line_pieces(
    event_ids: Sequence[int], checkpoint: Checkpoint | None, leaves: IO[bytes], formats: NamedFormats
) -> Iterator[bytes]:
    """Yield the lines of all events in their order, noting each event's leaf and each format on the way."""
    for start in range(0, len(event_ids), EVENTS_AT_A_TIME):
        chosen = event_ids[start : start + EVENTS_AT_A_TIME]
        proofs = {one.event_id: one for one in prove_events(chosen, checkpoint, using=USING)} if checkpoint else {}
        kinds = {event_id: proofs[event_id].format_id if event_id in proofs else 0 for event_id in chosen}
        lines: dict[int, list[bytes]] = {}
        for kind in dict.fromkeys(kinds.values()):
            lines |= read_lines(USING, formats.find(kind), [one for one in chosen if kinds[one] == kind])
        for event_id in chosen:
            digest = formats.find(kinds[event_id]).digest
            leaves.write(leaf_row(event_id, digest, len(lines[event_id]), proofs.get(event_id)))
            yield from lines[event_id]


def leaf_row(event_id: int, digest: str, count: int, proof: EventProof | None) -> bytes:
    """Return one line of ``leaves.jsonl``."""
    facts: dict[str, object] = {"event": event_id, "format": digest, "lines": count}
    if proof is not None:
        facts |= {"index": proof.index, "proof": [step.hex() for step in proof.path]}
    return json.dumps(facts, sort_keys=True).encode() + b"\n"


def write_stamps(writer: MemberWriter, checkpoint: Checkpoint) -> None:
    """Write the time stamps of a checkpoint, the note that they are over, and whom this site believes them from."""
    stamps = list(checkpoint.stamps.order_by("id"))
    for place, stamp in enumerate(stamps, start=1):
        writer.add(f"timestamps/{place}.tst", bytes(stamp.token))
    if stamps:
        writer.add("timestamps/note.txt", checkpoint.note.encode())
    if stamps and settings.TSA_CA:
        writer.add("timestamps/ca.pem", Path(settings.TSA_CA).read_bytes())
