"""What must be true before a record of validation is signed: the guards of the workflow tables."""

from __future__ import annotations

from typing import Any, TypeVar

from records.evidence import Actor
from records.models import ControlledRecord, Version
from records.versions import is_current, read_content
from signatures.queries import taken_seats
from validation.errors_records import (
    AuthorCannotApprove,
    BaselineMissing,
    BaselineSuperseded,
    DeviationIncomplete,
    ExecutorCannotReview,
    FailureWithoutDeviation,
    NotTheExecutor,
    ProtocolInExecution,
    RequirementsEmpty,
    RequirementTextMissing,
    StepIncomplete,
    StepsMissing,
    StepsOpen,
)
from validation.models import Deviation, Execution, Protocol, RequirementSet, System
from validation.results import name_steps, states_of

INVESTIGATION_MINIMUM = 20

Kind = TypeVar("Kind", bound=ControlledRecord)


def as_kind(record: ControlledRecord, model: type[Kind]) -> Kind:
    """Return the record as the kind it is."""
    found = record.concrete()
    if not isinstance(found, model):
        raise TypeError(f"{record.number} is no {model._meta.verbose_name}")
    return found


def author_signs_first(record: ControlledRecord, actor: Actor) -> None:
    """Keep whoever wrote a record from the quality seat of its approval. Raises: `AuthorCannotApprove`.

    Serves: 21 CFR 11.10(g), 211.22.
    """
    newest = record.versions.order_by("-number").first()
    action = "baseline" if record.kind == RequirementSet._meta.label_lower else "approve"
    if newest is None or actor.user_id != record.author_id or not taken_seats(newest, action):
        return
    if is_current(newest, record.concrete()):
        raise AuthorCannotApprove(number=record.number)


def requirements_are_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a baseline that says nothing. Raises: `RequirementsEmpty`, `RequirementTextMissing`."""
    rows = list(as_kind(record, RequirementSet).requirements.filter(is_withdrawn=False).order_by("position"))
    if not rows:
        raise RequirementsEmpty(number=record.number)
    for row in rows:
        if not row.text.strip():
            raise RequirementTextMissing(ref=row.ref)


def baseline_of(system: System) -> Version:
    """Return the approved baseline of a system's requirements. Raises: `BaselineMissing`."""
    found = system.requirement_sets.select_related("baseline").first()
    if found is None or found.baseline is None:
        raise BaselineMissing(system=system.number)
    return found.baseline


def approved_refs(baseline: Version) -> dict[str, dict[str, Any]]:
    """Return the requirements of a baseline that are not withdrawn, by their ids."""
    return {row["id"]: row for row in read_content(baseline)["requirements"] if not row["withdrawn"]}


def protocol_is_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a protocol whose steps could not be judged or prove no approved requirement.

    Raises: `BaselineMissing`, `BaselineSuperseded`, `StepsMissing`, `StepIncomplete`.
    Serves: EU GMP Annex 15 §2.4.
    """
    protocol = as_kind(record, Protocol)
    baseline = baseline_of(protocol.system)
    if protocol.baseline_id != baseline.pk:
        raise BaselineSuperseded(number=protocol.number, current=f"version {baseline.number}")
    known, steps = approved_refs(baseline), list(protocol.steps.order_by("position"))
    if not steps:
        raise StepsMissing(number=protocol.number)
    for step in steps:
        unknown = [ref for ref in step.requirements if ref not in known]
        why = ""
        if not step.expected.strip():
            why = "it has no expected result"
        elif not step.requirements:
            why = "it names no requirement"
        elif unknown:
            why = f"{', '.join(unknown)} is not in the approved baseline"
        if why:
            raise StepIncomplete(step=step.position, number=protocol.number, why=why)


def nothing_runs(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to open a protocol while it is executed. Raises: `ProtocolInExecution`. Serves: EU GMP Annex 15 §2.7."""
    running = as_kind(record, Protocol).executions.exclude(state="reviewed").first()
    if running is not None:
        raise ProtocolInExecution(execution=running.number)


def holder_acts(record: ControlledRecord, actor: Actor) -> None:
    """Refuse whoever does not execute the run now. Raises: `NotTheExecutor`."""
    execution = as_kind(record, Execution)
    if execution.holder_id != actor.user_id:
        raise NotTheExecutor(who=execution.holder.printed_name, number=execution.number)


def execution_is_complete(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a run with steps without result, or failures without deviation.

    Raises: `StepsOpen`, `FailureWithoutDeviation`. Serves: EU GMP Annex 15 §2.8.
    """
    states = states_of(as_kind(record, Execution))
    if still_open := [row.step for row in states if row.entry is None]:
        raise StepsOpen(number=record.number, steps=name_steps(still_open))
    if bare := [row.step for row in states if row.needs_deviation]:
        raise FailureWithoutDeviation(number=record.number, steps=name_steps(bare).capitalize())


def reviewer_did_not_execute(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a reviewer who had a hand in the run. Raises: `ExecutorCannotReview`. Serves: 21 CFR 11.10(g)."""
    execution = as_kind(record, Execution)
    hands = {execution.author_id, execution.holder_id, *execution.entries.values_list("entered_by_id", flat=True)}
    hands |= set(execution.evidence.values_list("added_by_id", flat=True))
    if actor.user_id in hands:
        raise ExecutorCannotReview(number=execution.number)


def deviation_is_investigated(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a disposition without cause, investigation and outcome. Raises: `DeviationIncomplete`."""
    deviation = as_kind(record, Deviation)
    why = ""
    if not deviation.cause:
        why = "its cause is not named"
    elif len(deviation.investigation.strip()) < INVESTIGATION_MINIMUM:
        why = f"the investigation needs at least {INVESTIGATION_MINIMUM} characters"
    elif not deviation.outcome:
        why = "nobody proposed what follows"
    if why:
        raise DeviationIncomplete(number=deviation.number, why=why)
