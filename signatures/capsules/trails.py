"""The audit trail as files: a table for reading and sorting, and the complete one for machines.

Owns the columns of both and what keeps a spreadsheet from running a cell. Reads in pages, so
that a trail of any length needs the memory of one page. Serves: 21 CFR 11.10(b)(e).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet

from records.canonical import instant_text
from records.models import Event
from records.timeline import describe_events
from signatures.capsules.members import json_rows

PAGE: Final = 200
"""Events read at a time."""

COLUMNS: Final = (
    "event",
    "at_utc",
    "who",
    "user_name",
    "role",
    "act",
    "what",
    "reason",
    "field",
    "old",
    "new",
    "request",
    "build",
)

RISKY_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What a spreadsheet may take for the beginning of a formula."""

_ESCAPED: Final = (*RISKY_STARTS, "'")
"""The apostrophe as well, so that reading takes off exactly what writing put on."""


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula; `plain_cell` gives the value back."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_ESCAPED) else text


def plain_cell(cell: str) -> str:
    """Return the value that a cell stands for."""
    return cell.removeprefix("'")


def csv_pieces(events: QuerySet[Event]) -> Iterator[bytes]:
    """Yield the trail as CSV (RFC 4180, UTF-8 with its mark): one line per changed field, oldest first."""
    yield "\ufeff".encode()
    yield csv_line(COLUMNS)
    for page in pages_of(events):
        for entry in describe_events(page, shown=10_000):
            sentence = "; ".join([entry.sentence, *entry.counts])
            fields = [(f"{one.thing}: {one.label}", one.old, one.new) for one in entry.changes] or [("", "", "")]
            for field in fields:
                yield csv_line(cells_of(entry.event, sentence, field))


def cells_of(event: Event, sentence: str, field: tuple[str, str, str]) -> tuple[str, ...]:
    """Return the cells of one line."""
    values = (
        event.pk,
        instant_text(event.at),
        event.actor_name,
        event.actor_username,
        event.actor_role,
        event.act,
        sentence,
        event.reason,
        *field,
        event.request_id,
        event.build,
    )
    return tuple(safe_cell(value) for value in values)


def csv_line(cells: tuple[str, ...]) -> bytes:
    """Return one line of CSV."""
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def json_pieces(events: QuerySet[Event]) -> Iterator[bytes]:
    """Yield the trail as JSON: every event with every old and new value, one event a line, oldest first."""
    return json_rows(
        json.dumps(facts_of(event), ensure_ascii=False, sort_keys=True).encode()
        for page in pages_of(events.prefetch_related("changes"))
        for event in page
    )


def pages_of(events: QuerySet[Event]) -> Iterator[list[Event]]:
    """Yield events in pages, by their ids."""
    last = 0
    while page := list(events.filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield page
        last = page[-1].pk


def facts_of(event: Event) -> dict[str, Any]:
    """Return an event as a trail tells it to machines."""
    changes = sorted(event.changes.all(), key=lambda row: row.pk)
    return {
        "id": event.pk,
        "at": instant_text(event.at),
        "act": event.act,
        "actor": event.actor_username,
        "name": event.actor_name,
        "role": event.actor_role,
        "record": event.record_id,
        "reason": event.reason,
        "details": event.details,
        "address": event.address,
        "station": event.station,
        "request": event.request_id,
        "build": event.build,
        "changes": [
            {
                "table": row.table_name,
                "row": row.row_key,
                "kind": row.kind,
                "snapshot": row.history_id,
                "old": row.old,
                "new": row.new,
            }
            for row in changes
        ],
    }
