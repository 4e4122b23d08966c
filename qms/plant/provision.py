"""The four database roles and the database they share.

*owner* migrates, *app* serves, *sealer* seals, *backup* reads everything and makes scratch databases
of its own for restore drills.  `deploy/provision.sql` is the same thing for
psql; a test compares what the two leave behind.  Imports no Django: it runs before the first
migration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

ROLE_ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
BACKUP_ATTRIBUTES = "LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

# TEMPORARY is withheld from the app role on purpose: pg_temp is searched before every other
# schema, so a temporary table could stand in for one that a SECURITY DEFINER guard reads.
GRANTS: tuple[LiteralString, ...] = (
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {database} TO {app}, {sealer}, {backup}",
    "ALTER SCHEMA public OWNER TO {owner}",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {app}, {sealer}, {backup}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT ON TABLES TO {sealer}, {backup}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT ON SEQUENCES TO {backup}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {backup}",  # those of an installation older than the role
    "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {backup}",
)


@dataclass(frozen=True)
class Roles:
    """The names of the four roles."""

    owner: str
    app: str
    sealer: str
    backup: str

    @classmethod
    def from_prefix(cls, prefix: str) -> Roles:
        """Return the role names of an installation."""
        return cls(f"{prefix}_owner", f"{prefix}_app", f"{prefix}_sealer", f"{prefix}_backup")

    def attributes_of(self, role: str) -> str:
        """Return what a role may do in the server."""
        return BACKUP_ATTRIBUTES if role == self.backup else ROLE_ATTRIBUTES


def provision_roles(admin: psycopg.Connection[Any], passwords: Mapping[str, str], *, roles: Roles) -> None:
    """Create the roles, or give existing ones these passwords and no other attributes.

    Writes: pg_authid.  The password leaves this process only as its SCRAM verifier, so that
    it cannot appear in a statement log.
    """
    for role, password in passwords.items():
        verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        admin.execute(
            sql.SQL("{verb} ROLE {role} WITH {attributes} PASSWORD {verifier}").format(
                verb=sql.SQL("ALTER" if known else "CREATE"),
                role=sql.Identifier(role),
                attributes=sql.SQL(roles.attributes_of(role)),
                verifier=sql.Literal(verifier.decode()),
            )
        )


def has_database(admin: psycopg.Connection[Any], database: str) -> bool:
    """Tell whether a database of this name exists."""
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is not None


def create_database(
    admin: psycopg.Connection[Any], database: str, *, roles: Roles, template: str = "template0"
) -> None:
    """Create a database owned by the owner role.

    The connecting role joins the owner's, without which only a superuser may hand a database over.
    """
    if admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
        admin.execute(sql.SQL("GRANT {owner} TO CURRENT_USER").format(owner=sql.Identifier(roles.owner)))
    admin.execute(
        sql.SQL("CREATE DATABASE {database} OWNER {owner} TEMPLATE {template} ENCODING 'UTF8'").format(
            database=sql.Identifier(database),
            owner=sql.Identifier(roles.owner),
            template=sql.Identifier(template),
        )
    )


def grant_rights(connection: psycopg.Connection[Any], database: str, *, roles: Roles) -> None:
    """Give each role its rights in the database that the connection is in."""
    names = {
        "database": sql.Identifier(database),
        "owner": sql.Identifier(roles.owner),
        "app": sql.Identifier(roles.app),
        "sealer": sql.Identifier(roles.sealer),
        "backup": sql.Identifier(roles.backup),
    }
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(**names))


def provision(admin_url: str, database: str, *, roles: Roles, passwords: Mapping[str, str]) -> None:
    """Make roles, database and rights; running it again repairs what is missing.

    ``passwords`` maps each role's name to its password.
    """
    with psycopg.connect(admin_url, autocommit=True) as admin:
        provision_roles(admin, passwords, roles=roles)
        if not has_database(admin, database):
            create_database(admin, database, roles=roles)
    with psycopg.connect(admin_url, autocommit=True, dbname=database) as connection:
        grant_rights(connection, database, roles=roles)


def tables_owned_by(connection: psycopg.Connection[Any], role: str) -> Sequence[str]:
    """Return the tables a role owns; for the app role there must be none."""
    found = connection.execute(
        "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE tableowner = %s ORDER BY 1", (role,)
    )
    return [row[0] for row in found]
