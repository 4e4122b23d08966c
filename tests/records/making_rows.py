"""Make one valid row of any tracked model, for tests of the write paths themselves.

Only the audit-coverage test uses it: there the bare write is what is tested. All other
tests make their rows by the product's rules.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from qms.batches.models import Product

_numbers = itertools.count(1)
MOMENT = dt.datetime(2026, 11, 22, 14, 3, 7, tzinfo=dt.UTC)

# What the constraints of a model ask beyond its fields' types.
SPECIAL: dict[str, Callable[[], dict[str, Any]]] = {
    "releases.ModelVersion": lambda: {"accept_at": Decimal("0.9"), "reject_at": Decimal("0.1")},
    "inspections.AccessScope": lambda: {"product": make_row(Product)},
    "inspections.InspectorAccess": lambda: {"ends_at": MOMENT + dt.timedelta(days=1)},
    "batches.ProductAccess": lambda: {"permission": Permission.objects.get(codename="work_on_product")},
    "records.ControlledRecord": lambda: {"kind": "releases.modelversion"},
}

CHANGEABLE = {"batches.ProductAccess": "user"}
"""Models whose first changeable column is not one that tests may change."""


def build_row(model: type[models.Model]) -> models.Model:
    """Return an unsaved row with a valid value in every column; its parents are saved."""
    values = SPECIAL.get(model._meta.label, dict)()
    for field in model._meta.concrete_fields:
        if field.name in values or field.null or field.has_default() or is_filled_by_database(field):
            continue
        values[field.name] = value_for(field)
    return model(**values)


def is_filled_by_database(field: models.Field[Any, Any]) -> bool:
    """Tell whether the column fills itself: generated keys, database defaults, parent links."""
    is_parent = bool(field.remote_field and getattr(field.remote_field, "parent_link", False))
    return isinstance(field, models.AutoField) or field.db_default is not NOT_PROVIDED or is_parent


def value_for(field: models.Field[Any, Any]) -> Any:
    """Return some valid value for a field."""
    number = next(_numbers)
    if isinstance(field, models.ForeignKey):
        return make_row(field.related_model)
    if field.choices:
        return next(iter(field.flatchoices))[0]
    simple: dict[type[models.Field[Any, Any]], Any] = {
        models.DateTimeField: MOMENT,
        models.DateField: MOMENT.date(),
        models.JSONField: {"n": number},
        models.BinaryField: f"bytes {number}".encode(),
        models.BooleanField: False,
        models.DecimalField: Decimal(1),
        models.IntegerField: number % 30_000,
        models.EmailField: f"row{number}@example.com",
    }
    for kind, value in simple.items():
        if isinstance(field, kind):
            return value
    return f"{field.name[:8]}{number}"[: field.max_length or 200]


def make_row(model: type[models.Model]) -> models.Model:
    """Save and return one row, inside the caller's act."""
    row = build_row(model)
    models.Model.save(row, force_insert=True)
    return row


def field_to_change(model: type[models.Model]) -> models.Field[Any, Any]:
    """Return a column of the model's own table that may take another value."""
    if model._meta.label in CHANGEABLE:
        named = CHANGEABLE[model._meta.label]
        return next(field for field in model._meta.local_concrete_fields if field.name == named)
    for field in model._meta.local_concrete_fields:
        is_plain = isinstance(field, models.CharField | models.TextField | models.IntegerField | models.JSONField)
        if is_plain and not (field.primary_key or field.unique or field.choices):
            return field
    for field in model._meta.local_concrete_fields:
        if isinstance(field, models.DateTimeField | models.DecimalField | models.BooleanField | models.BinaryField):
            return field
    return next(field for field in model._meta.local_concrete_fields if not field.primary_key)


def other_value(field: models.Field[Any, Any], row: models.Model) -> Any:
    """Return a valid value that differs from the row's."""
    now = getattr(row, field.attname)
    if isinstance(field, models.BooleanField):
        return not now
    if isinstance(field, models.JSONField):
        return {"changed": next(_numbers)}
    if isinstance(field, models.DateTimeField):
        return MOMENT + dt.timedelta(hours=next(_numbers))
    if isinstance(field, models.ForeignKey):
        return make_row(field.related_model).pk
    if isinstance(field, models.IntegerField | models.DecimalField):
        return now + 1
    return f"other{next(_numbers)}"[: field.max_length or 200]
