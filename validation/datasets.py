"""Putting a data set together, sealing it is `workflow_studies`' business; reading a sealed one is nobody's.

Serves: draft EU GMP Annex 22 §4–6.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from records.acting import acting, record_event
from records.creation import create_record
from records.editing import stale_revision
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, perform_transition, state_label, take_role, workflow_of
from validation.dataset_items import SetItem, items_of, read_strata
from validation.errors_studies import (
    NothingOverlaps,
    ReferenceMissing,
    SetInvalid,
    SetItemExcluded,
    SetItemUnknown,
    SetSealed,
)
from validation.models import DataItem, DataSet, System
from validation.overlap import find_overlap
from validation.queries import READERS
from validation.readiness_studies import is_developer
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS
from validation.workflow_studies import OPENERS, SETTERS

REFERENCE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class SetFacts:
    """A data set as typed; ``strata`` is a table as text. ``criteria`` and ``incumbent`` are a test set's."""

    title: str
    description: str
    size_reason: str
    strata: str
    preparation: str = ""
    criteria: str = ""
    incumbent: str = ""


def begin_set(system: System, facts: SetFacts, *, actor: Actor, purpose: str) -> DataSet:
    """Begin a data set. A test set is put together by engineers, never by those who develop.

    Writes: validation_dataset, `validation.dataset.begun`. Raises: `RoleNotAllowed`, `SetInvalid`, `TableNotReadable`.
    """
    if purpose not in DataSet.Purpose.values:
        raise SetInvalid(why="its purpose is training, tuning or test")
    actor = take_role(actor, ENGINEERS if purpose == DataSet.Purpose.TEST else SETTERS)
    given = check_facts(facts)
    return create_record(DataSet, actor=actor, act="validation.dataset.begun", system=system, purpose=purpose, **given)


def edit_set(data_set: DataSet, facts: SetFacts, *, actor: Actor, revision: int) -> DataSet:
    """Change a draft. Writes: validation_dataset, `validation.dataset.edited`.

    Raises: `RecordNotEditable`, `StaleRevision`, `SetInvalid`, `TableNotReadable`.
    """
    actor = take_setter(data_set, actor)
    given = check_facts(facts)
    with transaction.atomic():
        locked = lock_set(data_set)
        if locked.revision != revision:
            raise stale_revision(locked, given)
        with acting(actor, "validation.dataset.edited", locked, details={"what": "description, plan or criteria"}):
            for name, value in given.items():
                setattr(locked, name, value)
            locked.save(update_fields=list(given))
            raise_revision(locked)
    return locked


def add_items(data_set: DataSet, items: list[SetItem], *, actor: Actor) -> int:
    """Add items to a draft, all or none; return how many.

    Writes: validation_dataitem, `validation.dataset.items_imported`. Raises: `RecordNotEditable`, `ItemsNotWhole`.
    """
    actor = take_setter(data_set, actor)
    with transaction.atomic():
        locked = lock_set(data_set)
        items = items_of(locked, items)
        with acting(actor, "validation.dataset.items_imported", locked, details={"count": len(items)}):
            DataItem.objects.bulk_create([DataItem(data_set=locked, **asdict(item)) for item in items])
            raise_revision(locked)
    return len(items)


def exclude_item(data_set: DataSet, name: str, *, actor: Actor, reason: str) -> DataItem:
    """Exclude an item of a draft with its reason; it stays in the manifest.

    Writes: validation_dataitem, `validation.dataset.item_excluded`. Raises: `RecordNotEditable`,
    `SetItemUnknown`, `SetItemExcluded`, `ReasonMissing`. Serves: draft EU GMP Annex 22 §5.
    """
    actor = take_setter(data_set, actor)
    with transaction.atomic():
        locked = lock_set(data_set)
        row = locked.items.filter(name=name).first()
        if row is None:
            raise SetItemUnknown(number=locked.number, name=name[:80])
        if row.excluded_because:
            raise SetItemExcluded(name=row.name)
        with acting(actor, "validation.dataset.item_excluded", locked, reason=reason, details={"name": row.name}):
            row.excluded_because = reason.strip()
            row.save(update_fields=["excluded_because"])
            raise_revision(locked)
    return row


def exclude_overlap(data_set: DataSet, *, actor: Actor, reason: str) -> int:
    """Exclude every item of a draft that a set to be kept apart from holds too; return how many.

    Writes: validation_dataitem, `validation.dataset.item_excluded`. Raises: `RecordNotEditable`,
    `NothingOverlaps`, `ReasonMissing`. Serves: draft EU GMP Annex 22 §6.
    """
    actor = take_setter(data_set, actor)
    with transaction.atomic():
        locked = lock_set(data_set)
        names = sorted({pair.first.name for pair in find_overlap(locked)})
        if not names:
            raise NothingOverlaps(number=locked.number)
        details = {"name": f"{len(names)} items that another set holds too"}
        with acting(actor, "validation.dataset.item_excluded", locked, reason=reason, details=details):
            locked.items.filter(name__in=names).update(excluded_because=reason.strip())
            raise_revision(locked)
    return len(names)


def may_read_items(data_set: DataSet, actor: Actor) -> bool:
    """Tell whether somebody may read items and labels now: of a test set its makers in draft, all once opened."""
    if data_set.shows_items:
        return True
    return data_set.state == "draft" and not is_developer(data_set, actor)


def read_manifest(data_set: DataSet, *, actor: Actor) -> list[DataItem]:
    """Return the items with their labels; of a test set each reading leaves an event.

    Writes: `validation.dataset.manifest_read`. Raises: `SetSealed`. Serves: draft EU GMP Annex 22 §6.
    """
    actor = take_role(actor, READERS)
    if not may_read_items(data_set, actor):
        raise SetSealed(number=data_set.number)
    if data_set.is_test:
        record_event(actor, "validation.dataset.manifest_read", data_set)
    return list(data_set.items.order_by("pk"))


def consume_set(data_set: DataSet, *, actor: Actor, reference: str, reason: str) -> DataSet:
    """Mark an opened set as consumed: its results informed a change, so it is independent no more.

    Writes: validation_dataset, `validation.dataset.consumed`. Raises: `ReferenceMissing`, `ReasonMissing`,
    `TransitionNotAllowed`. Serves: draft EU GMP Annex 22 §6.
    """
    actor = take_role(actor, OPENERS)
    if not reference.strip():
        raise ReferenceMissing
    because = f"{reference.strip()[:REFERENCE_LENGTH]}: {reason.strip()}" if reason.strip() else ""
    perform_transition(data_set, "consume", actor=actor, reason=because)
    return DataSet.objects.get(pk=data_set.pk)


def check_facts(facts: SetFacts) -> dict[str, Any]:
    """Return the fields of the model. Raises: `SetInvalid`, `TableNotReadable`."""
    return asdict(facts) | {"strata": read_strata(facts.strata)}


def take_setter(data_set: DataSet, actor: Actor) -> Actor:
    """Return the actor in the role that puts such a set together, or refuse. Raises: `RoleNotAllowed`."""
    return take_role(actor, ENGINEERS if data_set.is_test else SETTERS)


def lock_set(data_set: ControlledRecord) -> DataSet:
    """Lock a set that may still be edited. Raises: `RecordNotEditable`."""
    lock_record(data_set)
    locked = DataSet.objects.get(pk=data_set.pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
