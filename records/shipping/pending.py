"""Shipping from the database: sealed events read by leaf index, the mark kept in a row.

No transaction is open while the network is waited for, since that would hold back the sealer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connections
from django.db.models import F

from records.acts import find_act
from records.clock import now
from records.errors import Refusal
from records.models_ledger import Leaf
from records.models_shipping import ShippingMark
from records.shipping.events import SealedEvent
from records.shipping.shipping import BATCH_EVENTS, ship_events, wait_after
from records.shipping.sinks import Sink

SHIPPING_LOCK: Final = 7_210_064
"""The advisory lock that lets one shipper work at a time, so that order holds."""


@dataclass(frozen=True, slots=True)
class StoredMark:
    """The mark of one sink in `ShippingMark`."""

    sink: str
    using: str

    def next_index(self) -> int:
        """Return the leaf index that is shipped next."""
        return ShippingMark.objects.using(self.using).values_list("next_index", flat=True).get(sink=self.sink)

    def advance(self, next_index: int) -> None:
        """Move on and forget earlier failures. Writes: records_shippingmark."""
        ShippingMark.objects.using(self.using).filter(sink=self.sink).update(
            next_index=next_index, shipped_at=now(), failures=0, not_before=None, last_error=""
        )


def ship_pending(sink: Sink, *, using: str = "sealer", batch: int = BATCH_EVENTS) -> int:
    """Ship every sealed event that the sink has not confirmed; return how many.

    Does nothing while another shipper works or the sink is left alone after a failure. A failure
    is kept in the mark, with the time of the next try, and raised.
    Writes: records_shippingmark. Raises: SinkUnavailable, SinkRefusedEvents, LeavesMissing.
    """
    with shipping_lock(using) as is_ours:
        if not is_ours:
            return 0
        mark, _ = ShippingMark.objects.using(using).get_or_create(sink=sink.name)
        if mark.not_before is not None and mark.not_before > now():
            return 0
        try:
            return ship_events(
                lambda first, limit: read_sealed_events(first, limit, using=using),
                sink,
                StoredMark(sink.name, using),
                batch=batch,
            )
        except Refusal as refusal:
            note_failure(sink.name, refusal, using=using)
            raise


def note_failure(sink: str, refusal: Refusal, *, using: str) -> None:
    """Keep what went wrong and when to try again. Writes: records_shippingmark."""
    marks = ShippingMark.objects.using(using).filter(sink=sink)
    marks.update(failures=F("failures") + 1, last_error=refusal.text[:500])
    failures = marks.values_list("failures", flat=True).get()
    marks.update(not_before=now() + wait_after(failures))


def read_sealed_events(first: int, limit: int, *, using: str) -> list[SealedEvent]:
    """Return sealed events from a leaf index on, in ledger order."""
    leaves = (
        Leaf.objects.using(using)
        .filter(index__gte=first)
        .select_related("event", "event__record")
        .order_by("index")[:limit]
    )
    return [describe_leaf(leaf) for leaf in leaves]


def describe_leaf(leaf: Leaf) -> SealedEvent:
    """Return a leaf's event as it is shipped."""
    event = leaf.event
    act = find_act(event.act)
    return SealedEvent(
        index=leaf.index,
        id=event.pk,
        at=event.at,
        act=event.act,
        category=act.category if act else "system",
        username=event.actor_username,
        printed_name=event.actor_name,
        role=event.actor_role,
        is_person=event.actor_id is not None,
        record=event.record.number if event.record else "",
        reason=event.reason,
        details=event.details,
        address=event.address,
        station=event.station,
        request_id=event.request_id,
        build=event.build,
        origin=settings.LEDGER_ORIGIN,
    )


@contextmanager
def shipping_lock(using: str) -> Iterator[bool]:
    """Hold the shippers' lock on this connection, without a transaction; tell whether it was free."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SHIPPING_LOCK])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SHIPPING_LOCK])
