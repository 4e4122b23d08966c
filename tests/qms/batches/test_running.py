"""A run gives every image exactly one result, whatever is delivered twice, killed or lost meanwhile."""

from __future__ import annotations

import json

import pytest

from examples.make_lot_zip import VIALS
from qms.batches import inspecting
from qms.batches.inspecting import claim_run, decide_images, work_off_run
from qms.batches.model_pinning import load_pinned_model, rule_of
from qms.batches.models import BatchRecord, ImageFailure, InspectionRun, Overlay, Result, VialImage
from qms.batches.overlays import make_overlays
from qms.batches.queries import read_progress, why_stopped
from qms.batches.runs import ask_again, hand_over_failures, start_inspection, undecided_images
from qms.batches.watch import ask_for_forgotten
from records.errors import Refusal
from records.models import Event, OutboxItem
from records.stores import file_store
from tests.plant_data import Plant, batch_inspected, batch_open, batch_started, delivery_files, offer, photographs

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(a)")]


def fresh(batch: BatchRecord) -> BatchRecord:
    return BatchRecord.objects.get(pk=batch.pk)


def break_off(batch: BatchRecord, *, after: int) -> InspectionRun:
    """Leave a run as a killed worker does: claimed, some units decided, never ended."""
    run = claim_run(batch.runs.get(state="queued").pk)
    assert run is not None
    model = load_pinned_model(batch)
    decide_images(run, list(undecided_images(batch)[:after]), model=model, rule=rule_of(batch))
    return run


def damage(image: VialImage) -> None:
    """Lose a stored original."""
    path = file_store().path_of(image.original_id)
    path.rename(path.with_suffix(".lost"))


def repair(image: VialImage) -> None:
    path = file_store().path_of(image.original_id)
    path.with_suffix(".lost").rename(path)


def test_scores_are_the_recorded_predictions_of_the_model(plant: Plant):
    batch = batch_inspected(plant, units=20, mix_ups=5)
    rows = json.loads((VIALS / "predictions.json").read_text(encoding="utf-8"))["rows"]
    recorded = {row["file"]: row["vial_identity_candidate"] for row in rows}
    for image in batch.images.select_related("result"):
        good = recorded[image.name][0]
        assert image.result.score is not None
        assert abs(float(image.result.score) - good) < 1e-3


@pytest.mark.requirement("URS-003")
def test_the_three_outcomes_follow_the_thresholds(plant: Plant):
    batch = batch_inspected(plant, units=20, mix_ups=5)
    found = dict(
        Result.objects.filter(image__batch=batch).exclude(outcome="good").values_list("image__unit_id", "outcome")
    )
    assert found == {
        "F-022": "reject",
        "F-088": "reject",
        "F-096": "reject",
        "F-056": "undecided",
        "F-090": "undecided",
    }
    assert {row.defect.code for row in Result.objects.filter(outcome="reject") if row.defect} == {"MIX"}


@pytest.mark.assurance("E9")
def test_a_run_delivered_again_changes_nothing(plant: Plant):
    batch = batch_inspected(plant, units=5)
    before = list(Result.objects.order_by("pk").values())
    events = Event.objects.count()
    for _ in range(3):
        work_off_run(batch.runs.get().pk)
    assert list(Result.objects.order_by("pk").values()) == before
    assert Event.objects.count() == events


@pytest.mark.assurance("E2")
def test_a_killed_attempt_is_recorded_and_the_next_one_begins_where_it_ended(plant: Plant):
    batch = batch_started(plant, units=9)
    dead = break_off(batch, after=4)
    work_off_run(dead.pk)
    runs = list(batch.runs.order_by("attempt").values_list("attempt", "state"))
    assert runs == [(1, "interrupted"), (2, "finished")]
    assert fresh(batch).state == "in_review"
    made = Result.objects.filter(image__batch=batch)
    assert sorted(made.values_list("run__attempt", flat=True)) == [1] * 4 + [2] * 5
    event = Event.objects.get(act="batches.run.interrupted")
    assert (event.details["done"], event.details["total"], event.details["attempt"]) == (4, 9, 2)


def test_the_watchdog_revives_a_dead_attempt_and_the_page_says_so(plant: Plant):
    batch = batch_started(plant, units=9)
    break_off(batch, after=4)
    ask_for_forgotten()
    progress = read_progress(batch)
    assert (progress.state, progress.done, progress.total) == ("queued", 4, 9)
    assert progress.note == "Interrupted at 4, resuming (attempt 2)"
    work_off_run(batch.runs.get(attempt=2).pk)
    assert fresh(batch).state == "in_review"


def test_the_end_of_a_run_is_made_up_for_when_the_worker_died_just_before_it(plant: Plant):
    batch = batch_started(plant, units=4)
    dead = break_off(batch, after=4)
    assert fresh(batch).state == "inspecting"
    work_off_run(dead.pk)
    assert fresh(batch).state == "in_review"
    assert Result.objects.filter(image__batch=batch).count() == 4
    assert fresh(batch).challenges.filter(phase="end").count() == 1


def test_units_that_cannot_be_read_are_listed_and_hold_the_batch_until_retried(plant: Plant):
    batch = batch_started(plant, units=5)
    lost = batch.images.order_by("position")[1]
    damage(lost)
    work_off_run(batch.runs.get().pk)
    progress = read_progress(batch)
    assert (progress.done, progress.failed, progress.is_stuck) == (4, 1, True)
    assert fresh(batch).state == "inspecting"
    failure = ImageFailure.objects.get(image=lost)
    assert failure.code == "records.file_missing"
    repair(lost)
    run = ask_again(batch, actor=plant.operator.actor(), reason="file restored from the backup")
    work_off_run(run.pk)
    assert fresh(batch).state == "in_review"
    assert Result.objects.filter(image=lost).count() == 1


