"""What a reader opened, left as events that the quality unit sees live."""

from __future__ import annotations

from django.db.models import QuerySet

from qms.inspections.models import InspectorAccess
from qms.inspections.scope import Reader, managed_accesses, readable_records
from records.acting import record_event
from records.evidence import Actor
from records.models import ControlledRecord, Event


def note_lot(*, actor: Actor, lot: str) -> None:
    """Leave the event that a lot's page was opened. Writes: records_event."""
    record_event(actor, "inspections.lot.viewed", details={"lot": lot})


def note_record(*, actor: Actor, record: ControlledRecord, page: str) -> None:
    """Leave the event that a page of a record was opened. Writes: records_event."""
    record_event(actor, "inspections.record.viewed", record, details={"page": page})


def note_search(*, actor: Actor, query: str, hits: int) -> None:
    """Leave the event that something was searched. Writes: records_event."""
    record_event(actor, "inspections.search.made", details={"query": query[:100], "hits": hits})


def visits_of(access: InspectorAccess, *, reader: Reader) -> QuerySet[Event]:
    """Return what the inspector did in the term of an access, newest first, as far as the reader may know it.

    Where the inspector also reads products that are not the reader's, only what concerns the
    reader's own records is left: searches and lots name things of both.
    """
    events = Event.objects.filter(actor_id=access.inspector_id, at__gte=access.starts_at, at__lt=access.ends_at)
    others = InspectorAccess.objects.filter(inspector_id=access.inspector_id)
    if others.exclude(pk__in=managed_accesses(reader.user.pk).values("pk")).exists():
        events = events.filter(record__in=readable_records(reader).values("pk"))
    return events.order_by("-id")
