"""Where the tests' PostgreSQL and Redis are, and the databases in it.

With DATABASE_URL (an administrator's address) and REDIS_URL those servers are used, else
embedded ones under ``var/test``.  Each run works in a copy of a migrated template database.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from qms.plant import provision
from qms.plant.embedded import Embedded, borrowed_servers

BASE_DIR = Path(__file__).resolve().parent.parent
FLOORS = ("records", "signatures", "validation", "qms", "tests/papers")
ROLE_PREFIX = "cstest"
ROLES = provision.Roles.from_prefix(ROLE_PREFIX)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
BASE_NAME = os.environ.get("TEST_DB", "cs_test")
DATABASE = f"{BASE_NAME}_{WORKER}" if WORKER else BASE_NAME
TEMPLATE = f"{BASE_NAME}_template"
VAR = BASE_DIR / "var" / "test" / DATABASE
SERVERS_VAR = BASE_DIR / "var" / "test" / "servers"
IS_EMBEDDED = not (os.environ.get("TEST_ADMIN_URL") or os.environ.get("DATABASE_URL"))
EMBEDDED = Embedded(SERVERS_VAR) if IS_EMBEDDED else None
ADMIN_URL = EMBEDDED.postgres.address() if EMBEDDED else os.environ.get("TEST_ADMIN_URL") or os.environ["DATABASE_URL"]
REDIS_URL = os.environ.get("REDIS_URL") or (EMBEDDED.valkey.address if EMBEDDED else "redis://127.0.0.1:6379/15")


@contextmanager
def running() -> Iterator[None]:
    """Keep the embedded servers up for one run of the tests, where no others were named."""
    if EMBEDDED is None:
        yield
    else:
        with borrowed_servers(SERVERS_VAR, ["pytest"]):
            yield


def password_of(role: str) -> str:
    """Return the role's password: the same for all runs that share a server."""
    return hashlib.sha256(f"{ADMIN_URL} {role}".encode()).hexdigest()


def address_of(role: str, database: str = DATABASE) -> str:
    """Return the address under which a role reaches a test database."""
    parts = urlsplit(ADMIN_URL)
    place = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    return f"postgres://{quote(role)}:{password_of(role)}@{place}/{database}{query}"


def schema_fingerprint() -> str:
    """Return a hash of everything that decides what the migrations make."""
    wanted = ("migrations/", "models", "guards.py", "history.py", "provision.py")
    digest = hashlib.sha256()
    for floor in FLOORS:
        for path in sorted((BASE_DIR / floor).rglob("*.py")):
            if any(word in path.as_posix() for word in wanted):
                digest.update(path.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((BASE_DIR / "requirements.txt").read_bytes())
    return digest.hexdigest()


@contextmanager
def administrator(database: str = "") -> Iterator[psycopg.Connection[Any]]:
    """Connect as the server's administrator, committing each statement."""
    with psycopg.connect(psycopg.conninfo.make_conninfo(ADMIN_URL, dbname=database or None), autocommit=True) as found:
        yield found


def drop_database(admin: psycopg.Connection[Any], database: str) -> None:
    """Drop a test database, whoever is still connected to it."""
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def is_template_current(admin: psycopg.Connection[Any], fingerprint: str) -> bool:
    """Tell whether the template was made, to the end, from these migrations."""
    found = admin.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (TEMPLATE,)
    ).fetchone()
    return found == (fingerprint,)


@contextmanager
def template_lock(admin: psycopg.Connection[Any]) -> Iterator[None]:
    """Let one process at a time make or copy the template."""
    key = int.from_bytes(hashlib.sha256(TEMPLATE.encode()).digest()[:8], "big", signed=True)
    admin.execute("SELECT pg_advisory_lock(%s)", (key,))
    try:
        yield
    finally:
        admin.execute("SELECT pg_advisory_unlock(%s)", (key,))


def make_template(admin: psycopg.Connection[Any]) -> None:
    """Make an empty provisioned database for the migrations to fill."""
    with psycopg.connect(ADMIN_URL, autocommit=True) as roles_admin:
        # Roles belong to the whole server: two runs altering one at once would collide.
        roles_admin.execute("SELECT pg_advisory_lock(7210053)")
        provision.provision_roles(roles_admin, {role: password_of(role) for role in vars(ROLES).values()}, roles=ROLES)
    drop_database(admin, TEMPLATE)
    provision.create_database(admin, TEMPLATE, roles=ROLES)
    with administrator(TEMPLATE) as connection:
        provision.grant_rights(connection, TEMPLATE, roles=ROLES)


def keep_pristine_rows() -> None:
    """Copy every table that the migrations filled, for resets to restore."""
    with administrator(TEMPLATE) as connection:
        connection.execute("CREATE SCHEMA pristine")
        for table in list_tables(connection):
            if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
                connection.execute(
                    sql.SQL("CREATE TABLE pristine.{0} AS TABLE public.{0}").format(sql.Identifier(table))
                )


def finish_template(admin: psycopg.Connection[Any], fingerprint: str) -> None:
    """Mark the template as complete."""
    keep_pristine_rows()
    admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(TEMPLATE), sql.Literal(fingerprint)))


def copy_template(admin: psycopg.Connection[Any], database: str = DATABASE) -> None:
    """Replace a test database by a fresh copy of the template."""
    drop_database(admin, database)
    provision.create_database(admin, database, roles=ROLES, template=TEMPLATE)
    with administrator(database) as connection:
        provision.grant_rights(connection, database, roles=ROLES)


def list_tables(connection: psycopg.Connection[Any], schema: str = "public") -> list[str]:
    """Return the tables of a schema."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,))
    return [row[0] for row in found]


def reset_database(database: str = DATABASE) -> None:
    """Put every row back to what the migrations made.

    Append-only tables refuse the flush Django would do, for everyone.  So the guards, which are
    ENABLE ALWAYS, are off within this one transaction of a superuser, who alone may do that.
    """
    (VAR / "keys" / "ledger.keys").unlink(missing_ok=True)  # no ledger, no published keys of one
    with psycopg.connect(ADMIN_URL, dbname=database) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        guards = connection.execute(
            "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgenabled = 'A' AND NOT tgisinternal RETURNING oid"
        ).fetchall()
        pristine = list_tables(connection, "pristine")
        for table in list_tables(connection):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            if table in pristine:
                restore_rows(connection, table)
        connection.execute("UPDATE pg_trigger SET tgenabled = 'A' WHERE oid = ANY(%s)", ([row[0] for row in guards],))


def restore_rows(connection: psycopg.Connection[Any], table: str) -> None:
    """Copy a table's pristine rows back, leaving generated columns to PostgreSQL."""
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''",
        (f'public."{table}"',),
    )
    columns = sql.SQL(", ").join(sql.Identifier(row[0]) for row in found.fetchall())
    connection.execute(
        sql.SQL("INSERT INTO public.{0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM pristine.{0}").format(
            sql.Identifier(table), columns
        )
    )
