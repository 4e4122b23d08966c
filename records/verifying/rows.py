"""Live rows ↔ snapshots ↔ changes ↔ events, compared by PostgreSQL itself.

For each tracked table: the newest snapshot of every row equals the live row, snapshots
follow one another exactly as their changes say, and each belongs to an event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from records.checks import history_model_of
from records.guards import TrackedTable, column_value, table_facts
from records.history import TRACKED
from records.verifying.findings import Finding, Tally, register_check, shorten

# The newest snapshot of each row beside the live row; only pairs that differ come back.
LIVE_SQL = """
WITH newest AS (
  SELECT DISTINCT ON ("{key}") "{key}" AS row_key, history_type, {row} AS content
  FROM {history} h WHERE {only} ORDER BY "{key}", history_id DESC),
live AS (SELECT "{key}" AS row_key, {live} AS content FROM {table} o WHERE {only})
SELECT coalesce(live.row_key, newest.row_key)::text, newest.history_type, live.content, newest.content
FROM live FULL JOIN newest ON newest.row_key = live.row_key
WHERE CASE
  WHEN live.row_key IS NULL THEN newest.history_type <> '-'
  WHEN newest.row_key IS NULL OR newest.history_type = '-' THEN true
  ELSE live.content IS DISTINCT FROM newest.content END
ORDER BY 1
"""

# Each snapshot beside its predecessor, its change and its event.
CHAIN_SQL = """
WITH chain AS (
  SELECT history_id, "{key}" AS row_key, history_type, event_id, {row} AS content,
    lag({row}) OVER w AS before, lag(history_type) OVER w AS type_before
  FROM {history} h WHERE {only} WINDOW w AS (PARTITION BY "{key}" ORDER BY history_id))
SELECT chain.history_id, chain.row_key::text, chain.history_type, chain.type_before,
  chain.event_id, e.id IS NOT NULL, c.id, c.event_id, c.kind, c.row_key, c.old, c.new,
  chain.before, chain.content
FROM chain
LEFT JOIN records_event e ON e.id = chain.event_id
LEFT JOIN records_change c ON c.table_name = '{table}' AND c.history_id = chain.history_id {indexed}
WHERE e.id IS NULL OR c.id IS NULL
  OR c.event_id <> chain.event_id OR c.kind <> chain.history_type OR c.row_key <> chain.row_key::text
  OR (chain.history_type = '+') <> (chain.before IS NULL OR chain.type_before = '-')
  OR (chain.history_type = '~' AND (
    (chain.before || c.new) IS DISTINCT FROM chain.content
    OR (chain.content || c.old) IS DISTINCT FROM chain.before))
  OR (chain.history_type = '-' AND chain.before IS DISTINCT FROM chain.content)
  OR (chain.history_type <> '~' AND (c.old IS NOT NULL OR c.new IS NOT NULL))
ORDER BY chain.history_id
"""

# For one row the change is looked up by the snapshot's event, which has an index.
BY_EVENT = "AND c.event_id = chain.event_id"

LOST_SNAPSHOTS_SQL = """
SELECT c.id, c.history_id, c.row_key FROM records_change c
LEFT JOIN {history} h ON h.history_id = c.history_id
WHERE c.table_name = '{table}' AND h.history_id IS NULL ORDER BY c.id
"""
DOUBLE_CHANGES_SQL = """
SELECT history_id, count(*) FROM records_change WHERE table_name = '{table}'
GROUP BY history_id HAVING count(*) > 1 ORDER BY history_id
"""
STRAY_CHANGES_SQL = """
SELECT c.id, c.table_name, c.row_key, e.id IS NOT NULL FROM records_change c
LEFT JOIN records_event e ON e.id = c.event_id
WHERE e.id IS NULL OR NOT (c.table_name = ANY(%s)) ORDER BY c.id
"""


def json_row(facts: TrackedTable, alias: str, *, live: bool) -> str:
    """Return SQL that makes one jsonb object of a row's tracked columns."""
    pairs = ", ".join(
        f"'{column}', {column_value(facts, alias, column) if live else f'{alias}.{chr(34)}{column}{chr(34)}'}"
        for column in facts.columns
    )
    return f"jsonb_build_object({pairs})"


def select(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Run one query with the session's text formats fixed, and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', 'UTC', false)")
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def parse(value: str | None) -> dict[str, Any] | None:
    """Return a jsonb value, which Django's cursors hand over as text."""
    found: dict[str, Any] | None = None if value is None else json.loads(value)
    return found


