"""From an event's rows to its leaf: lines of COPY text, an entry over their hash, a leaf hash.

Owns the leaf's bytes, which are fixed for ever: the event's row, its changes by id, its
snapshots by table and id, each as PostgreSQL's COPY writes the recorded columns in a session
with fixed text formats. Rows are streamed; only the hashes of a batch are kept in memory.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from django.db import connections, transaction
from psycopg import sql
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from records.canonical import canonical_bytes
from records.checks import history_model_of
from records.digests import sha256_hex
from records.errors_ledger import LeafFormatUnreadable
from records.history import TRACKED

FORMAT_VERSION: Final = 1
ENTRY_HEAD: Final = "countersign-event/v1"
EVENTS: Final = "records_event"
CHANGES: Final = "records_change"

# What a session may set differently and COPY's text depends on.
TEXT_SETTINGS: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
}

COLUMNS_SQL: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.relname
"""


class Sink(Protocol):
    """Takes a leaf's lines in their order: a hash, or a list of them."""

    def update(self, data: bytes, /) -> None:
        """Take the next line."""


class LineList(list[bytes]):
    """Keeps the lines themselves, for whoever shows or exports a leaf."""

    def update(self, data: bytes, /) -> None:
        """Keep the next line."""
        self.append(data)


@dataclass(frozen=True)
class Format:
    """The recorded columns of each table, and the snapshots' table of each table that a change may name."""

    tables: Mapping[str, tuple[str, ...]]
    snapshots: Mapping[str, str]

    @cached_property
    def text(self) -> str:
        """The format as canonical JSON (RFC 8785)."""
        content = {
            "version": FORMAT_VERSION,
            "tables": {table: list(columns) for table, columns in self.tables.items()},
            "snapshots": dict(self.snapshots),
        }
        return canonical_bytes(content).decode()

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the text, which every entry names."""
        return sha256_hex(self.text.encode())


def parse_format(text: str, digest: str) -> Format:
    """Return a stored format. Raises: LeafFormatUnreadable for another text than the digest's, or another version."""
    if sha256_hex(text.encode()) != digest:
        raise LeafFormatUnreadable(digest=digest, problem="its text was altered")
    content = json.loads(text)
    if content["version"] != FORMAT_VERSION:
        raise LeafFormatUnreadable(digest=digest, problem="it is of a later version of the software")
    return Format({table: tuple(names) for table, names in content["tables"].items()}, content["snapshots"])


def present_format(using: str) -> Format:
    """Return the format of the tables as they stand in the database now: no column is left out."""
    snapshots = {model._meta.db_table: history_model_of(model)._meta.db_table for model in TRACKED}
    with connections[using].cursor() as cursor:
        cursor.execute(COLUMNS_SQL, [[EVENTS, CHANGES, *snapshots.values()]])
        tables = {table: tuple(columns) for table, columns in cursor.fetchall()}
    return Format(tables, {live: history for live, history in snapshots.items() if history in tables})


@contextmanager
def fixed_texts(using: str) -> Iterator[None]:
    """Fix the session's text formats for one transaction."""
    calls = ", ".join("set_config(%s, %s, true)" for _ in TEXT_SETTINGS)
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute(f"SELECT {calls}", [word for pair in TEXT_SETTINGS.items() for word in pair])
        yield


