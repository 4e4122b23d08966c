"""What a capsule is about: a record, several that belong together, or a time.

Holds ids only, so that a year of records is as light as one. Serves: 21 CFR 11.10(b).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from records.canonical import instant_text
from records.models import ControlledRecord, Event
from signatures.capsules.errors import CapsuleEmpty, RecordUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsuleScope:
    """The records of a capsule, and the time whose whole trail it also holds, if any."""

    title: str
    record_ids: tuple[int, ...]
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def records(self) -> Iterator[ControlledRecord]:
        """Yield each record as its own kind, by number."""
        keys = ControlledRecord.objects.filter(pk__in=self.record_ids).order_by("number").values_list("pk", flat=True)
        for key in keys:
            yield ControlledRecord.objects.get(pk=key).concrete()

    def events_of_time(self) -> QuerySet[Event] | None:
        """Return all events of the time, whatever their record; None for a capsule about no time."""
        if self.since is None or self.until is None:
            return None
        return Event.objects.filter(at__gte=self.since, at__lt=self.until)

    def event_ids(self) -> list[int]:
        """Return the ids of all events of the capsule, in order."""
        found = set(Event.objects.filter(record_id__in=self.record_ids).values_list("pk", flat=True))
        of_time = self.events_of_time()
        if of_time is not None:
            found |= set(of_time.values_list("pk", flat=True))
        return sorted(found)


def scope_of_record(number: str) -> CapsuleScope:
    """Return the scope of one record by its number. Raises: RecordUnknown."""
    record = ControlledRecord.objects.filter(number=number).first()
    if record is None:
        raise RecordUnknown(number=number[:40])
    return CapsuleScope(title=record.number, record_ids=(record.pk,))


def scope_of_records(title: str, records: Sequence[int]) -> CapsuleScope:
    """Return the scope of records that belong together, such as those of a lot. Raises: CapsuleEmpty."""
    if not records:
        raise CapsuleEmpty(title=title)
    return CapsuleScope(title=title, record_ids=tuple(sorted(records)))


def scope_of_time(since: dt.datetime, until: dt.datetime) -> CapsuleScope:
    """Return the scope of a time: its whole trail, and each record that an act of it changed, whole.

    Reading a record does not draw it in. Units: aware instants, ``until`` excluded. Raises: CapsuleEmpty.
    """
    title = f"{instant_text(since)} to {instant_text(until)}"
    events = Event.objects.filter(at__gte=since, at__lt=until)
    if not events.exists():
        raise CapsuleEmpty(title=title)
    changed = events.filter(record__isnull=False, changes__isnull=False).order_by()
    keys = tuple(sorted(set(changed.values_list("record_id", flat=True))))
    return CapsuleScope(title=title, record_ids=keys, since=since, until=until)