@pytest.mark.requirement("URS-003")
def test_units_that_stay_unreadable_are_handed_to_a_person_never_skipped(plant: Plant):
    batch = batch_started(plant, units=5)
    lost = batch.images.order_by("position")[1]
    damage(lost)
    work_off_run(batch.runs.get().pk)
    with pytest.raises(Refusal):
        hand_over_failures(batch, actor=plant.operator.actor(), reason="")
    run = hand_over_failures(batch, actor=plant.operator.actor(), reason="the backup does not hold the file either")
    work_off_run(run.pk)
    repair(lost)
    result = Result.objects.get(image=lost)
    assert (result.outcome, result.score, result.probabilities) == ("undecided", None, [])
    assert fresh(batch).state == "in_review"


@pytest.mark.requirement("URS-001")
def test_an_altered_original_is_never_decided(plant: Plant):
    batch = batch_started(plant, units=3)
    image = batch.images.order_by("position")[0]
    path = file_store().path_of(image.original_id)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(content[:-1] + b"\0")
    work_off_run(batch.runs.get().pk)
    path.write_bytes(content)
    path.chmod(0o440)
    assert ImageFailure.objects.get(image=image).code == "records.file_altered"
    assert not Result.objects.filter(image=image).exists()


@pytest.mark.clause("11.10(h)")
@pytest.mark.requirement("URS-002")
def test_a_model_changed_between_start_and_run_refuses_the_run_until_a_person_asks_again(plant: Plant):
    batch = batch_started(plant, units=3)
    path = file_store().path_of(plant.model.artefact_id)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(content + b"\0")
    work_off_run(batch.runs.get().pk)
    path.write_bytes(content)
    path.chmod(0o440)
    assert batch.runs.get().state == "refused"
    assert not Result.objects.exists()
    assert Event.objects.get(act="batches.inspection.refused").actor_username == "system:inference"
    ask_for_forgotten()
    assert batch.runs.count() == 1
    run = ask_again(batch, actor=plant.operator.actor(), reason="released file restored from the backup")
    work_off_run(run.pk)
    assert fresh(batch).state == "in_review"


def test_a_failed_challenge_after_the_last_unit_puts_the_batch_on_hold(plant: Plant):
    batch = batch_started(plant, units=3)
    known = plant.product.challenge_sets.get(is_active=True).images.first()
    assert known is not None
    path = file_store().path_of(known.file_id)
    path.rename(path.with_suffix(".lost"))
    work_off_run(batch.runs.get().pk)
    path.with_suffix(".lost").rename(path)
    held = fresh(batch)
    assert held.state == "quarantined"
    assert held.challenges.get(phase="end").passed is False
    investigation = held.investigations.get()
    assert "1 of 5 known units" in investigation.finding


@pytest.mark.requirement("URS-003")
def test_a_unit_without_region_goes_to_a_person(plant: Plant):
    batch = batch_open(plant, units=3)
    units = photographs(3, mix_ups=0)
    offer(plant, batch, delivery_files(plant, batch, units, without_region=[units[0].unit_id]))
    batch = start_inspection(fresh(batch), actor=plant.operator.actor())
    work_off_run(batch.runs.get().pk)
    result = Result.objects.get(image__unit_id=units[0].unit_id)
    assert (result.outcome, result.score) == ("undecided", None)
    assert "no unit in the photograph" in result.explanation


def test_overlays_follow_the_run_flagged_units_first_and_once_each(plant: Plant):
    batch = batch_inspected(plant, units=6, mix_ups=2)
    assert make_overlays(batch.pk) == 6
    assert make_overlays(batch.pk) == 0
    first = Overlay.objects.order_by("pk").select_related("result")[:2]
    assert {row.result.outcome for row in first} == {"reject"}
    overlay = Overlay.objects.select_related("file").first()
    assert overlay is not None
    assert (overlay.method, overlay.file.media_type) == ("occlusion 1", "image/png")
    assert overlay.model_sha256 == plant.model.artefact_id


def test_a_worker_whose_run_was_taken_away_keeps_nothing_of_its_chunk(plant: Plant):
    batch = batch_started(plant, units=4)
    dead = break_off(batch, after=2)
    assert claim_run(dead.pk) is not None  # the next attempt has begun
    model = load_pinned_model(batch)
    with pytest.raises(inspecting.RunTakenAway):
        decide_images(dead, list(undecided_images(batch)), model=model, rule=rule_of(batch))
    assert Result.objects.filter(image__batch=batch).count() == 2


def test_progress_of_a_batch_that_never_ran_is_empty(plant: Plant):
    progress = read_progress(batch_started(plant, units=3))
    assert (progress.state, progress.done, progress.total, progress.rate) == ("queued", 0, 3, 0.0)
    assert progress.detail == "waiting for a worker · 0 flagged · 0 failed"


def test_a_run_that_kills_every_worker_is_given_up_after_three_attempts_and_told(plant: Plant):
    batch = batch_started(plant, units=3)
    for attempt in (1, 2, 3):
        run = claim_run(batch.runs.get(attempt=attempt).pk)
        assert run is not None  # and its worker dies here, each time
        ask_for_forgotten()
    assert list(batch.runs.order_by("attempt").values_list("state", flat=True)) == [
        "interrupted",
        "interrupted",
        "refused",
    ]
    ask_for_forgotten()
    assert batch.runs.count() == 3
    event = Event.objects.get(act="batches.run.given_up")
    assert OutboxItem.objects.filter(payload__event=event.pk).exists()
    assert why_stopped(batch).startswith("The last 3 attempts")
    run = ask_again(batch, actor=plant.operator.actor(), reason="memory of the worker doubled")
    work_off_run(run.pk)
    assert fresh(batch).state == "in_review"
