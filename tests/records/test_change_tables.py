"""Many changes of tables in one migration operation come out as one after the other would, and can be undone."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations.operations import AddField, AlterField, CreateModel, RemoveField
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from records.tables import ChangeTables

APP = "vials"
ID = ("id", models.BigAutoField(primary_key=True))
BEFORE: tuple[Operation, ...] = (
    CreateModel("Vial", [ID, ("name", models.CharField(max_length=10)), ("score", models.IntegerField())]),
    CreateModel("Tray", [ID, ("size", models.IntegerField(default=0))]),
)
CHANGES: tuple[Operation, ...] = (
    AddField("vial", "seen_at", models.DateTimeField(null=True)),
    AlterField("vial", "name", models.CharField(max_length=40, null=True)),
    RemoveField("vial", "score"),
    CreateModel("Rack", [ID]),
    AddField("tray", "rack", models.ForeignKey("vials.Rack", models.PROTECT, null=True)),
)


@pytest.mark.django_db
def test_the_statements_are_those_of_the_single_changes_both_ways():
    start = ProjectState()
    for operation in BEFORE:
        operation.state_forwards(APP, start)
    forwards: list[str] = []
    backwards: list[str] = []
    after = start.clone()
    for operation in CHANGES:
        earlier = after.clone()
        operation.state_forwards(APP, after)
        with connection.schema_editor(collect_sql=True) as editor:
            operation.database_forwards(APP, editor, earlier, after)
        with connection.schema_editor(collect_sql=True) as undoing:
            operation.database_backwards(APP, undoing, after.clone(), earlier)
        forwards += editor.collected_sql
        backwards = [*undoing.collected_sql, *backwards]
    together, changed = ChangeTables(*CHANGES), start.clone()
    together.state_forwards(APP, changed)
    with connection.schema_editor(collect_sql=True) as editor:
        together.database_forwards(APP, editor, start, changed)
    with connection.schema_editor(collect_sql=True) as undoing:
        together.database_backwards(APP, undoing, changed, start)
    assert changed == after
    assert sorted(editor.collected_sql) == sorted(forwards)
    assert sorted(undoing.collected_sql) == sorted(backwards)
    assert any('CREATE TABLE "vials_rack"' in line for line in editor.collected_sql)
    assert any('DROP TABLE "vials_rack"' in line for line in undoing.collected_sql)
