"""Automated results: a report of a test tool becomes the results of the steps it names, and their evidence.

Serves: EU GMP Annex 11 §4.7; Annex 15 §2.8; 21 CFR 11.10(a)(e).
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from records.acting import acting
from records.attachments import register_file
from records.evidence import Actor
from records.filestore import StoredContent
from records.models import Attachment
from records.stores import file_store
from records.uploads.checks import CheckedFile, check_file
from records.uploads.kinds import JSON, RESULT_KINDS
from records.uploads.limits import DEFAULT_LIMITS
from records.workflow import take_role
from validation.case_results import Case, StepOutcome, describe_outcome, match_cases, read_json, read_junit
from validation.errors_automation import NoResultToTake
from validation.errors_records import ResultStands, StepUnknown
from validation.executions import PURPOSE, lock_running
from validation.models import Execution, StepEntry, StepEvidence
from validation.results import StepState, name_steps, states_of
from validation.workflow import ENGINEERS


@dataclass(frozen=True, slots=True)
class Offer:
    """What a report would record at a step, and how that step stands."""

    outcome: StepOutcome
    state: StepState

    @property
    def is_taken(self) -> bool:
        """Tell whether the step would get a result; one that has any keeps it."""
        return bool(self.outcome.result) and self.state.entry is None


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was read: what it is, its cases, and its bytes."""

    file: CheckedFile
    cases: tuple[Case, ...]
    content: bytes


def read_report(name: str, content: bytes) -> Report:
    """Return the cases of a report. Writes nothing. Raises: the refusals of `check_file`, `ResultFileUnreadable`."""
    checked = check_file(io.BytesIO(content), name=name, allowed=RESULT_KINDS)
    read = read_json if checked.kind is JSON else read_junit
    return Report(checked, tuple(read(content, name=checked.name)), content)


def preview_report(execution: Execution, report: Report) -> tuple[list[Offer], list[Case]]:
    """Return what a report would record at each step it names, and its cases that name none. Writes nothing."""
    states = {row.step: row for row in states_of(execution)}
    outcomes, loose = match_cases(report.cases, [row.plan for row in states.values()])
    return [Offer(outcome, states[outcome.step]) for outcome in outcomes], loose


def record_report(execution: Execution, report: Report, *, actor: Actor, steps: Collection[int]) -> list[StepEntry]:
    """Record the results that a report gives for the steps seen in its preview, all or none, with it as evidence.

    Writes: the file store, records_storedfile, records_attachment, validation_stepevidence,
    validation_stepentry, `validation.results.imported`. Raises: `NoResultToTake`,
    `ResultStands`, `StepUnknown`, `RecordNotEditable`, `NotTheExecutor`.
    """
    actor = take_role(actor, ENGINEERS)
    stored = store_report(report)
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        taken = choose_outcomes(locked, report, steps)
        return write_results(locked, report, taken, stored, actor=actor, act="validation.results.imported")


def store_report(report: Report) -> StoredContent:
    """Keep a report in the file store under its hash."""
    return file_store().add(io.BytesIO(report.content), max_bytes=DEFAULT_LIMITS.max_file_bytes)


def write_results(
    execution: Execution,
    report: Report,
    taken: Sequence[StepOutcome],
    stored: StoredContent,
    *,
    actor: Actor,
    act: str,
    details: Mapping[str, object] | None = None,
    key: str = "",
) -> list[StepEntry]:
    """Write the results of steps with the report as their evidence; the run is locked. ``key`` names what delivered."""
    results = [outcome.result for outcome in taken]
    facts = {
        "steps": name_steps(outcome.step for outcome in taken),
        "name": report.file.name,
        "sha256": stored.sha256,
        "summary": f"{results.count('pass')} passed, {results.count('fail')} failed",
        **(details or {}),
    }
    with acting(actor, act, execution, details=facts):
        register_file(sha256=stored.sha256, size=stored.size, media_type=report.file.kind.media_type)
        return [write_outcome(execution, row, report, sha256=stored.sha256, actor=actor, key=key) for row in taken]


def choose_outcomes(execution: Execution, report: Report, steps: Collection[int]) -> Sequence[StepOutcome]:
    """Return the outcomes of the wanted steps. Raises: `NoResultToTake`, `ResultStands`, `StepUnknown`."""
    offers = {row.outcome.step: row for row in preview_report(execution, report)[0] if row.outcome.result}
    for step in sorted(steps):
        if step not in offers:
            raise StepUnknown(step=step, number=execution.number)
        if (entry := offers[step].state.entry) is not None:
            raise ResultStands(step=step, who=entry.entered_by.printed_name)
    if not steps:
        raise NoResultToTake(number=execution.number)
    return [offers[step].outcome for step in sorted(steps)]


def write_outcome(
    execution: Execution, outcome: StepOutcome, report: Report, *, sha256: str, actor: Actor, key: str = ""
) -> StepEntry:
    """Write the result of a step and the report as its evidence; must run inside an act."""
    name = report.file.name
    attachment = Attachment.objects.create(
        record_id=execution.pk, file_id=sha256, name=name, purpose=PURPOSE, note=f"step {outcome.step}"
    )
    StepEvidence.objects.create(
        execution=execution, step=outcome.step, attachment=attachment, added_by_id=actor.person_id
    )
    return StepEntry.objects.create(
        execution=execution,
        step=outcome.step,
        result=outcome.result,
        actual=describe_outcome(outcome, file=name, sha256=sha256, key=key),
        entered_by_id=actor.person_id,
    )
