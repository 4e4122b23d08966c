"""The order of shipping: read behind the mark, send, move the mark; and how long to wait after a failure.

Pure of Django: reader, sink and mark are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from records.shipping.errors import LeavesMissing
from records.shipping.events import SealedEvent
from records.shipping.sinks import Sink

BATCH_EVENTS: Final = 200
FIRST_WAIT_SECONDS: Final = 5
LONGEST_WAIT_SECONDS: Final = 900

ReadBatch = Callable[[int, int], Sequence[SealedEvent]]
"""(first leaf index, how many at most) → the events from there on, in order."""


class Mark(Protocol):
    """The durable place up to which a sink has confirmed."""

    def next_index(self) -> int:
        """Return the leaf index that is shipped next."""
        ...

    def advance(self, next_index: int) -> None:
        """Move on durably."""
        ...


def ship_events(read_batch: ReadBatch, sink: Sink, mark: Mark, *, batch: int = BATCH_EVENTS) -> int:
    """Ship what lies behind the mark, batch by batch in ledger order; return how many events.

    A process that dies between confirmation and mark sends that batch again: at least once, never
    out of order, never past a gap. Raises: SinkUnavailable, SinkRefusedEvents, LeavesMissing.
    """
    shipped = 0
    while events := read_batch(mark.next_index(), batch):
        expected = mark.next_index()
        for place, event in enumerate(events):
            if event.index != expected + place:
                raise LeavesMissing(expected=expected + place, found=event.index)
        sink.send(events)
        mark.advance(expected + len(events))
        shipped += len(events)
    return shipped


def wait_after(failures: int) -> timedelta:
    """Return how long to leave a sink alone after so many failures in a row: doubling, up to 15 minutes."""
    return timedelta(seconds=min(FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 20), LONGEST_WAIT_SECONDS))
