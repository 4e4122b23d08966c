"""Saving a form without overwriting what somebody else saved meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from records.acting import acting
from records.errors import RecordNotEditable, StaleRevision
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, workflow_of


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field of a stale form: what the reader saw, what stands now, what they typed."""

    name: str
    label: str
    stored: str
    typed: str


def edit_record(
    record: ControlledRecord, *, actor: Actor, revision: int, changes: Mapping[str, Any], reason: str
) -> ControlledRecord:
    """Write changed fields of a record if nobody changed it since ``revision``.

    Writes: the record's tables and one event. Raises: `RecordNotEditable`,
    `StaleRevision` with the differences as its fact ``differences``.
    Serves: 21 CFR 11.10(e).
    """
    with transaction.atomic():
        locked = lock_record(record)
        if locked.state not in workflow_of(locked).editable_states:
            raise RecordNotEditable(number=locked.number, state=state_label(locked))
        if locked.revision != revision:
            raise stale_revision(locked, changes)
        changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
        if not changed:
            return locked
        details = {"fields": sorted(changed)}
        with acting(actor, "records.record.edited", locked, reason=reason, details=details):
            for name, value in changed.items():
                setattr(locked, name, value)
            locked.revision += 1
            locked.save(update_fields=[*changed, "revision"])
    return locked


def stale_revision(record: ControlledRecord, typed: Mapping[str, Any]) -> StaleRevision:
    """Return the refusal that tells who changed the record and how the typed text differs."""
    base = ControlledRecord._meta.db_table  # who raised the revision; a comment or a ceremony changes no record
    last = record.events.filter(changes__table_name=base, changes__kind="~").order_by("-id").first()
    differences = tuple(
        FieldDifference(
            name=name,
            label=str(getattr(record._meta.get_field(name), "verbose_name", name)),
            stored=str(getattr(record, name)),
            typed=str(value),
        )
        for name, value in typed.items()
        if getattr(record, name) != value
    )
    return StaleRevision(
        who=last.actor_name if last else "Somebody",
        when=f"{last.at:%H:%M:%S} UTC" if last else "an unknown time",
        differences=differences,
        revision=record.revision,
    )
