"""The database guards, as migration operations made from a model's state.

`TrackTable` lets PostgreSQL write each snapshot and change and refuse a change without
an event of its own transaction; `AppendOnly` refuses every rewrite. `trigger_sql` and
friends are also what `records.checks` compares the live catalogue with.
Serves: 21 CFR 11.10(c)(e).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

TRACK_EVENTS = (
    ("insert", "INSERT", "NEW TABLE AS new_rows"),
    ("update", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    ("delete", "DELETE", "OLD TABLE AS old_rows"),
)

CURRENT_EVENT_SQL = """
CREATE OR REPLACE FUNCTION records_current_event(target text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $guard$
DECLARE
  event_id bigint := nullif(current_setting('countersign.event', true), '')::bigint;
BEGIN
  IF event_id IS NOT NULL THEN
    PERFORM 1 FROM records_event WHERE id = event_id AND xact = pg_current_xact_id();
    IF FOUND THEN
      RETURN event_id;
    END IF;
  END IF;
  RAISE EXCEPTION 'change of % refused: this transaction has no event of its own', target
    USING ERRCODE = 'restrict_violation', HINT = 'Write inside records.acting(...).';
END
$guard$
"""

REFUSE_SQL = """
CREATE OR REPLACE FUNCTION records_refuse_rewrite() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $guard$
BEGIN
  RAISE EXCEPTION '% of % refused: this table cannot be rewritten', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END
$guard$
"""


@dataclass(frozen=True, slots=True)
class TrackedTable:
    """What the trigger of one table needs to know, taken from a model."""

    table: str
    history_table: str
    key: str
    columns: tuple[str, ...]
    fingerprint: frozenset[str]
    binary: frozenset[str]

    @property
    def function(self) -> str:
        """Return the trigger function's name."""
        return f"{self.table}_track"


def table_facts(
    model: type[models.Model], history_model: type[models.Model], fingerprint: Sequence[str]
) -> TrackedTable:
    """Read a tracked table's facts from the model and its historical model."""
    local = {field.name: column_of(field) for field in model._meta.local_concrete_fields}
    binary = [field.name for field in model._meta.local_concrete_fields if isinstance(field, models.BinaryField)]
    return TrackedTable(
        table=model._meta.db_table,
        history_table=history_model._meta.db_table,
        key=column_of(model._meta.pk),
        # Sorted, because a migration's state and the live model may order columns differently.
        columns=tuple(sorted(local.values())),
        fingerprint=frozenset(local[name] for name in fingerprint),
        binary=frozenset(local[name] for name in binary),
    )


def column_of(field: models.Field[Any, Any]) -> str:
    """Return the name of a field's own column."""
    if field.column is None:
        raise LookupError(f"{field.name} has no column")
    return field.column


def column_value(facts: TrackedTable, alias: str, column: str) -> str:
    """Return the SQL that a snapshot stores for a column: the value or its fingerprint."""
    name = f'{alias}."{column}"'
    if column in facts.fingerprint:
        source = name if column in facts.binary else f"convert_to({name}::text, 'UTF8')"
        return f"'sha256:' || encode(sha256({source}), 'hex')"
    return name


TRIGGER_FUNCTION = """
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $guard$
DECLARE
  current_event bigint := records_current_event('{table}');
BEGIN
  IF TG_OP = 'INSERT' THEN
    WITH snapshot AS (
      INSERT INTO {history} ({names}, history_date, history_type, event_id)
      SELECT {new_values}, clock_timestamp(), '+', current_event FROM new_rows n
      RETURNING history_id, "{key}" AS row_key)
    INSERT INTO records_change (event_id, table_name, row_key, history_id, kind, old, new)
    SELECT current_event, '{table}', row_key::text, history_id, '+', NULL, NULL FROM snapshot;
  ELSIF TG_OP = 'UPDATE' THEN
    WITH snapshot AS (
      INSERT INTO {history} ({names}, history_date, history_type, event_id)
      SELECT {new_values}, clock_timestamp(), '~', current_event
      FROM new_rows n JOIN old_rows o ON o."{key}" = n."{key}"
      WHERE (o.*) IS DISTINCT FROM (n.*)
      RETURNING history_id, "{key}" AS row_key)
    INSERT INTO records_change (event_id, table_name, row_key, history_id, kind, old, new)
    SELECT current_event, '{table}', s.row_key::text, s.history_id, '~',
      {old_changes},
      {new_changes}
    FROM snapshot s
    JOIN new_rows n ON n."{key}" = s.row_key
    JOIN old_rows o ON o."{key}" = s.row_key;
  ELSE
    WITH snapshot AS (
      INSERT INTO {history} ({names}, history_date, history_type, event_id)
      SELECT {old_values}, clock_timestamp(), '-', current_event FROM old_rows o
      RETURNING history_id, "{key}" AS row_key)
    INSERT INTO records_change (event_id, table_name, row_key, history_id, kind, old, new)
    SELECT current_event, '{table}', row_key::text, history_id, '-', NULL, NULL FROM snapshot;
  END IF;
  RETURN NULL;
END
$guard$
"""


def trigger_function_sql(facts: TrackedTable) -> str:
    """Return the trigger function that writes snapshots and changes of one table."""
    return TRIGGER_FUNCTION.format(
        function=facts.function,
        table=facts.table,
        history=facts.history_table,
        key=facts.key,
        names=", ".join(f'"{column}"' for column in facts.columns),
        new_values=values_of(facts, "n"),
        old_values=values_of(facts, "o"),
        old_changes=changed_values(facts, "o"),
        new_changes=changed_values(facts, "n"),
    )


def values_of(facts: TrackedTable, alias: str) -> str:
    """Return the SQL list of what a snapshot stores of a row."""
    return ", ".join(column_value(facts, alias, column) for column in facts.columns)


def changed_values(facts: TrackedTable, alias: str) -> str:
    """Return SQL for one jsonb object of the columns that an update changed, as the old or new row has them."""
    return " || ".join(
        f'CASE WHEN o."{column}" IS DISTINCT FROM n."{column}" THEN '
        f"jsonb_build_object('{column}', {column_value(facts, alias, column)}) ELSE '{{}}'::jsonb END"
        for column in facts.columns
    )


def track_sql(facts: TrackedTable, *, deletable: bool) -> Iterator[str]:
    """Yield the statements that guard one tracked table and its historical table."""
    app = settings.DB_ROLES["app"]
    yield trigger_function_sql(facts)
    for name, operation, tables in TRACK_EVENTS:
        yield f"DROP TRIGGER IF EXISTS track_{name} ON {facts.table}"
        yield (
            f"CREATE TRIGGER track_{name} AFTER {operation} ON {facts.table} "
            f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {facts.function}()"
        )
        yield f"ALTER TABLE {facts.table} ENABLE ALWAYS TRIGGER track_{name}"
    yield f"DROP TRIGGER IF EXISTS keep_key ON {facts.table}"
    yield (
        f'CREATE TRIGGER keep_key BEFORE UPDATE OF "{facts.key}" ON {facts.table} FOR EACH ROW '
        f'WHEN (OLD."{facts.key}" IS DISTINCT FROM NEW."{facts.key}") '
        "EXECUTE FUNCTION records_refuse_rewrite()"
    )
    yield f"ALTER TABLE {facts.table} ENABLE ALWAYS TRIGGER keep_key"
    kept = ("TRUNCATE",) if deletable else ("DELETE", "TRUNCATE")
    yield from forbid_sql(facts.table, "keep_rows", kept)
    if not deletable:
        yield f"REVOKE DELETE ON {facts.table} FROM {app}"
    yield f"REVOKE TRUNCATE ON {facts.table} FROM {app}"
    yield from forbid_sql(facts.history_table, "append_only", ("UPDATE", "DELETE", "TRUNCATE"))
    yield f"REVOKE ALL ON {facts.history_table} FROM {app}"
    yield f"GRANT SELECT ON {facts.history_table} TO {app}"


def forbid_sql(table: str, name: str, operations: Sequence[str]) -> Iterator[str]:
    """Yield the statements that refuse operations on a table, for its owner too."""
    rows = [operation for operation in operations if operation != "TRUNCATE"]
    if rows:
        yield f"DROP TRIGGER IF EXISTS {name}_row ON {table}"
        yield (
            f"CREATE TRIGGER {name}_row BEFORE {' OR '.join(rows)} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION records_refuse_rewrite()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_row"
    if "TRUNCATE" in operations:
        yield f"DROP TRIGGER IF EXISTS {name}_truncate ON {table}"
        yield (
            f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION records_refuse_rewrite()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_truncate"


class GuardOperation(Operation):
    """A migration operation that runs guard statements and leaves the state alone."""

    reduces_to_sql = True
    reversible = True
    atomic = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: guards are not part of a model's state."""

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the statements that install the guard."""
        raise NotImplementedError

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Install the guard."""
        for statement in self.statements(app_label, to_state):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Keep the guard: it goes with its table, never before it."""

    def model(self, app_label: str, state: ProjectState, name: str | None = None) -> type[models.Model]:
        """Return the model as the migration sees it."""
        return cast("type[models.Model]", state.apps.get_model(app_label, name or self.model_name))


class TrackTable(GuardOperation):
    """Let PostgreSQL keep the history of a model's table.

    Run it again after each migration that adds, alters or removes a column.
    """

    def __init__(self, model_name: str, *, fingerprint: Sequence[str] = (), deletable: bool = False) -> None:
        super().__init__(model_name)
        self.fingerprint = tuple(fingerprint)
        self.deletable = deletable

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how a migration writes this operation."""
        kwargs: dict[str, Any] = {"fingerprint": self.fingerprint} if self.fingerprint else {}
        if self.deletable:
            kwargs["deletable"] = True
        return self.__class__.__name__, [self.model_name], kwargs

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the statements for the table and its historical table."""
        facts = table_facts(
            self.model(app_label, state),
            self.model(app_label, state, f"Historical{self.model_name}"),
            self.fingerprint,
        )
        return track_sql(facts, deletable=self.deletable)

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Let PostgreSQL keep the history of {self.model_name}"


class AppendOnly(GuardOperation):
    """Refuse UPDATE, DELETE and TRUNCATE of a model's table, for its owner too."""

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the triggers and the revoked rights."""
        table = self.model(app_label, state)._meta.db_table
        yield from forbid_sql(table, "append_only", ("UPDATE", "DELETE", "TRUNCATE"))
        yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {settings.DB_ROLES['app']}"

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Refuse every rewrite of {self.model_name}"


class GuardTrail(GuardOperation):
    """Install the shared functions and close the event and change tables."""

    def __init__(self) -> None:
        super().__init__("Event")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how a migration writes this operation."""
        return self.__class__.__name__, [], {}

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the functions, triggers and column rights of the trail itself."""
        app = settings.DB_ROLES["app"]
        event = self.model(app_label, state)
        given = ", ".join(
            f'"{field.column}"' for field in event._meta.local_concrete_fields if field.name not in ("id", "at", "xact")
        )
        yield CURRENT_EVENT_SQL
        yield REFUSE_SQL
        for table in ("records_event", "records_change"):
            yield from forbid_sql(table, "append_only", ("UPDATE", "DELETE", "TRUNCATE"))
            yield f"REVOKE ALL ON {table} FROM {app}"
            yield f"GRANT SELECT ON {table} TO {app}"
        yield f"GRANT INSERT ({given}) ON records_event TO {app}"

    def describe(self) -> str:
        """Say what the operation does."""
        return "Close the audit trail to rewriting"


class SealedTable(AppendOnly):
    """Refuse every rewrite of a ledger table, and let only the sealer's role insert."""

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the triggers and the rights of the two serving roles."""
        yield from super().statements(app_label, state)
        table, roles = self.model(app_label, state)._meta.db_table, settings.DB_ROLES
        app, sealer = roles["app"], roles["sealer"]
        yield f"REVOKE ALL ON {table} FROM {app}, {sealer}"
        yield f"GRANT SELECT ON {table} TO {app}, {sealer}"
        yield f"GRANT INSERT ON {table} TO {sealer}"

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Let only the sealer add to {self.model_name}"


class WrittenBySealer(GuardOperation):
    """Let only the sealer's role write a table that is no record."""

    def statements(self, app_label: str, state: ProjectState) -> Iterator[str]:
        """Yield the rights of the two serving roles."""
        table, roles = self.model(app_label, state)._meta.db_table, settings.DB_ROLES
        app, sealer = roles["app"], roles["sealer"]
        yield f"REVOKE ALL ON {table} FROM {app}, {sealer}"
        yield f"GRANT SELECT ON {table} TO {app}, {sealer}"
        yield f"GRANT INSERT, UPDATE ON {table} TO {sealer}"

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Let only the sealer write {self.model_name}"


class ReadOnlyForApp(Operation):
    """Take every writing right on a table from the web process's role."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: rights are not part of a model's state."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Revoke the rights."""
        schema_editor.execute(
            f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {self.table} FROM {settings.DB_ROLES['app']}"
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Keep the rights as they are: the table goes with its own migration."""

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Let the web process only read {self.table}"
