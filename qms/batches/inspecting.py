"""Working off a run: chunks of images, each chunk one act, exactly one result per image.

A worker may be killed at any statement. What is committed stays; the next attempt begins
where results end. Two workers on one batch are impossible while the lock is held
(`qms.batches.locks`), and even then a second result of an image would be refused by its
unique constraint. Serves: 21 CFR 11.10(a)(f); draft Annex 22 §9.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.db import transaction

from qms.batches.alarms import raise_alarm
from qms.batches.challenges import region_of, run_challenge
from qms.batches.dispatch import ask_for_overlays
from qms.batches.errors import RunMakesNoProgress
from qms.batches.inference import BATCH_SIZE, DecisionRule, PinnedModel, Prediction, decide_outcome, predict_units
from qms.batches.locks import Work, hold_work
from qms.batches.model_pinning import load_pinned_model, rule_of, runtime_text
from qms.batches.models import (
    BatchRecord,
    ImageFailure,
    InspectionRun,
    Investigation,
    Result,
    RunHeartbeat,
    VialImage,
)
from qms.batches.readiness import FAILED_CHALLENGE
from qms.batches.regions import Region
from qms.batches.runs import MODEL_REFUSALS, next_attempt, undecided_images
from records.acting import acting
from records.clock import now
from records.errors import Refusal
from records.evidence import system_actor
from records.stores import file_store
from records.workflow import lock_record, perform_transition

log = logging.getLogger(__name__)

ACTOR = system_actor("inference")
#: A run that kills its worker this often without one result is no accident.
FRUITLESS_ATTEMPTS = 3
State = InspectionRun.State


def work_off_run(run_id: int) -> None:
    """Do all that is left of a run; harmless when another worker has it or it is over.

    Writes: batches_result, batches_imagefailure, batches_inspectionrun, the batch's state
    and their events, as ``system:inference``.
    """
    batch_id = InspectionRun.objects.values_list("batch_id", flat=True).get(pk=run_id)
    with hold_work(Work.INSPECTION, batch_id) as is_held:
        run = claim_run(run_id) if is_held else None
        if run is None:
            return
        batch = run.batch
        try:
            model = load_pinned_model(batch)
        except MODEL_REFUSALS as refusal:
            refuse_run(run, refusal)
            return
        note_runtime(run, model)
        try:
            for images in take_chunks(run):
                decide_images(run, images, model=model, rule=rule_of(batch))
            end_run(run, model)
        except RunTakenAway:
            log.warning("run %s of %s was ended by somebody else", run.attempt, batch.number)


def claim_run(run_id: int) -> InspectionRun | None:
    """Return the attempt to work on, or None if there is none; the caller holds the lock.

    An attempt found running belongs to a worker that died, since the lock was free: it
    is recorded as interrupted and the next attempt takes its place.
    """
    with transaction.atomic():
        run = InspectionRun.objects.select_related("batch").get(pk=run_id)
        batch = lock_record(run.batch)
        run = InspectionRun.objects.select_for_update(of=("self",)).select_related("batch").get(pk=run_id)
        if batch.state != "inspecting" or run.state not in (State.QUEUED, State.RUNNING):
            return None
        if run.state == State.RUNNING and makes_no_progress(run):
            give_up_run(run)
            return None
        if run.state == State.RUNNING:
            run = replace_interrupted(run)
        done, total = count_done(run.batch)
        details = {"attempt": run.attempt, "done": done, "total": total}
        with acting(ACTOR, "batches.run.claimed", run.batch, details=details):
            run.state = State.RUNNING
            run.save(update_fields=["state"])
        RunHeartbeat.objects.update_or_create(run=run, defaults={"began_at": now(), "beat_at": now()})
    return run


def replace_interrupted(run: InspectionRun) -> InspectionRun:
    """Record that a run's worker died and return the next attempt, queued; inside a transaction."""
    done, total = count_done(run.batch)
    details = {"attempt": run.attempt + 1, "interrupted": run.attempt, "done": done, "total": total}
    with acting(ACTOR, "batches.run.interrupted", run.batch, details=details):
        run.state = State.INTERRUPTED
        run.finished_at = now()
        run.save(update_fields=["state", "finished_at"])
        return InspectionRun.objects.create(
            batch=run.batch,
            attempt=next_attempt(run.batch),
            started_by_id=run.started_by_id,
            model_sha256=run.model_sha256,
        )


