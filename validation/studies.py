"""Designing a Knapp study and writing its conclusion; the signatures are `workflow_studies`' business.

Serves: EU GMP Annex 1 §8.31, 8.32.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from records.acting import acting
from records.creation import create_record
from records.editing import stale_revision
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role, workflow_of
from validation.errors_studies import StudyDesignInvalid
from validation.knapp_design import Container, read_containers, read_inspectors
from validation.models import KnappStudy, System
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS

MOST_RUNS = 400


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """The design as typed. Units: ``false_reject_limit`` in percent; ``inspectors`` is a table as text."""

    title: str
    purpose: str
    machine: str
    inspectors: str
    false_reject_limit: Decimal
    good_planned: int = 170
    reject_planned: int = 80
    rounds: int = 10
    machine_runs: int = 10
    reading: str = "exact"


def design_study(system: System, design: StudyDesign, *, actor: Actor) -> KnappStudy:
    """Begin a study with the seed from which the order of every run is drawn.

    Writes: validation_knappstudy, `validation.study.designed`. Raises: `StudyDesignInvalid`, `TableNotReadable`.
    """
    actor = take_role(actor, ENGINEERS)
    facts = check_design(design)
    act = "validation.study.designed"
    return create_record(KnappStudy, actor=actor, act=act, system=system, seed=secrets.token_hex(16), **facts)


def edit_design(study: KnappStudy, design: StudyDesign, *, actor: Actor, revision: int) -> KnappStudy:
    """Change a design in draft. Writes: validation_knappstudy, `validation.study.edited`.

    Raises: `RecordNotEditable`, `StaleRevision`, `StudyDesignInvalid`, `TableNotReadable`.
    """
    actor = take_role(actor, ENGINEERS)
    facts = check_design(design)
    with transaction.atomic():
        locked = lock_study(study)
        if locked.revision != revision:
            raise stale_revision(locked, facts)
        with acting(actor, "validation.study.edited", locked, details={"what": "design"}):
            for name, value in facts.items():
                setattr(locked, name, value)
            locked.save(update_fields=list(facts))
            raise_revision(locked)
    return locked


def set_containers(study: KnappStudy, containers: Sequence[Container], *, actor: Actor) -> KnappStudy:
    """Put the numbered containers into a design in draft, instead of those before.

    Writes: validation_knappstudy, `validation.study.edited`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_study(study)
        with acting(actor, "validation.study.edited", locked, details={"what": f"{len(containers)} containers"}):
            locked.containers = [row.content() for row in containers]
            locked.save(update_fields=["containers"])
            raise_revision(locked)
    return locked


def containers_of(text: str) -> list[Container]:
    """Return the containers of a pasted table that is whole. Raises: `TableNotReadable`, `StudyDesignInvalid`."""
    found = read_containers(text)
    for line, _ in found:
        if line.faults:
            raise StudyDesignInvalid(why=f"line {line.line}: {line.faults[0]}")
    return [row for _, row in found]


def write_conclusion(study: KnappStudy, text: str, *, actor: Actor) -> KnappStudy:
    """Write what follows from the result, before the report is signed.

    Writes: validation_knappstudy, `validation.study.concluded`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_study(study, states=("approved",))
        with acting(actor, "validation.study.concluded", locked):
            locked.conclusion = text.strip()
            locked.save(update_fields=["conclusion"])
            raise_revision(locked)
    return locked


def check_design(design: StudyDesign) -> dict[str, Any]:
    """Return the fields of the model, or refuse a design that cannot be. Raises: `StudyDesignInvalid`."""
    inspectors, faults = read_inspectors(design.inspectors)
    for row in inspectors:
        try:
            dt.date.fromisoformat(row["qualified"])
        except ValueError:
            faults.append(f"{row['qualified'][:20]} is no day of the calendar")
    if min(design.good_planned, design.reject_planned, design.rounds, design.machine_runs) < 1:
        faults.append("containers, rejects, rounds and machine runs are at least 1 each")
    runs = len(inspectors) * design.rounds + design.machine_runs
    if runs > MOST_RUNS or max(design.rounds, design.machine_runs) > 99:
        faults.append(f"it plans {runs} runs; {MOST_RUNS} are the most, and 99 of one inspector")
    if not 0 <= design.false_reject_limit <= 100:
        faults.append("the limit of false rejects lies between 0 and 100 percent")
    if design.reading not in KnappStudy.Reading.values:
        faults.append("choose how 7 of 10 is read")
    if faults:
        raise StudyDesignInvalid(why=faults[0])
    return asdict(design) | {"inspectors": inspectors}


def lock_study(study: ControlledRecord, *, states: tuple[str, ...] = ()) -> KnappStudy:
    """Lock a study that may still be written to. Raises: `RecordNotEditable`."""
    lock_record(study)
    locked = KnappStudy.objects.get(pk=study.pk)
    if locked.state not in (states or workflow_of(locked).editable_states):
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
