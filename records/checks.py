"""Compare the guards in the live database with what the models declare.

A system check (``manage.py check --database default``) and part of `manage.py verify`:
a guard that is missing, switched off or of another text is named.
Serves: 21 CFR 11.10(a)(e).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models

from records.guards import CURRENT_EVENT_SQL, REFUSE_SQL, table_facts, trigger_function_sql
from records.history import TRACKED, TrackedHistory
from records.models_ledger import LEDGER_MODELS

ALWAYS = "A"  # pg_trigger.tgenabled of ENABLE ALWAYS

CATALOGUE_SQL = """
SELECT c.relname, t.tgname, t.tgenabled::text, p.proname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
FUNCTIONS_SQL = """
SELECT proname, prosrc || prosecdef::text || coalesce(array_to_string(proconfig, ';'), '')
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class GuardFault:
    """One guard that is not as declared: on which table, which guard, and how it differs."""

    table: str
    guard: str
    expected: str
    found: str


def history_model_of(model: type[models.Model]) -> type[models.Model]:
    """Return the historical model of a tracked model."""
    manager: Any = getattr(model, "history")  # noqa: B009  the attribute is the library's
    found: type[models.Model] = manager.model
    return found


def expected_triggers(model: type[models.Model], tracking: TrackedHistory) -> Iterator[tuple[str, str, str]]:
    """Yield (table, trigger, function) of every guard the declaration asks for."""
    table = model._meta.db_table
    history = history_model_of(model)._meta.db_table
    for operation in ("insert", "update", "delete"):
        yield table, f"track_{operation}", f"{table}_track"
    refuse = "records_refuse_rewrite"
    yield table, "keep_key", refuse
    yield table, "keep_rows_truncate", refuse
    if not tracking.deletable:
        yield table, "keep_rows_row", refuse
    if tracking.append_only:
        yield table, "append_only_row", refuse
        yield table, "append_only_truncate", refuse
    yield history, "append_only_row", refuse
    yield history, "append_only_truncate", refuse


def body_of(function_sql: str) -> str:
    """Return a function's body, owner's rights and settings, as `FUNCTIONS_SQL` reads them back."""
    head, body = function_sql.split("$guard$")[:2]
    settings = ["search_path=pg_catalog, public, pg_temp"]
    if "SET timezone" in head:
        settings.append("TimeZone=UTC")
    return f"{body}{str('SECURITY DEFINER' in head).lower()}{';'.join(settings)}"


def find_guard_faults(using: str = "default") -> list[GuardFault]:
    """Return every guard of the live catalogue that is not as the models declare it."""
    with connections[using].cursor() as cursor:
        cursor.execute(CATALOGUE_SQL)
        triggers = {(table, name): (enabled, function) for table, name, enabled, function in cursor.fetchall()}
        cursor.execute(FUNCTIONS_SQL)
        functions = dict(cursor.fetchall())
    faults: list[GuardFault] = []
    expected = [("records_event", f"append_only_{part}", "records_refuse_rewrite") for part in ("row", "truncate")]
    for table in ("records_change", *(model._meta.db_table for model in LEDGER_MODELS)):
        expected += [(table, f"append_only_{part}", "records_refuse_rewrite") for part in ("row", "truncate")]
    bodies = {
        "records_current_event": body_of(CURRENT_EVENT_SQL),
        "records_refuse_rewrite": body_of(REFUSE_SQL),
    }
    for model, tracking in TRACKED.items():
        expected.extend(expected_triggers(model, tracking))
        if not tracking.append_only and (model._meta.db_table, "append_only_row") in triggers:
            faults.append(GuardFault(model._meta.db_table, "append_only_row", "not declared", "installed"))
        facts = table_facts(model, history_model_of(model), tracking.fingerprint)
        bodies[facts.function] = body_of(trigger_function_sql(facts))
    for table, name, function in expected:
        enabled, found = triggers.get((table, name), ("missing", ""))
        if (enabled, found) != (ALWAYS, function):
            faults.append(GuardFault(table, name, f"ALWAYS {function}", f"{enabled} {found}".strip()))
    for function, body in bodies.items():
        if functions.get(function) != body:
            faults.append(
                GuardFault(
                    "pg_proc",
                    function,
                    "the text the models declare",
                    "another text" if function in functions else "missing",
                )
            )
    return faults


@register(Tags.database)
def check_guards(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report guard faults as system check errors."""
    return [
        Error(
            f"Guard {fault.guard} of {fault.table} is not as declared: {fault.expected} expected, {fault.found} found.",
            hint="Run the migrations as the owner; if they are applied, somebody changed the database.",
            id="records.E001",
        )
        for alias in databases or ()
        if alias == "default"
        for fault in find_guard_faults(alias)
    ]
