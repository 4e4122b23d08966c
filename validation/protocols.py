"""Protocols: drafted step by step against the approved baseline, signed before anybody executes them.

Serves: EU GMP Annex 15 §2.4, 2.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from records.acting import acting
from records.creation import create_record
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role, workflow_of
from validation.errors_records import StepUnknown, TableNotReadable
from validation.models import Protocol, ProtocolStep, System
from validation.readiness import baseline_of
from validation.requirements import raise_revision
from validation.tables import read_table
from validation.workflow import ENGINEERS

HEADINGS = ("requirements", "instruction", "expected", "acceptance")


@dataclass(frozen=True, slots=True)
class StepText:
    """A step as typed."""

    requirements: tuple[str, ...]
    instruction: str
    expected: str = ""
    acceptance: str = ""


def draft_protocol(system: System, *, actor: Actor, title: str, stage: str, purpose: str) -> Protocol:
    """Draft a protocol against the approved baseline of the system.

    Writes: validation_protocol, `validation.protocol.drafted`. Raises: `BaselineMissing`.
    """
    actor = take_role(actor, ENGINEERS)
    return create_record(
        Protocol,
        actor=actor,
        title=title,
        act="validation.protocol.drafted",
        system=system,
        stage=stage,
        purpose=purpose,
        baseline=baseline_of(system),
    )


def edit_protocol(protocol: Protocol, *, actor: Actor, title: str, purpose: str) -> Protocol:
    """Change a draft's title and purpose and take over the approved baseline of today.

    Writes: validation_protocol, `validation.protocol.edited`. Raises: `RecordNotEditable`, `BaselineMissing`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(protocol)
        with acting(actor, "validation.protocol.edited", locked, details={"what": "title, purpose or baseline"}):
            locked.title, locked.purpose, locked.baseline = title, purpose, baseline_of(locked.system)
            locked.save(update_fields=["title", "purpose", "baseline"])
            raise_revision(locked)
    return locked


def add_steps(protocol: Protocol, steps: Sequence[StepText], *, actor: Actor) -> Protocol:
    """Add steps at the end of a draft, all or none.

    Writes: validation_protocolstep, `validation.protocol.edited`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(protocol)
        last = locked.steps.order_by("-position").values_list("position", flat=True).first() or 0
        with acting(actor, "validation.protocol.edited", locked, details={"what": f"{len(steps)} steps added"}):
            for position, step in enumerate(steps, last + 1):
                write_step(ProtocolStep(protocol=locked, position=position), step)
            raise_revision(locked)
    return locked


def edit_step(protocol: Protocol, position: int, step: StepText, *, actor: Actor) -> ProtocolStep:
    """Change a step of a draft.

    Writes: validation_protocolstep, `validation.protocol.edited`. Raises: `RecordNotEditable`, `StepUnknown`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(protocol)
        row = find_step(locked, position)
        with acting(actor, "validation.protocol.edited", locked, details={"what": f"step {position}"}):
            write_step(row, step)
            raise_revision(locked)
    return row


def remove_step(protocol: Protocol, position: int, *, actor: Actor) -> None:
    """Take a step out of a draft; the others keep their numbers.

    Writes: validation_protocolstep, `validation.protocol.edited`. Raises: `RecordNotEditable`, `StepUnknown`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(protocol)
        row = find_step(locked, position)
        with acting(actor, "validation.protocol.edited", locked, details={"what": f"step {position} removed"}):
            row.delete()
            raise_revision(locked)


def read_steps(text: str) -> list[StepText]:
    """Return the steps of a pasted table. Raises: `TableNotReadable` naming the first fault."""
    found = []
    for line in read_table(text, headings=HEADINGS, needed=("requirements", "instruction", "expected")):
        cells = line.cells
        faults = [*line.faults, *([] if cells["instruction"] else ["it has no instruction"])]
        if faults:
            raise TableNotReadable(why=f"line {line.line}: {faults[0]}")
        refs = split_refs(cells["requirements"])
        found.append(StepText(refs, cells["instruction"], cells["expected"], cells.get("acceptance", "")))
    return found


def split_refs(text: str) -> tuple[str, ...]:
    """Return requirement ids typed with commas, semicolons or spaces between them, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").replace(";", " ").upper().split()))


def write_step(row: ProtocolStep, step: StepText) -> None:
    """Write a step's text; must run inside an act."""
    row.requirements = list(step.requirements)
    row.instruction, row.expected, row.acceptance = step.instruction, step.expected, step.acceptance
    row.save()


def find_step(protocol: Protocol, position: int) -> ProtocolStep:
    """Return a step by its number. Raises: `StepUnknown`."""
    found = protocol.steps.filter(position=position).first()
    if found is None:
        raise StepUnknown(step=position, number=protocol.number)
    return found


def lock_draft(protocol: ControlledRecord) -> Protocol:
    """Lock a protocol that may still be edited. Raises: `RecordNotEditable`."""
    lock_record(protocol)
    locked = Protocol.objects.get(pk=protocol.pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
