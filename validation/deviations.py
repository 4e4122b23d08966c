"""Deviations: raised from a failed step with all that is known, investigated, disposed of by quality's signature.

Serves: EU GMP Annex 15 §2.8.
"""

from __future__ import annotations

from django.db import transaction

from records.creation import create_record
from records.editing import edit_record
from records.evidence import Actor
from records.workflow import take_role
from validation.errors_records import DeviationExists, NoFailedStep
from validation.executions import find_state, lock_open_run
from validation.models import Deviation, Execution
from validation.results import StepState
from validation.workflow import ENGINEERS, QA


def raise_deviation(execution: Execution, step: int, *, actor: Actor) -> Deviation:
    """Raise the deviation of a failed step, prefilled with step, requirement, result and evidence.

    Writes: validation_deviation, `validation.deviation.raised`. Raises: `NoFailedStep`,
    `DeviationExists`, `RecordNotEditable`, `StepUnknown`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_open_run(execution)
        state = find_state(locked, step)
        if state.entry is None or state.result != "fail":
            raise NoFailedStep(step=step, number=locked.number)
        if state.deviation is not None:
            raise DeviationExists(number=state.deviation.number)
        return create_record(
            Deviation,
            actor=actor,
            title=f"{locked.number}, step {step} failed",
            act="validation.deviation.raised",
            execution=locked,
            entry=state.entry,
            description=describe_failure(locked, state),
        )


def describe_failure(execution: Execution, state: StepState) -> str:
    """Return in words what was to be seen and what was."""
    plan = state.plan
    lines = [
        f"Step {state.step} of {execution.protocol.number} version {execution.version.number}, run {execution.run}.",
        f"Requirements: {', '.join(plan['requirements'])}.",
        f"Instruction: {plan['instruction']}",
        f"Expected: {plan['expected']}",
        f"Actual: {state.entry.actual if state.entry else ''}",
    ]
    lines += [f"Evidence: {row.attachment.name}, SHA-256 {row.attachment.file_id}" for row in state.in_force]
    return "\n".join(lines)


def investigate(
    deviation: Deviation,
    *,
    actor: Actor,
    revision: int,
    cause: str,
    investigation: str,
    corrective_action: str,
    outcome: str,
    reason: str,
) -> Deviation:
    """Record cause, investigation, corrective action and what is proposed.

    Writes: validation_deviation, `records.record.edited`. Raises: as `edit_record`.
    """
    actor = take_role(actor, (*ENGINEERS, *QA))
    changes = {
        "cause": cause,
        "investigation": investigation,
        "corrective_action": corrective_action,
        "outcome": outcome,
    }
    changed = edit_record(deviation, actor=actor, revision=revision, changes=changes, reason=reason)
    return Deviation.objects.get(pk=changed.pk)
