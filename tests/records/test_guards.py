"""The guards in the database are those that the models declare, and PostgreSQL itself refuses rewriting."""

import psycopg
import pytest

from records.acting import acting
from records.checks import find_guard_faults, history_model_of
from records.evidence import system_actor
from records.history import TRACKED
from records.models import StoredFile
from records.models_ledger import LEDGER_MODELS

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(c)"), pytest.mark.clause("11.10(e)")]

LEDGER = {model._meta.db_table for model in LEDGER_MODELS}
APPEND_ONLY = sorted(
    {"records_event", "records_change"}
    | LEDGER
    | {model._meta.db_table for model, tracking in TRACKED.items() if tracking.append_only}
    | {history_model_of(model)._meta.db_table for model in TRACKED}
)
KEPT = sorted(model._meta.db_table for model, tracking in TRACKED.items() if not tracking.deletable)


def test_a_migrated_database_has_every_declared_guard():
    assert find_guard_faults() == []


@pytest.mark.parametrize(
    ("attack", "guard"),
    [
        ("ALTER TABLE records_version DISABLE TRIGGER append_only_row", "append_only_row"),
        ("ALTER TABLE records_version ENABLE TRIGGER track_insert", "track_insert"),
        ("ALTER FUNCTION records_version_track() SECURITY INVOKER", "records_version_track"),
        ("ALTER FUNCTION records_current_event(text) SET search_path = pg_temp", "records_current_event"),
        ("DROP TRIGGER keep_key ON signatures_certificate", "keep_key"),
        (
            "CREATE OR REPLACE FUNCTION records_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'",
            "records_refuse_rewrite",
        ),
    ],
)
def test_a_guard_that_its_owner_weakened_is_named(fresh_database, owner_connection, attack, guard):
    owner_connection.execute(attack)
    assert guard in {fault.guard for fault in find_guard_faults()}


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "attack", ["UPDATE {} SET ctid = ctid", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"]
)
def test_the_web_process_cannot_rewrite_an_append_only_table(app_connection, table, attack):
    statement = attack.format(table)
    if attack.startswith("UPDATE"):
        column = app_connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum LIMIT 1",
            [table],
        ).fetchone()[0]
        statement = f'UPDATE {table} SET "{column}" = "{column}"'
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement)


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize(
    "attack", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"]
)
def test_the_web_process_cannot_remove_regulated_rows(app_connection, table, attack):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(attack.format(table))


@pytest.mark.assurance("F2")
@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "SET ROLE countersign_owner",
        "INSERT INTO records_change (event_id, table_name, row_key, history_id, kind) VALUES (1, 'x', '1', 1, '+')",
        "INSERT INTO records_event (act, at) VALUES ('x', now())",
        "INSERT INTO records_event (act, xact) VALUES ('x', '1')",
        "CREATE TABLE smuggled (id int)",
        "CREATE FUNCTION public.records_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_the_web_process_cannot_forge_history_or_step_out_of_its_role(app_connection, statement):
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
        app_connection.execute(statement)


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_even_the_owner_cannot_empty_an_append_only_table_while_the_guards_stand(owner_connection, table):
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner_connection.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.assurance("F2")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attack", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("records_event", "reason"),
        ("records_storedfile", "size"),
        ("records_historicalstoredfile", "size"),
        ("records_change", "new"),
    ],
)
def test_even_the_owner_cannot_rewrite_one_row_while_the_guards_stand(owner_connection, table, column, attack):
    with acting(system_actor("tests"), "records.installation.started"):
        StoredFile.objects.create(sha256="0" * 64, size=1, media_type="text/plain")
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner_connection.execute(attack.format(table, column, column))


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("table", sorted(LEDGER))
def test_the_web_process_cannot_add_to_the_ledger(app_connection, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("attack", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", sorted(LEDGER | {"records_event", "records_change", "accounts_user"}))
def test_the_sealer_cannot_rewrite_anything(sealer_connection, table, attack):
    column = sealer_connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum LIMIT 1",
        [table],
    ).fetchone()[0]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sealer_connection.execute(attack.format(table, f'"{column}"', f'"{column}"'))


@pytest.mark.assurance("F2")
@pytest.mark.parametrize("table", sorted({"records_event", "records_change", "accounts_user", "records_version"}))
def test_the_sealer_adds_to_nothing_but_the_ledger(sealer_connection, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sealer_connection.execute(f"INSERT INTO {table} DEFAULT VALUES")
