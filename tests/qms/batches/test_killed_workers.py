"""Real workers killed in the middle of a run: every image ends with exactly one result."""

from __future__ import annotations

import pytest
from django.db import transaction

from qms.batches.dispatch import ask_for_run
from qms.batches.models import BatchRecord, InspectionRun, Overlay, Result
from qms.batches.watch import ask_for_forgotten
from records.models import Change, ControlledRecord, Event
from tests.plant_data import Plant, batch_started
from tests.qms.batches.workers import Worker, are_queues_empty, empty_queues, running_worker, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.assurance("E2")]

UNITS = 100
KILLS = 2


def count_results(batch: BatchRecord) -> int:
    return Result.objects.filter(image__batch=batch).count()


def state_of(batch: BatchRecord) -> str:
    return BatchRecord.objects.values_list("state", flat=True).get(pk=batch.pk)


def kill_in_the_middle(worker: Worker, batch: BatchRecord, *, beyond: int) -> int:
    """Kill the worker while it waits, with a chunk computed and not written; return what is committed."""
    wait_until(lambda: count_results(batch) > beyond, what=f"more than {beyond} units are decided")
    with transaction.atomic():
        ControlledRecord.objects.select_for_update().get(pk=batch.pk)  # its next chunk waits for this lock
        done = count_results(batch)
        worker.kill()
    return done


def revive(batch: BatchRecord, *, attempt: int) -> None:
    """Ask as the watchdog does until the dead attempt is found: PostgreSQL must notice the lost connection first."""

    def is_found() -> bool:
        ask_for_forgotten()
        return InspectionRun.objects.filter(batch=batch, attempt=attempt).exists()

    wait_until(is_found, what=f"attempt {attempt} is queued", every=0.2)


def test_a_run_survives_killed_workers_without_losing_or_doubling_a_result(committed_plant: Plant):
    empty_queues()
    batch = batch_started(committed_plant, units=UNITS, mix_ups=5)
    done = 0
    for number in range(KILLS):
        with running_worker() as worker:
            done = kill_in_the_middle(worker, batch, beyond=done)
        assert state_of(batch) == "inspecting", "the worker was too fast to be killed in the middle"
        assert done < UNITS
        revive(batch, attempt=number + 2)
    with running_worker():
        wait_until(lambda: state_of(batch) == "in_review", what="the batch is in review")
        wait_until(lambda: Overlay.objects.count() == UNITS, what="every unit has its overlay")
    assert count_results(batch) == UNITS
    assert Result.objects.values("image").distinct().count() == UNITS
    runs = list(batch.runs.order_by("attempt").values_list("attempt", "state"))
    assert runs == [(1, "interrupted"), (2, "interrupted"), (3, "finished")]
    told = Event.objects.filter(act="batches.results.recorded", record_id=batch.pk)
    assert sum(event.details["units"] for event in told) == UNITS
    snapshots = Change.objects.filter(table_name="batches_result", kind="+")
    assert snapshots.values("row_key").distinct().count() == snapshots.count() == UNITS


@pytest.mark.assurance("E9")
def test_a_message_delivered_three_times_to_two_threads_decides_each_unit_once(committed_plant: Plant):
    empty_queues()
    batch = batch_started(committed_plant, units=40, mix_ups=2)
    for _ in range(3):
        assert ask_for_run(batch.runs.get().pk)
    with running_worker():
        wait_until(lambda: state_of(batch) == "in_review", what="the batch is in review")
        wait_until(are_queues_empty, what="every message is answered")
    assert [run.state for run in batch.runs.all()] == ["finished"]
    assert count_results(batch) == 40
    told = Event.objects.filter(act="batches.results.recorded", record_id=batch.pk)
    assert sum(event.details["units"] for event in told) == 40