def makes_no_progress(run: InspectionRun) -> bool:
    """Tell whether this and the attempts before it all died without a single result."""
    lately = run.batch.runs.filter(attempt__gt=run.attempt - FRUITLESS_ATTEMPTS, attempt__lte=run.attempt)
    return lately.count() == FRUITLESS_ATTEMPTS and not Result.objects.filter(run__in=lately).exists()


def give_up_run(run: InspectionRun) -> None:
    """End a run that dies again and again; a person must ask for the next attempt.

    Writes: batches_inspectionrun and two events, with an alert.
    """
    refusal = RunMakesNoProgress(number=run.batch.number, attempts=FRUITLESS_ATTEMPTS)
    details = {"attempts": FRUITLESS_ATTEMPTS}
    raise_alarm(refusal, act="batches.run.given_up", actor=ACTOR, record=run.batch, details=details)
    close_run(run, State.REFUSED, act="batches.run.ended")


def refuse_run(run: InspectionRun, refusal: Refusal) -> None:
    """End an attempt whose model is not what was released; a person must ask for the next one.

    Writes: batches_inspectionrun and two events, with an alert. Serves: 21 CFR 11.10(h).
    """
    raise_alarm(refusal, act="batches.inspection.refused", actor=ACTOR, record=run.batch)
    close_run(run, State.REFUSED, act="batches.run.ended")


def note_runtime(run: InspectionRun, model: PinnedModel) -> None:
    """Keep on what software and processor the attempt runs, as part of its first chunk's facts."""
    run.runtime = runtime_text(model)


def take_chunks(run: InspectionRun) -> Iterator[list[VialImage]]:
    """Yield the images that have neither a result nor a failure in this attempt, in their order."""
    while True:
        images = list(undecided_images(run.batch).exclude(failures__run=run)[:BATCH_SIZE])
        if not images:
            return
        yield images


def decide_images(run: InspectionRun, images: Sequence[VialImage], *, model: PinnedModel, rule: DecisionRule) -> None:
    """Decide one chunk of images and write its results and failures as one act."""
    read, failures = read_images(run, images)
    predictions = predict_units(model, ((str(image.pk), content, region) for image, content, region in read))
    by_key = {str(image.pk): image for image, _, _ in read}
    defects = {row.code: row.pk for row in run.batch.lot.product.defects.all()}
    results = [
        make_result(run, by_key[prediction.key], prediction, rule=rule, defects=defects) for prediction in predictions
    ]
    record_chunk(run, results, failures)


def read_images(
    run: InspectionRun, images: Sequence[VialImage]
) -> tuple[list[tuple[VialImage, bytes, Region | None]], list[ImageFailure]]:
    """Return the images with their original bytes, hashed again, and a failure for each that is not intact."""
    store = file_store()
    read: list[tuple[VialImage, bytes, Region | None]] = []
    failures: list[ImageFailure] = []
    for image in images:
        try:
            read.append((image, store.read_checked(image.original_id), region_of(image.region)))
        except Refusal as refusal:
            failures.append(ImageFailure(run=run, image=image, code=refusal.code, sentence=refusal.text))
    return read, failures


def make_result(
    run: InspectionRun,
    image: VialImage,
    prediction: Prediction,
    *,
    rule: DecisionRule,
    defects: dict[str, int],
) -> Result:
    """Return one image's result, not saved yet."""
    outcome = decide_outcome(prediction, rule=rule)
    scores = dict(zip(rule.classes, prediction.scores, strict=False))
    score = scores.get(rule.expected_class)
    return Result(
        run=run,
        image=image,
        outcome=outcome.kind,
        defect_id=defects[outcome.defect] if outcome.defect else None,
        score=score if is_probability(score) else None,
        probabilities=[str(value) for value in prediction.scores],
        explanation=outcome.reason[:200],
        model_sha256=run.model_sha256,
    )


