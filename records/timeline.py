"""The audit trail as people read it: one plain sentence per event, with what it changed.

Reads only. Every page is a keyset page of the one event table: no COUNT, no OFFSET, no
UNION over history tables. Serves: 21 CFR 11.10(b)(e); draft Annex 11 §12 (searchable).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from records.acts import acts_in, find_act
from records.models import Change, ControlledRecord, Event

CHANGES_SHOWN = 8  # per event and page; the event's own page shows all


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """What a reader asked for; empty means everything. ``acts`` stand in for a category of the reader's own."""

    category: str = ""
    acts: tuple[str, ...] = ()
    username: str = ""
    act: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One changed field: its label, the old and the new value as text."""

    thing: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What a floor above found out about an event; ``is_met`` is None where nothing was checked."""

    text: str
    url: str
    is_met: bool | None = None


@dataclass(slots=True)
class TimelineEntry:
    """One event with its sentence, its changed fields and what it created or removed."""

    event: Event
    sentence: str
    category: str
    changes: list[FieldChange] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    hidden_changes: int = 0
    remark: Remark | None = None


class Facts(dict[str, Any]):
    """Details for a sentence; a place nobody filled shows as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


def events_of_records(records: Iterable[ControlledRecord | int]) -> QuerySet[Event]:
    """Return the events of some records, newest first."""
    keys = [record if isinstance(record, int) else record.pk for record in records]
    return Event.objects.filter(record_id__in=keys).order_by("-id")


def filter_events(events: QuerySet[Event], asked: TimelineFilter) -> QuerySet[Event]:
    """Narrow events by category, person, act and time; each ends in the sort key."""
    if asked.category:
        events = events.filter(act__in=asked.acts or acts_in(asked.category))
    if asked.username:
        events = events.filter(actor_username=asked.username)
    if asked.act:
        events = events.filter(act=asked.act)
    if asked.since:
        events = events.filter(at__gte=asked.since)
    if asked.until:
        events = events.filter(at__lt=asked.until)
    return events


def count_categories(events: QuerySet[Event], *, cap: int = 10_001) -> dict[str, int]:
    """Return how many of the newest ``cap`` events fall into each category, and ``all``."""
    found: dict[str, int] = {"all": 0}
    newest = events.order_by("-id").values_list("act", flat=True)[:cap]
    for act in newest:
        known = find_act(act)
        category = known.category if known else "system"
        found[category] = found.get(category, 0) + 1
        found["all"] += 1
    return found


def make_sentence(event: Event, *, say: Callable[[str], str] = str) -> str:
    """Return what the actor did, as the predicate of a plain sentence; ``say`` puts the words of its act otherwise."""
    known = find_act(event.act)
    if known is None:
        return event.act
    facts = Facts(event.details)
    if "code" in facts:
        facts["code"] = say_code(str(facts["code"]))
    return say(known.sentence).format_map(facts)


def say_code(code: str) -> str:
    """Return a refusal's code as words: ``signatures.credentials_refused`` as "credentials refused"."""
    return code.rpartition(".")[2].replace("_", " ")


def describe_events(events: Sequence[Event], *, shown: int = CHANGES_SHOWN) -> list[TimelineEntry]:
    """Return entries for a page of events, in their order, with three queries in all."""
    entries: dict[int, TimelineEntry] = {}
    for event in events:
        known = find_act(event.act)
        entries[event.pk] = TimelineEntry(event, make_sentence(event), known.category if known else "system")
    for row in count_changes(entries):
        entry = entries[row["event_id"]]
        if row["kind"] == "~":
            entry.hidden_changes += row["number"]
        else:
            entry.counts.append(say_count(row["table_name"], row["kind"], row["number"]))
    for change in changed_rows(entries, shown=shown):
        entry = entries[change.event_id]
        entry.hidden_changes -= 1
        entry.changes.extend(describe_change(change))
    return list(entries.values())


def count_changes(events: Collection[int]) -> Iterable[Mapping[str, Any]]:
    """Return the number of changes per event, table and kind."""
    return (
        Change.objects.filter(event_id__in=list(events))
        .values("event_id", "table_name", "kind")
        .annotate(number=Count("id"))
        .order_by("event_id", "table_name", "kind")
    )


def changed_rows(events: Collection[int], *, shown: int) -> Iterable[Change]:
    """Return at most ``shown`` changed rows per event."""
    numbered = Change.objects.filter(event_id__in=list(events), kind="~").annotate(
        place=Window(RowNumber(), partition_by=[F("event_id")], order_by=F("id").asc())
    )
    return numbered.filter(place__lte=shown).order_by("id")


def model_of_table(table: str) -> type[models.Model] | None:
    """Return the model that a table belongs to."""
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)


def say_count(table: str, kind: str, number: int) -> str:
    """Say how many rows were created or removed, in words."""
    model = model_of_table(table)
    if model is None:
        name = table
    else:
        name = str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)
    return f"{'created' if kind == '+' else 'removed'} {number} {name}"


def describe_change(change: Change) -> list[FieldChange]:
    """Return the changed fields of one row with the labels people know."""
    model = model_of_table(change.table_name)
    labels = {} if model is None else {row.column: str(row.verbose_name) for row in model._meta.local_concrete_fields}
    thing = change.table_name if model is None else str(model._meta.verbose_name)
    old, new = change.old or {}, change.new or {}
    return [
        FieldChange(thing, labels.get(name, name), say_field(name, old.get(name)), say_field(name, new.get(name)))
        for name in sorted({*old, *new})
        if name != "revision"
    ]


def say_field(name: str, value: Any) -> str:
    """Return a column's value as a reader sees it; the names of states are words."""
    return say_value(value).replace("_", " ") if name == "state" else say_value(value)


def say_value(value: Any) -> str:
    """Return a stored value as a reader sees it."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text.startswith("sha256:"):
        return f"(not shown; fingerprint {text[7:19]})"
    return text
