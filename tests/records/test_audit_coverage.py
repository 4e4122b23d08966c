"""Every regulated table × every way to write: a trail with old and new value, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models.expressions import DatabaseDefault

from records.acting import acting
from records.checks import history_model_of
from records.evidence import system_actor
from records.history import TRACKED
from records.models import Change
from tests.records.making_rows import build_row, field_to_change, make_row, other_value

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)"), pytest.mark.assurance("C4")]

SYSTEM = system_actor("tests")
ACT = "records.installation.started"
MODELS = sorted(TRACKED, key=lambda model: model._meta.label)
Write = Callable[[type[models.Model], models.Model], object]


def raw(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def db_value(field, value):
    return field.get_db_prep_save(value, connection)


def changed(row: models.Model) -> models.Model:
    field = field_to_change(type(row))
    setattr(row, field.attname, other_value(field, row))
    return row


def raw_update(model, row):
    field = field_to_change(model)
    raw(
        f'UPDATE {model._meta.db_table} SET "{field.column}" = %s WHERE "{model._meta.pk.column}" = %s',
        db_value(field, other_value(field, row)),
        row.pk,
    )


def raw_insert(model, row):
    fields = [
        field
        for field in model._meta.local_concrete_fields
        if not field.generated
        and not (field.primary_key and row.pk is None)
        and not isinstance(getattr(row, field.attname), DatabaseDefault)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places}) RETURNING "{model._meta.pk.column}"',
            [db_value(field, field.pre_save(row, True)) for field in fields],
        )
        row.pk = cursor.fetchone()[0]


def upsert(model, row):
    field, key = field_to_change(model), model._meta.pk
    model._default_manager.bulk_create(
        [changed(row)], update_conflicts=True, update_fields=[field.name], unique_fields=[key.name]
    )


CREATES: dict[str, Write] = {
    "save": lambda model, row: models.Model.save(row, force_insert=True),
    "bulk_create": lambda model, row: model._default_manager.bulk_create([row]),
    "raw SQL": raw_insert,
}
UPDATES: dict[str, Write] = {
    "save": lambda model, row: models.Model.save(changed(row)),
    "queryset update": lambda model, row: model._default_manager.filter(pk=row.pk).update(
        **{field_to_change(model).attname: other_value(field_to_change(model), row)}
    ),
    "bulk_update": lambda model, row: model._default_manager.bulk_update([changed(row)], [field_to_change(model).name]),
    "upsert": upsert,
    "raw SQL": raw_update,
}
DELETES: dict[str, Write] = {
    "queryset delete": lambda model, row: model._default_manager.filter(pk=row.pk)._raw_delete("default"),
    "raw SQL": lambda model, row: raw(
        f'DELETE FROM {model._meta.db_table} WHERE "{model._meta.pk.column}" = %s', row.pk
    ),
}


def changes_of(event_id: int, model: type[models.Model]) -> list[Change]:
    return list(Change.objects.filter(event_id=event_id, table_name=model._meta.db_table))


def assert_refused(write: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        write()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("path", CREATES)
def test_a_created_row_leaves_snapshot_and_change_or_is_refused(model, path):
    if path != "save" and model._meta.parents:
        path = "save"  # a row of two tables is no single insert; the tables are covered one by one
    with acting(SYSTEM, ACT):
        row = build_row(model)
    assert_refused(lambda: CREATES[path](model, row))
    with acting(SYSTEM, ACT):
        row = build_row(model)
    with acting(SYSTEM, ACT) as event:
        CREATES[path](model, row)
    found = changes_of(event.id, model)
    assert [change.kind for change in found] == ["+"]
    snapshot = history_model_of(model)._default_manager.get(history_id=found[0].history_id)
    field = field_to_change(model)
    if field.name not in TRACKED[model].fingerprint:
        stored = model._default_manager.get(pk=row.pk)
        assert getattr(snapshot, field.attname) == getattr(stored, field.attname)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("path", UPDATES)
def test_a_changed_row_leaves_old_and_new_value_or_is_refused(model, path):
    if path == "upsert" and model._meta.parents:
        path = "save"  # as above
    with acting(SYSTEM, ACT):
        row = make_row(model)
    assert_refused(lambda: UPDATES[path](model, row))
    row = model._default_manager.get(pk=row.pk)
    if TRACKED[model].append_only:
        with acting(SYSTEM, ACT):
            assert_refused(lambda: UPDATES[path](model, row))
        return
    with acting(SYSTEM, ACT) as event:
        UPDATES[path](model, row)
    found = [change for change in changes_of(event.id, model) if change.kind == "~"]
    column = field_to_change(model).column
    assert len(found) == 1
    old, new = found[0].old or {}, found[0].new or {}
    assert column in old
    assert old[column] != new[column]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("path", DELETES)
def test_a_deleted_row_leaves_its_last_content_or_is_refused(model, path):
    with acting(SYSTEM, ACT):
        row = make_row(model)
    assert_refused(lambda: DELETES[path](model, row))
    if not TRACKED[model].deletable:
        with acting(SYSTEM, ACT):
            assert_refused(lambda: DELETES[path](model, row))
        return
    with acting(SYSTEM, ACT) as event:
        DELETES[path](model, row)
    assert [change.kind for change in changes_of(event.id, model)] == ["-"]


def test_a_bulk_write_of_many_rows_leaves_one_change_per_row():
    model = next(model for model in MODELS if model._meta.label == "records.StoredFile")
    with acting(SYSTEM, ACT) as event:
        model._default_manager.bulk_create([build_row(model) for _ in range(300)])
    assert len({change.row_key for change in changes_of(event.id, model)}) == 300


def test_every_tracked_model_has_no_way_to_save_without_its_history():
    assert not [model for model in MODELS if hasattr(model, "save_without_historical_record")]
