"""Stored leaves beside what their events' rows give now: for the sealer's read-back and for verification."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connections

from records.errors_ledger import LeafFormatUnreadable
from records.ledger.leaves import Format, make_entries, parse_format
from records.ledger.merkle import leaf_hash

LEAVES_SQL = """
SELECT "index", event_id, format_id, "hash" FROM records_leaf WHERE "index" >= %s AND "index" < %s ORDER BY "index"
"""


@dataclass(slots=True)
class StoredLeaf:
    """A leaf as it is stored."""

    index: int
    event_id: int
    format_id: int
    hash: bytes


@contextmanager
def spared_collector() -> Iterator[None]:
    """Spare the collector of garbage what the process held before, for a walk over many leaves.

    A walk makes no cycles, but each batch survives long enough for the collector to go through the
    whole process again, which costs more than the hashing does.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Formats:
    """The stored leaf formats, read once each."""

    def __init__(self, using: str) -> None:
        self.using = using
        self._known: dict[int, Format] = {}

    def find(self, format_id: int) -> Format:
        """Return a format. Raises: LeafFormatUnreadable."""
        if format_id not in self._known:
            with connections[self.using].cursor() as cursor:
                cursor.execute("SELECT text, digest FROM records_leafformat WHERE id = %s", [format_id])
                row = cursor.fetchone()
            if row is None:
                raise LeafFormatUnreadable(digest=format_id, problem="its row is missing")
            self._known[format_id] = parse_format(*row)
        return self._known[format_id]


def read_leaves(using: str, start: int, end: int) -> list[StoredLeaf]:
    """Return the stored leaves [start, end), in their order; lost ones are simply not there."""
    with connections[using].cursor() as cursor:
        cursor.execute(LEAVES_SQL, [start, end])
        return [StoredLeaf(index, event, form, bytes(value)) for index, event, form, value in cursor.fetchall()]


def make_stored_entries(using: str, leaves: Sequence[StoredLeaf], formats: Formats) -> list[bytes | None]:
    """Return the entry of each leaf as its event's rows give it now, None where there is no such event.

    Call it inside `fixed_texts`. Raises: LeafFormatUnreadable.
    """
    entries: dict[tuple[int, int], bytes] = {}
    for format_id in sorted({leaf.format_id for leaf in leaves}):
        chosen = [leaf.event_id for leaf in leaves if leaf.format_id == format_id]
        made = make_entries(using, formats.find(format_id), chosen)
        entries.update(((format_id, event_id), entry) for event_id, entry in made.items())
    return [entries.get((leaf.format_id, leaf.event_id)) for leaf in leaves]


def recompute(using: str, leaves: Sequence[StoredLeaf], formats: Formats) -> Iterator[tuple[StoredLeaf, bytes | None]]:
    """Yield each leaf with the hash that its event's rows give now, None where there is no such event.

    Call it inside `fixed_texts`. Raises: LeafFormatUnreadable.
    """
    for leaf, entry in zip(leaves, make_stored_entries(using, leaves, formats), strict=True):
        yield leaf, None if entry is None else leaf_hash(entry)
