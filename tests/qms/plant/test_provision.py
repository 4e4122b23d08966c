"""Three roles with exactly their rights, by either way of provisioning."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from qms.plant import provision
from qms.plant.postgres import find_installation
from tests import servers

RIGHTS_SQL = """
SELECT 'role', replace(rolname, %(prefix)s, 'x'),
  concat(rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin)
  FROM pg_roles WHERE rolname LIKE %(prefix)s || '%%'
UNION ALL SELECT 'database', replace(pg_get_userbyid(datdba), %(prefix)s, 'x'),
  (SELECT array_agg(replace(item::text, %(prefix)s, 'x') ORDER BY item::text) FROM unnest(datacl) item)::text
  FROM pg_database WHERE datname = current_database()
UNION ALL SELECT 'schema', replace(pg_get_userbyid(nspowner), %(prefix)s, 'x'),
  (SELECT array_agg(replace(item::text, %(prefix)s, 'x') ORDER BY item::text) FROM unnest(nspacl) item)::text
  FROM pg_namespace WHERE nspname = 'public'
UNION ALL SELECT 'default', defaclobjtype::text,
  (SELECT array_agg(replace(item::text, %(prefix)s, 'x') ORDER BY item::text) FROM unnest(defaclacl) item)::text
  FROM pg_default_acl
ORDER BY 1, 2
"""


class Place:
    """A prefix and a database of our own on the test server."""

    def __init__(self) -> None:
        self.name = f"cs_prov_{secrets.token_hex(4)}"
        self.roles = provision.Roles.from_prefix(self.name)
        self.passwords = {role: secrets.token_hex(16) for role in vars(self.roles).values()}

    def provision(self) -> None:
        provision.provision(servers.ADMIN_URL, self.name, roles=self.roles, passwords=self.passwords)

    def provision_by_psql(self) -> None:
        script = servers.BASE_DIR / "deploy" / "provision.sql"
        variables = ["-v", f"prefix={self.name}", "-v", f"database={self.name}"]
        psql = find_installation() / "bin" / "psql"
        subprocess.run([psql, "-qXf", script, *variables, servers.ADMIN_URL], check=True, capture_output=True)

    def connect(self, role: str) -> psycopg.Connection[Any]:
        address = psycopg.conninfo.make_conninfo(
            servers.ADMIN_URL, dbname=self.name, user=role, password=self.passwords[role]
        )
        return psycopg.connect(address, autocommit=True)

    def rights(self) -> list[tuple[Any, ...]]:
        with servers.administrator(self.name) as admin:
            return admin.execute(RIGHTS_SQL, {"prefix": self.name}).fetchall()

    def remove(self) -> None:
        with servers.administrator() as admin:
            servers.drop_database(admin, self.name)
            for role in vars(self.roles).values():
                admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


@pytest.fixture
def provisioned(place: Place) -> Place:
    place.provision()
    with place.connect(place.roles.owner) as owner:
        owner.execute("CREATE TABLE kept (id bigserial PRIMARY KEY, word text)")
    return place


@pytest.mark.assurance("F2")
@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE kept (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE kept ADD COLUMN more text",
        "DROP TABLE kept",
        "TRUNCATE kept",
        "SET session_replication_role = replica",
        "CREATE ROLE another",
        "SET ROLE {owner}",
        "COPY kept TO PROGRAM 'true'",
    ],
)
def test_the_app_role_cannot(provisioned: Place, statement: str):
    with provisioned.connect(provisioned.roles.app) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.format(owner=provisioned.roles.owner))


@pytest.mark.assurance("F2")
def test_the_app_role_may_write_rows(provisioned: Place):
    with provisioned.connect(provisioned.roles.app) as app:
        app.execute("INSERT INTO kept (word) VALUES ('a')")
        app.execute("UPDATE kept SET word = 'b'")
        assert app.execute("SELECT word FROM kept").fetchall() == [("b",)]


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("statement", ["INSERT INTO kept (word) VALUES ('a')", "DELETE FROM kept", "DROP TABLE kept"])
def test_the_sealer_only_reads_what_it_was_not_given(provisioned: Place, statement: str):
    with provisioned.connect(provisioned.roles.sealer) as sealer:
        assert sealer.execute("SELECT * FROM kept").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sealer.execute(statement)


def test_provisioning_again_changes_nothing(provisioned: Place):
    before = provisioned.rights()
    provisioned.provision()
    assert provisioned.rights() == before
    with provisioned.connect(provisioned.roles.owner) as owner:
        assert provision.tables_owned_by(owner, provisioned.roles.owner) == ["public.kept"]
        assert provision.tables_owned_by(owner, provisioned.roles.app) == []


def test_a_raised_role_is_put_back(provisioned: Place):
    before = provisioned.rights()
    with servers.administrator() as admin:
        admin.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(provisioned.roles.app)))
    assert provisioned.rights() != before
    provisioned.provision()
    assert provisioned.rights() == before


def test_the_script_for_psql_leaves_the_same(place: Place):
    place.provision_by_psql()
    by_script = place.rights()
    place.remove()
    place.provision()
    assert place.rights() == by_script
    place.provision_by_psql()
    assert place.rights() == by_script


@pytest.mark.assurance("B6")
def test_the_server_never_sees_a_password(place: Place):
    place.provision()
    with servers.administrator() as admin:
        kept = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", (place.roles.app,)).fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
