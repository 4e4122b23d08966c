"""What a database holds: counts, checksums, migrations, the newest checkpoint; read at one snapshot.

Owns the comparison of a restored database with what the set's manifest says. Reads only, and
only with raw SQL: the same text must come out on any server. Pure: no Django.
Serves: 21 CFR 11.10(c), EU GMP Annex 11 7.2.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from qms.backups.manifests import Facts, Table

SAMPLE = 200
"""Versions whose content hash the manifest names one by one; the checksums cover all rows anyway."""

SESSION = (
    "SET timezone TO 'UTC'",
    "SET datestyle TO 'ISO, YMD'",
    "SET intervalstyle TO 'iso_8601'",
    "SET bytea_output TO 'hex'",
    "SET extra_float_digits TO 1",
)
VERSIONS_SQL = """
SELECT id::text, encode(sha256(content), 'hex') FROM records_version
ORDER BY sha256(convert_to(id::text, 'UTF8')) LIMIT %s
"""
# The sum of 64-bit prefixes: independent of the rows' order, which a restore does not keep.
CHECKSUM = sql.SQL(
    "SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to(row::text, 'UTF8')), 1, 8), 'hex'))"
    "::bit(64)::bigint::numeric), 0)::text FROM {} AS row"
)


def fix_session(connection: psycopg.Connection[Any]) -> None:
    """Make values be written the same way whatever the server's or the database's defaults are."""
    for statement in SESSION:
        connection.execute(sql.SQL(statement))


def list_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the tables of the product's schema."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row[0] for row in found]


def read_facts(connection: psycopg.Connection[Any]) -> Facts:
    """Return what the database holds, as this transaction sees it."""
    fix_session(connection)
    tables = {name: read_table(connection, name) for name in list_tables(connection)}
    versions = connection.execute(VERSIONS_SQL, (SAMPLE,))
    return Facts(
        server=str(_read(connection, "SELECT current_setting('server_version')")),
        migrations=tuple(read_migrations(connection)),
        tables=tables,
        versions=dict(versions.fetchall()),
        newest_event=int(_read(connection, "SELECT coalesce(max(id), 0) FROM records_event")),
        checkpoint=read_checkpoint(connection, tables),
    )


def read_table(connection: psycopg.Connection[Any], name: str) -> Table:
    """Return how many rows a table has and the checksum over them."""
    found = connection.execute(CHECKSUM.format(sql.Identifier("public", name))).fetchone()
    assert found is not None
    return Table(rows=found[0], checksum=found[1])


def read_migrations(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the migrations that were applied, such as ``records.0001_record_trail``."""
    found = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [row[0] for row in found]


def read_checkpoint(connection: psycopg.Connection[Any], tables: dict[str, Table]) -> str:
    """Return the newest signed tree head, or nothing where nothing is sealed."""
    if not tables.get("records_checkpoint", Table(0, "")).rows:
        return ""
    return str(_read(connection, "SELECT note FROM records_checkpoint ORDER BY size DESC LIMIT 1"))


def compare_facts(expected: Facts, found: Facts) -> list[str]:
    """Return each difference between the manifest and a restored database, as a sentence."""
    differences = [
        f"{name}: {_describe(expected.tables.get(name))} expected, {_describe(found.tables.get(name))} found"
        for name in sorted(set(expected.tables) | set(found.tables))
        if expected.tables.get(name) != found.tables.get(name)
    ]
    differences += [
        f"version {number}: content hash {digest} expected, {found.versions.get(number, 'none')} found"
        for number, digest in expected.versions.items()
        if found.versions.get(number) != digest
    ]
    for what in ("migrations", "newest_event", "checkpoint"):
        if getattr(expected, what) != getattr(found, what):
            differences.append(f"{what.replace('_', ' ')} differs")
    return differences


def server_major(connection: psycopg.Connection[Any]) -> int:
    """Return the server's major version."""
    return connection.info.server_version // 10_000


def _describe(table: Table | None) -> str:
    return f"{table.rows} rows ({table.checksum})" if table else "no table"


def _read(connection: psycopg.Connection[Any], query: str) -> Any:
    found = connection.execute(query).fetchone()
    assert found is not None
    return found[0]
