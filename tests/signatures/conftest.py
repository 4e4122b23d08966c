"""A database superuser at work: the one against whom only recomputing helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from tests import servers


@pytest.fixture
def _superuser(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Let the whole test run as the server's administrator, in one transaction that is rolled back."""
    default = connections["default"]
    kept = dict(default.settings_dict)
    parts = urlsplit(servers.ADMIN_URL)
    with django_db_blocker.unblock():
        default.close()
    default.settings_dict.update(USER=unquote(parts.username or ""), PASSWORD=unquote(parts.password or ""))
    request.getfixturevalue("db")
    yield
    default.close()
    default.settings_dict.update(kept)


@pytest.fixture
def tamper(_superuser: None) -> Callable[..., int]:
    """Return a way to write past every guard; ask for it before any other fixture that writes."""

    def write(statement: str, *values: str | int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal"
            )
            guarded = [row[0] for row in cursor.fetchall()]
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, values)
            changed = int(cursor.rowcount)
            cursor.execute("SET LOCAL session_replication_role = origin")
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        assert changed > 0, "the attack changed nothing"
        return changed

    return write
