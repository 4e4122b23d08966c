"""Starting an inspection, and each new attempt at it, by people and by the watchdog.

The open `InspectionRun` row is the queue of record: the broker's message only says "look
now". What is lost if a process dies here: nothing; `qms.batches.watch` asks again.
Serves: 21 CFR 11.10(f)(h); draft Annex 22 §10.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, QuerySet

from qms.batches.alarms import raise_alarm
from qms.batches.challenges import check_repeat, run_challenge
from qms.batches.dispatch import ask_for_run
from qms.batches.errors import ChallengeFailed, ModelNotReleased, NothingToRetry, RunStillOpen
from qms.batches.errors_images import ModelFileChanged, ModelFileMissing, ModelUnusable
from qms.batches.inference import PinnedModel
from qms.batches.model_pinning import load_pinned_model
from qms.batches.models import BatchRecord, ImageFailure, InspectionRun, Result, VialImage
from qms.batches.readiness import check_images_present, check_model_ready, check_station_ready
from records.acting import acting
from records.errors import TransitionNotAllowed
from records.evidence import Actor
from records.workflow import find_transition, lock_record, perform_transition, state_label, take_role

OPERATORS = ("operator",)
OPEN_STATES = (InspectionRun.State.QUEUED, InspectionRun.State.RUNNING)
MODEL_REFUSALS = (ModelNotReleased, ModelFileMissing, ModelFileChanged, ModelUnusable)


def start_inspection(batch: BatchRecord, *, actor: Actor, reason: str = "") -> BatchRecord:
    """Start a batch's inspection: model re-hashed, challenge passed, recipe copied, attempt queued.

    ``reason`` is needed where an earlier challenge failed. Writes: batches_challengerun,
    batches_batchrecord, batches_inspectionrun and their events. Raises: the guards'
    refusals, `ChallengeFailed`, `ChallengeRepeatUnexplained`, the model's refusals.
    Serves: 21 CFR 11.10(f)(h); EU GMP Annex 1 §8.32.
    """
    actor = take_role(actor, OPERATORS)
    find_transition(batch, "start_inspection")
    check_images_present(batch, actor)
    check_station_ready(batch, actor)
    check_repeat(batch, reason=reason)
    model = admit_model(batch, actor=actor)
    challenge = run_challenge(batch, model, phase="start", actor=actor, reason=reason)
    if not challenge.passed:
        wrong = [row["name"] for row in challenge.outcomes if not row["right"]]
        refusal = ChallengeFailed(wrong=len(wrong), units=len(challenge.outcomes), names=", ".join(wrong[:5]))
        refusal.is_recorded = True
        raise refusal
    with transaction.atomic():
        started = perform_transition(
            batch, "start_inspection", actor=actor, reason=reason, details={"model": batch.model_version.number}
        )
        run = InspectionRun.objects.get(batch_id=batch.pk, attempt=1)
        transaction.on_commit(lambda: ask_for_run(run.pk))
    return BatchRecord.objects.get(pk=started.pk)


def admit_model(batch: BatchRecord, *, actor: Actor) -> PinnedModel:
    """Return the pinned model, or refuse with an event and an alert.

    Raises: `ModelNotReleased`, `ModelNotApproved`, `ModelFileMissing`, `ModelFileChanged`,
    `ModelUnusable`. Serves: 21 CFR 11.10(h).
    """
    try:
        model = load_pinned_model(batch)
    except MODEL_REFUSALS as refusal:
        raise_alarm(refusal, act="batches.inspection.refused", actor=actor, record=batch)
        raise
    check_model_ready(batch, actor)
    return model


def ask_again(batch: BatchRecord, *, actor: Actor, reason: str) -> InspectionRun:
    """Queue another attempt for the units without a result: failed ones, or after a refused run.

    Writes: batches_inspectionrun, one event. Raises: `RunStillOpen`, `NothingToRetry`.
    """
    actor = take_role(actor, OPERATORS)
    with transaction.atomic():
        locked = lock_inspecting(batch)
        if locked.runs.filter(state__in=OPEN_STATES).exists():
            raise RunStillOpen(number=locked.number)
        if not undecided_images(locked).exists() and not locked.runs.filter(state="refused").exists():
            raise NothingToRetry(number=locked.number)
        attempt = next_attempt(locked)
        with acting(actor, "batches.run.resumed", locked, reason=reason, details={"attempt": attempt}):
            run = InspectionRun.objects.create(
                batch=locked, attempt=attempt, started_by_id=actor.person_id, model_sha256=pinned_hash(locked)
            )
        transaction.on_commit(lambda: ask_for_run(run.pk))
    return run


def hand_over_failures(batch: BatchRecord, *, actor: Actor, reason: str) -> InspectionRun:
    """Give the units whose photographs cannot be read to a person, as undecided.

    Writes: batches_result, batches_inspectionrun, one event. Raises: `RunStillOpen`,
    `NothingToRetry`. Serves: draft Annex 22 §9.
    """
    actor = take_role(actor, OPERATORS)
    with transaction.atomic():
        locked = lock_inspecting(batch)
        if locked.runs.filter(state__in=OPEN_STATES).exists():
            raise RunStillOpen(number=locked.number)
        failed = [
            image for image in undecided_images(locked) if ImageFailure.objects.filter(image_id=image.pk).exists()
        ]
        if not failed:
            raise NothingToRetry(number=locked.number)
        attempt = next_attempt(locked)
        digest = pinned_hash(locked)
        details = {"units": len(failed), "unit_ids": [image.unit_id for image in failed], "attempt": attempt}
        with acting(actor, "batches.failures.handed_over", locked, reason=reason, details=details):
            run = InspectionRun.objects.create(
                batch=locked, attempt=attempt, started_by_id=actor.person_id, model_sha256=digest
            )
            Result.objects.bulk_create(
                Result(
                    run=run,
                    image=image,
                    outcome=Result.Outcome.UNDECIDED,
                    score=None,
                    probabilities=[],
                    explanation="Not decided by the model: its photograph could not be read. A person must decide.",
                    model_sha256=digest,
                )
                for image in failed
            )
        transaction.on_commit(lambda: ask_for_run(run.pk))
    return run


def lift_quarantine(batch: BatchRecord, *, actor: Actor, reason: str) -> None:
    """Open a quarantined batch for review, once its failed challenge is concluded."""
    perform_transition(batch, "lift_quarantine", actor=actor, reason=reason)


def lock_inspecting(batch: BatchRecord) -> BatchRecord:
    """Lock a batch and refuse unless it is being inspected. Raises: `TransitionNotAllowed`."""
    locked = lock_record(batch)
    if locked.state != "inspecting" or not isinstance(locked, BatchRecord):
        raise TransitionNotAllowed(action="Try again", number=locked.number, state=state_label(locked))
    return locked


def pinned_hash(batch: BatchRecord) -> str:
    """Return the SHA-256 of the model that the inspection was started with."""
    recipe = batch.recipe or {}
    return str(recipe["model_sha256"])


def next_attempt(batch: BatchRecord) -> int:
    """Return the number of the next attempt."""
    return int(batch.runs.aggregate(last=Max("attempt"))["last"] or 0) + 1


def undecided_images(batch: BatchRecord) -> QuerySet[VialImage]:
    """Return the images that have no result yet, in their order."""
    return batch.images.filter(result=None).order_by("position")