def is_probability(score: Decimal | None) -> bool:
    """Tell whether a score can be stored as a probability."""
    return score is not None and score.is_finite() and 0 <= score <= 1


def record_chunk(run: InspectionRun, results: Sequence[Result], failures: Sequence[ImageFailure]) -> None:
    """Write one chunk's results and failures under one event; nothing if the run was taken away meanwhile."""
    with transaction.atomic():
        batch = lock_record(run.batch)
        state = InspectionRun.objects.select_for_update(of=("self",)).values_list("state", flat=True).get(pk=run.pk)
        if batch.state != "inspecting" or state != State.RUNNING:
            raise RunTakenAway
        done, total = count_done(run.batch)
        details = {
            "units": len(results),
            "done": done + len(results),
            "total": total,
            "failed": [row.image.unit_id for row in failures],
            "attempt": run.attempt,
            "runtime": run.runtime,
        }
        with acting(ACTOR, "batches.results.recorded", batch, details=details):
            Result.objects.bulk_create(results, ignore_conflicts=True)
            ImageFailure.objects.bulk_create(failures)
        RunHeartbeat.objects.filter(run=run).update(beat_at=now())


class RunTakenAway(Exception):
    """The run was ended by somebody else while this worker computed; nothing of the chunk is kept."""


def end_run(run: InspectionRun, model: PinnedModel) -> None:
    """End the attempt; when every image has a result, challenge the model again and move the batch on."""
    if undecided_images(run.batch).exists():
        close_run(run, State.FINISHED, act="batches.run.ended")
        return
    challenge = run.batch.challenges.filter(phase="end").order_by("-id").first()
    if challenge is None:
        challenge = run_challenge(run.batch, model, phase="end", actor=ACTOR)
    with transaction.atomic():
        close_run(run, State.FINISHED, act="batches.run.ended")
        if challenge.passed:
            perform_transition(run.batch, "finish_inspection", actor=ACTOR)
        else:
            perform_transition(run.batch, "quarantine", actor=ACTOR)
            open_challenge_investigation(run.batch, challenge.outcomes)
        transaction.on_commit(lambda: ask_for_overlays(run.batch_id))


def close_run(run: InspectionRun, state: State, *, act: str) -> None:
    """Write an attempt's end."""
    done, total = count_done(run.batch)
    with transaction.atomic():
        locked = lock_record(run.batch)
        details = {"attempt": run.attempt, "state": state.label, "done": done, "total": total}
        with acting(ACTOR, act, locked, details=details):
            run.state, run.finished_at = state, now()
            run.save(update_fields=["state", "finished_at", "runtime"])


def open_challenge_investigation(batch: BatchRecord, outcomes: Sequence[dict[str, object]]) -> None:
    """Open the investigation that a failed challenge after the last unit asks for.

    Writes: batches_investigation, one event. Serves: EU GMP Annex 1 §8.32.
    """
    wrong = [str(row["name"]) for row in outcomes if not row["right"]]
    finding = (
        f"The challenge after the last unit failed: {len(wrong)} of {len(outcomes)} known units were decided wrongly "
        f"({', '.join(wrong)}). Every result since the challenge before the start is in doubt."
    )
    with acting(
        ACTOR, "batches.investigation.opened", batch, details={"trigger": FAILED_CHALLENGE, "finding": finding}
    ):
        Investigation.objects.get_or_create(batch=batch, trigger=FAILED_CHALLENGE, defaults={"finding": finding})


def count_done(batch: BatchRecord) -> tuple[int, int]:
    """Return how many of a batch's images have a result, and how many there are."""
    return Result.objects.filter(image__batch=batch).count(), batch.images.count()