def make_entries(using: str, form: Format, event_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the entry of each event that has a row; call it inside `fixed_texts`."""
    digest = form.digest
    return {
        event_id: make_entry(event_id, digest, count, sink.hexdigest())
        for event_id, sink, count in stream_lines(using, form, event_ids, hashlib.sha256)
    }


def make_entry(event_id: int, format_digest: str, count: int, lines_digest: str) -> bytes:
    """Return a leaf's data: which event, which format, how many lines, and their SHA-256."""
    return f"{ENTRY_HEAD}\n{event_id}\n{format_digest}\n{count}\n{lines_digest}\n".encode()


def read_lines(using: str, form: Format, event_ids: Sequence[int]) -> dict[int, list[bytes]]:
    """Return the lines of each event that has a row, as they are hashed; call it inside `fixed_texts`."""
    return {event_id: sink for event_id, sink, _ in stream_lines(using, form, event_ids, LineList)}


Owners = dict[bytes, bytes | tuple[bytes, ...]]
"""Whose a snapshot is, by its id: one event's as a rule. No container for each, since the collector of
garbage would go through all of them again and again."""


class Fed:
    """What a batch of events was fed: each one's sink and number of lines, by its id as COPY writes it."""

    def __init__(self) -> None:
        self.sinks: dict[bytes, Any] = {}
        self.counts: dict[bytes, int] = {}


def stream_lines(
    using: str, form: Format, event_ids: Sequence[int], make_sink: Callable[[], Any]
) -> Iterator[tuple[int, Any, int]]:
    """Feed each event's lines to a sink of its own, and yield event, sink and number of lines."""
    fed, is_wanted = Fed(), {str(event_id).encode() for event_id in event_ids}.__contains__
    sinks, counts = fed.sinks, fed.counts
    for row in copy_rows(using, EVENTS, "id", (), form.tables[EVENTS], sorted(event_ids)):
        key, _, line = row.partition(b"\t")
        if is_wanted(key):
            sinks[key] = sink = make_sink()
            sink.update(line)
            counts[key] = 1
    owners = feed_changes(using, form, fed)
    for table in sorted(owners):
        feed_snapshots(using, form, table, owners[table], fed)
    for key, sink in sinks.items():
        yield int(key), sink, counts[key]


def feed_changes(using: str, form: Format, fed: Fed) -> dict[str, Owners]:
    """Feed each event its changes; return whose the snapshots are that they name, by table and id."""
    owners: dict[str, Owners] = {history: {} for history in form.snapshots.values()}
    places = {live.encode(): owners[history] for live, history in form.snapshots.items()}
    sinks, counts = fed.sinks, fed.counts
    keys, wanted = ("table_name", "history_id"), sorted(map(int, sinks))
    for row in copy_rows(using, CHANGES, "event_id", keys, form.tables[CHANGES], wanted, order="id"):
        event, table, history_id, line = row.split(b"\t", 3)
        if event not in sinks:
            continue
        sinks[event].update(line)
        counts[event] += 1
        if table in places:
            place = places[table]
            before = place.setdefault(history_id, event)
            if before != event:
                known = before if isinstance(before, tuple) else (before,)
                place[history_id] = known if event in known else (*known, event)
    return {history: found for history, found in owners.items() if found}


def feed_snapshots(using: str, form: Format, table: str, owners: Owners, fed: Fed) -> None:
    """Feed the snapshots of one table to the events they belong to."""
    sinks, counts = fed.sinks, fed.counts
    for row in copy_rows(using, table, "history_id", (), form.tables[table], sorted(map(int, owners))):
        key, _, line = row.partition(b"\t")
        found = owners.get(key, ())
        for event in found if isinstance(found, tuple) else (found,):
            sinks[event].update(line)
            counts[event] += 1


def copy_rows(
    using: str,
    table: str,
    key: str,
    keys: Iterable[str],
    columns: Iterable[str],
    wanted: Sequence[int],
    *,
    order: str = "",
) -> Iterator[bytes]:
    """Yield rows as COPY text: the key and further keys, then the line as it is hashed.

    A line is the table's name and the recorded columns; PostgreSQL writes the name too, which costs
    less than putting it there. Every wanted row that exists comes; others may come with them.
    """
    if not wanted:
        return
    low, high = wanted[0], wanted[-1]
    # Numbers in one run are read as a range, which costs PostgreSQL far less than a look-up for each.
    if high - low < 2 * len(wanted):
        condition = sql.SQL("BETWEEN {} AND {}").format(sql.Literal(low), sql.Literal(high))
    else:
        condition = sql.SQL("= ANY({})").format(sql.Literal(list(wanted)))
    statement = sql.SQL("COPY (SELECT {}, {}, {} FROM {} WHERE {} {} ORDER BY {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, (key, *keys))),
        sql.Literal(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.Identifier(key),
        condition,
        sql.Identifier(order or key),
    )
    yield from copy_out(using, statement)


def copy_out(using: str, statement: sql.Composed) -> Iterator[bytes]:
    """Yield the rows of one COPY ... TO STDOUT as libpq hands them over.

    Read below the driver's own iterator, which costs more than everything else done with a row.
    """
    wrapper = connections[using]
    wrapper.ensure_connection()
    connection = wrapper.connection
    with wrapper.wrap_database_errors, connection.lock:
        channel = connection.pgconn
        started = channel.exec_(statement.as_bytes(connection))
        if started.status != ExecStatus.COPY_OUT:
            raise error_from_result(started)
        take = channel.get_copy_data
        size, row = take(0)
        try:
            while size > 0:
                yield bytes(row)
                size, row = take(0)
        finally:
            while size > 0:  # whoever took the rows stopped early
                size, row = take(0)
        while (ended := channel.get_result()) is not None:
            if ended.status != ExecStatus.COMMAND_OK:
                raise error_from_result(ended)
