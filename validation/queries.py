"""Reads of the records of validation, and who may read them. The loaders are the access rule of every page.

Systems belong to the site, not to a product, so their readers are roles. Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

from typing import TypeVar

from django.db.models import QuerySet

from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import take_role
from validation.errors_records import RecordUnknown

READERS = ("validation_engineer", "qa_manager", "reviewer", "data_scientist")

Kind = TypeVar("Kind", bound=ControlledRecord)


def records_for(actor: Actor, model: type[Kind]) -> QuerySet[Kind]:
    """Return all records of a kind for the roles that work with them. Raises: `RoleNotAllowed`."""
    take_role(actor, READERS)
    rows: QuerySet[Kind] = model._default_manager.all()  # type: ignore[assignment]  # the stubs lose the kind
    return rows.select_related("author")


def load_record(actor: Actor, model: type[Kind], number: str) -> Kind:
    """Return a record by number. Raises: `RecordUnknown`, `RoleNotAllowed`."""
    found = records_for(actor, model).filter(number=number).first()
    if found is None:
        raise RecordUnknown(kind=model.KIND_LABEL, number=number[:40])
    return found
