"""Proofs out of the stored ledger: where an event stands in the tree, and that it stands there.

Reads each tile of hashes once for all the events in it, so that a lot of many events costs no
more than the tree's own size. Serves: 21 CFR 11.10(b), 11.10(e).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from records.ledger.merkle import inclusion_proof
from records.ledger.trees import tree_reader
from records.models_ledger import Checkpoint, Leaf

LEAVES_AT_A_TIME: Final = 1000


@dataclass(frozen=True, slots=True)
class EventProof:
    """An event's place in the tree of one size, and the hashes that lead from it to the root (RFC 9162, 2.1.3)."""

    event_id: int
    index: int
    format_id: int
    path: tuple[bytes, ...]


def prove_events(event_ids: Sequence[int], checkpoint: Checkpoint, *, using: str = "default") -> Iterator[EventProof]:
    """Yield the proof of each event that is a leaf of the checkpoint's tree, in the order given; others are left out.

    Raises: LedgerBroken where a stored hash is lost.
    """
    read_hash = tree_reader(checkpoint.size, using)
    for start in range(0, len(event_ids), LEAVES_AT_A_TIME):
        chosen = event_ids[start : start + LEAVES_AT_A_TIME]
        found = Leaf.objects.using(using).filter(event_id__in=chosen, index__lt=checkpoint.size)
        leaves = {event: (index, form) for event, index, form in found.values_list("event_id", "index", "format_id")}
        for event_id in chosen:
            if event_id in leaves:
                index, form = leaves[event_id]
                path = inclusion_proof(index, checkpoint.size, read_hash)
                yield EventProof(event_id, index, form, tuple(path))


def find_checkpoint(event_ids: Sequence[int], *, using: str = "default") -> Checkpoint | None:
    """Return the checkpoint that says most about events, None while there is none.

    The earliest that covers them all with a witness and a time stamp; else with a witness; else the
    newest with a witness, under which younger events are not yet proven; without a witness likewise.
    """
    last = _last_index(event_ids, using)
    made = Checkpoint.objects.using(using).order_by("size")
    covering, is_witnessed, is_stamped = Q(size__gt=last), Q(cosignatures__isnull=False), Q(stamps__isnull=False)
    return (
        made.filter(covering & is_witnessed & is_stamped).first()
        or made.filter(covering & is_witnessed).first()
        or made.filter(is_witnessed).last()
        or made.filter(covering & is_stamped).first()
        or made.last()
    )


def _last_index(event_ids: Sequence[int], using: str) -> int:
    last = -1
    for start in range(0, len(event_ids), LEAVES_AT_A_TIME):
        found = Leaf.objects.using(using).filter(event_id__in=event_ids[start : start + LEAVES_AT_A_TIME])
        last = max(last, *found.values_list("index", flat=True), -1)
    return last
