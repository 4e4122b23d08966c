"""A superuser at work inside a transaction that is rolled back, and a small plant worth attacking."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import connection, connections, transaction

from records.acting import acting
from records.evidence import system_actor
from records.keys import KeyStore
from records.ledger.sealing import seal_events
from records.models import Attachment, StoredFile
from records.stores import file_store
from records.verifying.findings import Finding
from tests import servers
from tests.people import Person
from tests.records.ledger.sealing_stage import make_events
from tests.signatures.papers import approved_paper, edit, write_paper

SYSTEM = system_actor("tests")
MADE = "records.installation.started"


@contextmanager
def as_superuser() -> Iterator[None]:
    """Let the default connection be the server's administrator's."""
    default = connections["default"]
    kept = dict(default.settings_dict)
    parts = urlsplit(servers.ADMIN_URL)
    default.close()
    default.settings_dict.update(USER=unquote(parts.username or ""), PASSWORD=unquote(parts.password or ""))
    try:
        yield
    finally:
        default.close()
        default.settings_dict.update(kept)


@contextmanager
def undone() -> Iterator[None]:
    """Undo whatever the block does to the database: rows, guards, tables."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rows_of(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return what a query finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def guards_of(table: str) -> list[str]:
    """Return the guards of a table that are on."""
    found = rows_of(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'A'", [table]
    )
    return [row[0] for row in found]


def run_past_guards(statement: str, *tables: str) -> None:
    """Run a statement with the tables' guards off, and put them back as if nothing had been."""
    guards = {table: guards_of(table) for table in tables}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        for table, names in guards.items():
            for name in names:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        cursor.execute("SET LOCAL session_replication_role = origin")


@dataclass(frozen=True, slots=True)
class Found:
    """What an attack must be named by: kinds of finding, and the row's key."""

    kinds: frozenset[str]
    key: str

    def is_among(self, findings: Sequence[Finding]) -> bool:
        """Tell whether one finding names the kind and the very row, or a range of leaves with it."""
        return any(finding.kind in self.kinds and self.names(finding.key) for finding in findings)

    def names(self, key: str) -> bool:
        """Tell whether a finding's key is the row's, or a range of leaves that holds it."""
        first, word, last = key.partition(" to ")
        if word and self.key.isdigit():
            return int(first) <= int(self.key) <= int(last)
        return key == self.key


def build_plant(store: KeyStore, author: Person, reviewer: Person, qa_manager: Person) -> None:
    """Fill the database by the product's rules, sealed in several checkpoints."""
    for number in range(3):
        paper = approved_paper(author, reviewer, qa_manager, title=f"Paper {number}")
        kept = file_store().add_bytes(f"a photograph {number}".encode())
        with acting(SYSTEM, MADE):
            file = StoredFile.objects.create(sha256=kept.sha256, size=kept.size, media_type="image/png")
            Attachment.objects.create(record=paper, file=file, name=f"{number}.png", purpose="evidence")
        seal_events(store)
        draft = write_paper(author, title=f"Draft {number}")
        edit(draft, author, body="Changed once.")
        edit(draft, author, body="Changed twice.", title=f"Draft {number}, again")
        seal_events(store)
    make_events(300)
    seal_events(store)
    make_events(5)
    seal_events(store)


def choose(generator: random.Random, statement: str) -> tuple[Any, ...]:
    """Return one of the rows that a query finds."""
    return generator.choice(rows_of(statement))