def count_rows(table: str) -> int:
    """Return how many rows a table has."""
    return int(select(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  names come from models


@register_check("guards and rows")
def check_tables(tally: Tally) -> Iterator[Finding]:
    """Check every tracked table against its snapshots, changes and events."""
    for model in sorted(TRACKED, key=lambda tracked: tracked._meta.db_table):
        yield from check_table(model, tally)
    tables = [model._meta.db_table for model in TRACKED]
    for change_id, table, row_key, has_event in select(STRAY_CHANGES_SQL, [tables]):
        kind = "change_of_unknown_table" if has_event else "change_without_event"
        yield Finding(kind, "records_change", str(change_id), "event_id", "an event", f"{table}:{row_key}")
    tally.add("events", count_rows("records_event"))
    tally.add("changes", count_rows("records_change"))


def check_table(model: type[models.Model], tally: Tally) -> Iterator[Finding]:
    """Check one tracked table."""
    facts = table_facts(model, history_model_of(model), TRACKED[model].fingerprint)
    places = places_of(facts)
    tally.add("rows", count_rows(facts.table))
    tally.add("snapshots", count_rows(facts.history_table))
    yield from compare_rows(facts, places, [])
    for change_id, history_id, row_key in select(LOST_SNAPSHOTS_SQL.format(**places)):
        yield Finding(
            "snapshot_missing",
            facts.history_table,
            str(history_id),
            "",
            f"snapshot of row {row_key}",
            f"only change {change_id}",
        )
    for history_id, number in select(DOUBLE_CHANGES_SQL.format(**places)):
        yield Finding(
            "change_doubled", "records_change", str(history_id), "history_id", "1 change", f"{number} changes"
        )


def check_row(model: type[models.Model], key: int | str) -> Iterator[Finding]:
    """Check one row of a tracked table against its own snapshots, changes and events."""
    facts = table_facts(model, history_model_of(model), TRACKED[model].fingerprint)
    yield from compare_rows(facts, places_of(facts) | {"only": f'"{facts.key}" = %s', "indexed": BY_EVENT}, [key])


def places_of(facts: TrackedTable) -> dict[str, str]:
    """Return what the statements above are filled with, for all rows of a table."""
    return {
        "table": facts.table,
        "history": facts.history_table,
        "key": facts.key,
        "row": json_row(facts, "h", live=False),
        "live": json_row(facts, "o", live=True),
        "only": "true",
        "indexed": "",
    }


def compare_rows(facts: TrackedTable, places: dict[str, str], only: list[Any]) -> Iterator[Finding]:
    """Compare live rows with their newest snapshots, and each snapshot with the one before."""
    for key, kind, live, newest in select(LIVE_SQL.format(**places), [*only, *only] or None):
        yield from compare_live(facts.table, key, kind, parse(live), parse(newest))
    for row in select(CHAIN_SQL.format(**places), only or None):
        yield chain_finding(facts.history_table, row)


def compare_live(
    table: str, key: str, kind: str | None, live: dict[str, Any] | None, newest: dict[str, Any] | None
) -> Iterator[Finding]:
    """Name each field in which a live row and its newest snapshot differ."""
    if live is None:
        yield Finding("row_missing", table, key, "", "the row of its newest snapshot", "no row")
    elif newest is None or kind == "-":
        yield Finding(
            "row_without_snapshot",
            table,
            key,
            "",
            "a snapshot" if newest is None else "no row: it was deleted",
            "a live row",
        )
    else:
        for name in sorted(live):
            if live[name] != newest[name]:
                yield Finding("row_altered", table, key, name, shorten(newest[name]), shorten(live[name]))


def chain_finding(table: str, row: tuple[Any, ...]) -> Finding:
    """Say what is wrong with one snapshot, its change or its event."""
    (history_id, row_key, kind, before_kind, event_id, has_event, change_id) = row[:7]
    change_event, change_kind, change_key = row[7:10]
    old, new, before, content = (parse(value) for value in row[10:])
    name = str(history_id)
    if not has_event:
        return Finding("event_missing", table, name, "event_id", f"event {event_id}", "no such event")
    if change_id is None:
        return Finding("change_missing", table, name, "", f"a change of row {row_key}", "none")
    if (change_event, change_kind, change_key) != (event_id, kind, row_key):
        return Finding(
            "change_altered",
            "records_change",
            str(change_id),
            "event_id, kind, row_key",
            f"{event_id}, {kind}, {row_key}",
            f"{change_event}, {change_kind}, {change_key}",
        )
    if kind != "~":
        if (kind == "+") != (before is None or before_kind == "-"):
            return Finding("history_gap", table, name, "history_type", "the row's first snapshot is its creation", kind)
        return Finding("change_altered", "records_change", str(change_id), "old, new", "nothing", shorten(old or new))
    return diff_finding(table, name, before or {}, content or {}, old or {}, new or {})


def diff_finding(
    table: str, name: str, before: dict[str, Any], content: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> Finding:
    """Name the first field in which two following snapshots and their change disagree."""
    for field in sorted(content):
        if new.get(field, before.get(field)) != content[field]:
            return Finding(
                "snapshot_altered",
                table,
                name,
                field,
                shorten(new.get(field, before.get(field))),
                shorten(content[field]),
            )
        if old.get(field, content[field]) != before.get(field):
            return Finding(
                "snapshot_altered",
                table,
                name,
                field,
                shorten(old.get(field, content[field])),
                shorten(before.get(field)),
            )
    return Finding("snapshot_altered", table, name, "", "the change's fields", "others")
