"""Executing an approved protocol: results as entered, corrections beside them, evidence, hand-over, further runs.

Nothing is written over: PostgreSQL refuses it, and these rules never try.
Serves: EU GMP Annex 15 §2.7–2.9; 21 CFR 11.10(a)(e)(f).
"""

from __future__ import annotations

from typing import BinaryIO

from django.db import transaction

from records.acting import acting
from records.attachments import register_file
from records.creation import create_record
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import Attachment, ControlledRecord, Version
from records.stores import file_store
from records.uploads.checks import check_file
from records.uploads.limits import DEFAULT_LIMITS
from records.versions import read_content
from records.workflow import lock_record, state_label, take_role
from signatures.models import Signature
from validation.errors_records import (
    EvidenceOfResult,
    EvidenceUnknown,
    EvidenceWithdrawn,
    ExecutorAlready,
    FailureNotDisposed,
    FailureUnderDeviation,
    NothingToCorrect,
    NothingToRunAgain,
    ProtocolNotApproved,
    ResultNotWhole,
    ResultStands,
    RunAgainAlready,
    RunNotReviewed,
    StepUnknown,
)
from validation.models import Deviation, EvidenceWithdrawal, Execution, HandOver, Protocol, StepEntry, StepEvidence
from validation.readiness import holder_acts
from validation.results import WORDS, StepState, states_of
from validation.workflow import ENGINEERS

PURPOSE = "evidence"


def begin_execution(protocol: Protocol, *, actor: Actor, environment: str) -> Execution:
    """Begin a run of all steps of an approved protocol.

    Writes: validation_execution, `validation.execution.begun`. Raises: `ProtocolNotApproved`.
    Serves: EU GMP Annex 15 §2.4.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_approved(protocol)
        version = approved_version(locked)
        steps = [row["step"] for row in read_content(version)["steps"]]
        return create_run(locked, version, steps, actor=actor, environment=environment)


def run_again(execution: Execution, *, actor: Actor, environment: str) -> Execution:
    """Begin a further run of the steps whose deviations say so; the failed run stays as it is.

    Writes: validation_execution, `validation.execution.begun`. Raises: `RunNotReviewed`,
    `RunAgainAlready`, `FailureNotDisposed`, `NothingToRunAgain`, `ProtocolNotApproved`.
    Serves: EU GMP Annex 15 §2.8.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        protocol = lock_approved(execution.protocol)
        failed = Execution.objects.get(pk=execution.pk)
        if failed.state != "reviewed":
            raise RunNotReviewed(number=failed.number, state=state_label(failed).lower())
        later = failed.reruns.first()
        if later is not None:
            raise RunAgainAlready(number=failed.number, rerun=later.number)
        steps = steps_to_run_again(failed)
        return create_run(
            protocol, approved_version(protocol), steps, actor=actor, environment=environment, rerun_of=failed
        )


def steps_to_run_again(execution: Execution) -> list[int]:
    """Return the steps that dispositions send back. Raises: `FailureNotDisposed`, `NothingToRunAgain`."""
    steps = []
    for deviation in execution.deviations.select_related("entry").order_by("pk"):
        if deviation.state != "disposed":
            raise FailureNotDisposed(deviation=deviation.number)
        if deviation.outcome != Deviation.Outcome.ACCEPT:
            steps.append(deviation.entry.step)
    if not steps:
        raise NothingToRunAgain(number=execution.number)
    return sorted(set(steps))


def record_result(execution: Execution, step: int, *, actor: Actor, result: str, actual: str) -> StepEntry:
    """Record what was seen at a step, once.

    Writes: validation_stepentry, `validation.result.recorded`. Raises: `RecordNotEditable`,
    `NotTheExecutor`, `StepUnknown`, `ResultNotWhole`, `ResultStands`. Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, ENGINEERS)
    check_result(result, actual)
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        standing = find_state(locked, step).entry
        if standing is not None:
            raise ResultStands(step=step, who=standing.entered_by.printed_name)
        details = {"step": step, "result": WORDS[result]}
        with acting(actor, "validation.result.recorded", locked, details=details):
            return StepEntry.objects.create(
                execution=locked, step=step, result=result, actual=actual, entered_by_id=actor.person_id
            )


def correct_result(
    execution: Execution, step: int, *, actor: Actor, result: str, actual: str, reason: str
) -> StepEntry:
    """Correct a result by another entry; the earlier one stays readable beside it.

    Writes: validation_stepentry, `validation.result.corrected`. Raises: as `record_result`,
    `NothingToCorrect`, `FailureUnderDeviation`, `ReasonMissing`. Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, ENGINEERS)
    check_result(result, actual)
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        state = find_state(locked, step)
        if state.entry is None:
            raise NothingToCorrect(step=step)
        if state.deviation is not None:
            raise FailureUnderDeviation(step=step, deviation=state.deviation.number)
        details = {"step": step, "result": WORDS[result]}
        with acting(actor, "validation.result.corrected", locked, reason=reason, details=details):
            return StepEntry.objects.create(
                execution=locked,
                step=step,
                result=result,
                actual=actual,
                entered_by_id=actor.person_id,
                corrects=state.entry,
                reason=reason,
            )


