"""What others know of the ledger: checkpoints kept elsewhere, what the witness last cosigned.

Owns the detection of a ledger that was rolled back or rewritten as a whole: whoever holds the
database and the sealer's key can make every row fit, but not what has left the building.
Serves: 21 CFR 11.10(c), 11.10(e).
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from records.errors import Refusal
from records.ledger.checkpoints import Checkpoint, open_checkpoint
from records.ledger.errors import WitnessUnreachable
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.merkle import root_at
from records.ledger.notes import VerifierKey, parse_note, parse_verifier_key, verify_note
from records.ledger.trees import tree_reader
from records.ledger.witnessing import read_witness
from records.models_ledger import Checkpoint as CheckpointRow
from records.models_ledger import CheckpointCosignature, Leaf
from records.verifying.findings import Finding, Tally, register_check, shorten

HEAD, COSIGNATURE = "records_checkpoint", "records_checkpointcosignature"


def witness_key() -> VerifierKey | None:
    """Return the verifier key of the witness, or None where there is no witness. Raises: VerifierKeyMalformed."""
    return parse_verifier_key(settings.WITNESS_KEY) if settings.WITNESS_KEY else None


@register_check("cosignatures", incremental=True)
def check_cosignatures(tally: Tally) -> Iterator[Finding]:
    """Verify every cosignature over the checkpoint it stands under."""
    key = witness_key()
    rows = CheckpointCosignature.objects.order_by("pk").select_related("checkpoint")
    if tally.since:
        rows = rows.filter(checkpoint__size__gt=tally.since.size)
    for row in rows.iterator(chunk_size=500):
        tally.add("cosignatures")
        try:
            note = parse_note(f"{row.checkpoint.note}{row.line}".encode())
            if key is not None and key.name == row.witness:
                verify_note(note, [key])
        except Refusal as refusal:
            expected = f"a cosignature of {row.witness}"
            yield Finding("cosignature_forged", COSIGNATURE, str(row.pk), "line", expected, shorten(refusal))


@register_check("witness", incremental=True)
def check_witness(tally: Tally) -> Iterator[Finding]:
    """Ask the witness what it last cosigned; this ledger must continue it."""
    key = witness_key()
    if key is None or not settings.WITNESS_URL:
        return
    try:
        seen = read_witness(settings.WITNESS_URL, key, ledger_origin(), trusted_keys())
    except WitnessUnreachable:
        tally.add("witnesses that did not answer")
        return
    except Refusal as refusal:
        yield Finding("witness_disagrees", HEAD, "", "", "an answer that can be verified", shorten(refusal))
        return
    tally.add("witnesses")
    if seen is not None:
        yield from compare_known(seen, f"the witness {key.name}")


def check_known_checkpoint(data: bytes) -> Iterator[Finding]:
    """Compare this ledger with a checkpoint that was kept elsewhere."""
    try:
        known = open_checkpoint(data, ledger_origin(), trusted_keys())
    except Refusal as refusal:
        yield Finding("known_checkpoint_unreadable", HEAD, "", "", "a checkpoint of this ledger", shorten(refusal))
        return
    yield from compare_known(known, "a checkpoint kept elsewhere")


def compare_known(known: Checkpoint, holder: str) -> Iterator[Finding]:
    """Name a ledger that is shorter than, or leads to another root than, what somebody else holds."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    size = 0 if last is None else last + 1
    name = str(known.size)
    if known.size > size:
        newest = CheckpointRow.objects.order_by("-size").first()
        expected = f"at least {known.size} leaves, as {holder} shows"
        found = f"{size} leaves" + (f", the last checkpoint of {newest.made_at:%Y-%m-%d %H:%M} UTC" if newest else "")
        yield Finding("ledger_rolled_back", HEAD, name, "size", expected, found)
        return
    try:
        root = root_at(known.size, tree_reader(known.size))
    except Refusal as refusal:
        yield Finding("ledger_rewritten", HEAD, name, "root", known.root.hex(), shorten(refusal))
        return
    if root != known.root:
        expected = f"root {known.root.hex()} over the first {known.size} leaves, as {holder} shows"
        yield Finding("ledger_rewritten", HEAD, name, "root", expected, root.hex())
