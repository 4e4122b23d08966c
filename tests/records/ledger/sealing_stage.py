"""Events made by the real rules, and a sealer with keys of its own, for tests of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from django.db import connections

from records.acting import acting
from records.evidence import system_actor
from records.keys import FileKeyStore
from records.ledger.sealing import seal_events
from records.models import StoredFile
from records.stores import file_store

SYSTEM = system_actor("tests")
MADE = "records.installation.started"
DATABASES = ["default", "sealer"]


def make_file(number: int) -> int:
    """Store one file; return its event."""
    kept = file_store().add_bytes(f"photograph {number}".encode())
    with acting(SYSTEM, MADE, reason=f"file\t{number} Ä\n\\.") as event:
        StoredFile.objects.create(sha256=kept.sha256, size=kept.size, media_type="image/png")
    return event.id


def make_files(count: int, *, first: int = 1) -> list[int]:
    """Store files, each in an event of its own; return the events."""
    return [make_file(number) for number in range(first, first + count)]


EVENTS_SQL = """
INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address, session,
  station, request_id, build)
SELECT now(), 'records.installation.started', 'tests', '', '', 'reason ' || n, '{}', '', '', '', '', 'test'
FROM generate_series(1, %s) n RETURNING id
"""


def make_events(count: int) -> list[int]:
    """Write many events that change no row, in one transaction; return them."""
    with connections["default"].cursor() as cursor:
        cursor.execute(EVENTS_SQL, [count])
        return [row[0] for row in cursor.fetchall()]


def seal(store: FileKeyStore, count: int, *, first: int = 0) -> list[int]:
    """Make files, each in an event of its own, and seal them; return the events."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_storedfile")
        stored = cursor.fetchone()[0]
    events = make_files(count, first=first or stored + 1)
    seal_events(store)
    return events


SWITCH = """
DO $$ DECLARE guard record; BEGIN
  FOR guard IN SELECT tgrelid::regclass AS place, tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s {} TRIGGER %I', guard.place, guard.tgname);
  END LOOP;
END $$
"""


def attack(connection: psycopg.Connection[Any], *statements: str) -> None:
    """Run statements as the superuser with every trigger off, and cover the tracks."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys off
        connection.execute(SWITCH.format("DISABLE"))
        for statement in statements:
            connection.execute(statement)
        connection.execute(SWITCH.format("ENABLE ALWAYS"))


def stored_leaves() -> list[tuple[int, int]]:
    """Return (index, event) of every leaf."""
    with connections["default"].cursor() as cursor:
        cursor.execute('SELECT "index", event_id FROM records_leaf ORDER BY "index"')
        return [(row[0], row[1]) for row in cursor.fetchall()]


def sealer_keys(folder: Path) -> FileKeyStore:
    """Return the sealer's key store in a folder."""
    return FileKeyStore(folder / "keys" / "sealer")