def add_evidence(execution: Execution, step: int, *, actor: Actor, name: str, content: BinaryIO) -> StepEvidence:
    """Keep a file as evidence of a step: checked, hashed and stored before anything else happens to it.

    Writes: the file store, records_storedfile, records_attachment, validation_stepevidence,
    `validation.evidence.added`. Raises: the refusals of `check_file` and the store,
    `RecordNotEditable`, `NotTheExecutor`, `StepUnknown`. Serves: 21 CFR 11.10(a)(c).
    """
    actor = take_role(actor, ENGINEERS)
    checked = check_file(content, name=name)
    content.seek(0)
    stored = file_store().add(content, max_bytes=DEFAULT_LIMITS.max_file_bytes)
    details = {"step": step, "name": checked.name, "sha256": stored.sha256}
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        find_state(locked, step)
        with acting(actor, "validation.evidence.added", locked, details=details):
            file = register_file(sha256=stored.sha256, size=stored.size, media_type=checked.kind.media_type)
            attachment = Attachment.objects.create(
                record_id=locked.pk, file=file, name=checked.name, purpose=PURPOSE, note=f"step {step}"
            )
            return StepEvidence.objects.create(
                execution=locked, step=step, attachment=attachment, added_by_id=actor.person_id
            )


def withdraw_evidence(execution: Execution, pk: int, *, actor: Actor, reason: str) -> EvidenceWithdrawal:
    """Say that a file was added by mistake. It stays with the run, struck through, and in what is signed.

    Writes: validation_evidencewithdrawal, `validation.evidence.withdrawn`. Raises: `RecordNotEditable`,
    `NotTheExecutor`, `EvidenceUnknown`, `EvidenceWithdrawn`, `EvidenceOfResult`, `FailureUnderDeviation`,
    `ReasonMissing`. Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_running(execution, actor=actor)
        row = find_evidence(locked, pk)
        name, state = row.attachment.name, find_state(locked, row.step)
        if row.is_withdrawn:
            raise EvidenceWithdrawn(who=row.withdrawal.withdrawn_by.printed_name, name=name)
        if any(row.attachment.file_id in entry.actual for entry in state.entries):
            raise EvidenceOfResult(step=row.step, name=name)
        if state.deviation is not None:
            raise FailureUnderDeviation(step=row.step, deviation=state.deviation.number)
        details = {"step": row.step, "name": name, "sha256": row.attachment.file_id}
        with acting(actor, "validation.evidence.withdrawn", locked, reason=reason, details=details):
            return EvidenceWithdrawal.objects.create(evidence=row, reason=reason, withdrawn_by_id=actor.person_id)


def find_evidence(execution: Execution, pk: int) -> StepEvidence:
    """Return a file of evidence of a run. Raises: `EvidenceUnknown`."""
    rows = execution.evidence.select_related("attachment", "withdrawal__withdrawn_by")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise EvidenceUnknown(number=execution.number)
    return found


def take_over(execution: Execution, *, actor: Actor, reason: str) -> Execution:
    """Take a running execution over from a colleague; both names stay.

    Writes: validation_execution, validation_handover, `validation.execution.taken_over`.
    Raises: `RecordNotEditable`, `ExecutorAlready`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_open_run(execution)
        if locked.holder_id == actor.person_id:
            raise ExecutorAlready(number=locked.number)
        details = {"from_person": locked.holder.printed_name}
        with acting(actor, "validation.execution.taken_over", locked, reason=reason, details=details):
            HandOver.objects.create(
                execution=locked, from_person_id=locked.holder_id, to_person_id=actor.person_id, reason=reason
            )
            locked.holder_id = actor.person_id
            locked.save(update_fields=["holder"])
    return locked


def create_run(
    protocol: Protocol,
    version: Version,
    steps: list[int],
    *,
    actor: Actor,
    environment: str,
    rerun_of: Execution | None = None,
) -> Execution:
    """Write the next run of a protocol with what it tests; the protocol is locked."""
    last = protocol.executions.order_by("-run").values_list("run", flat=True).first() or 0
    stage = protocol.get_stage_display().partition(":")[0]
    return create_record(
        Execution,
        actor=actor,
        title=f"{stage} run {last + 1}: {protocol.title}"[:200],
        act="validation.execution.begun",
        protocol=protocol,
        version=version,
        run=last + 1,
        rerun_of=rerun_of,
        steps=steps,
        holder_id=actor.person_id,
        environment=environment,
        items=protocol.system.item_content(),
    )


def check_result(result: str, actual: str) -> None:
    """Refuse a result without words or of an unknown kind. Raises: `ResultNotWhole`."""
    if result not in StepEntry.Result.values or not actual.strip():
        raise ResultNotWhole


def approved_version(protocol: Protocol) -> Version:
    """Return the version that the approval's last signature made executable. Raises: `ProtocolNotApproved`."""
    last = (
        Signature.objects.filter(record_id=protocol.pk, action="approve", seat="quality", is_decline=False)
        .select_related("version")
        .order_by("-id")
        .first()
    )
    if protocol.state != "approved" or last is None:
        raise ProtocolNotApproved(number=protocol.number, state=state_label(protocol).lower())
    return last.version


def lock_approved(protocol: Protocol) -> Protocol:
    """Lock a protocol whose runs are to be counted, if it is approved. Raises: `ProtocolNotApproved`."""
    lock_record(protocol)
    locked = Protocol.objects.get(pk=protocol.pk)
    approved_version(locked)
    return locked


def lock_open_run(execution: ControlledRecord) -> Execution:
    """Lock a run that may still be written to. Raises: `RecordNotEditable`."""
    lock_record(execution)
    locked = Execution.objects.get(pk=execution.pk)
    if locked.state != "running":
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked


def lock_running(execution: ControlledRecord, *, actor: Actor) -> Execution:
    """Lock a run for its executor. Raises: `RecordNotEditable`, `NotTheExecutor`."""
    locked = lock_open_run(execution)
    holder_acts(locked, actor)
    return locked


def find_state(execution: Execution, step: int) -> StepState:
    """Return how a step of a run stands. Raises: `StepUnknown`."""
    found = next((row for row in states_of(execution) if row.step == step), None)
    if found is None:
        raise StepUnknown(step=step, number=execution.number)
    return found
