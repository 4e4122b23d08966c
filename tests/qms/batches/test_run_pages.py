"""Starting, watching and retrying an inspection on its page, with and without scripts."""

from __future__ import annotations

import pytest
from django.urls import reverse

from qms.batches.inspecting import claim_run, decide_images, work_off_run
from qms.batches.model_pinning import load_pinned_model, rule_of
from qms.batches.models import BatchRecord
from qms.batches.runs import undecided_images
from records.stores import file_store
from tests.plant_data import Plant, batch_ready, batch_started

pytestmark = pytest.mark.django_db


def address(batch: BatchRecord, name: str) -> str:
    return reverse(f"batches:{name}", args=[batch.number])


def fresh(batch: BatchRecord) -> BatchRecord:
    return BatchRecord.objects.get(pk=batch.pk)


def test_one_press_starts_the_inspection(plant: Plant):
    batch = batch_ready(plant, units=3)
    page = plant.operator.client().post(address(batch, "run-start"), follow=True)
    assert fresh(batch).state == "inspecting"
    assert b"The inspection is started" in page.content
    assert b"waiting for a worker" in page.content


def test_the_bar_tells_count_rate_time_left_flagged_and_failed(plant: Plant):
    batch = batch_started(plant, units=8, mix_ups=1)
    run = claim_run(batch.runs.get().pk)
    assert run is not None
    decide_images(run, list(undecided_images(batch)[:5]), model=load_pinned_model(batch), rule=rule_of(batch))
    page = plant.operator.client().get(address(batch, "run-progress"), headers={"HX-Request": "true"})
    text = page.content.decode()
    assert '<progress id="run-bar" max="8" value="5" aria-label="Inspected units">' in text
    assert "5 of 8" in text
    assert "s left" in text
    assert "0 flagged · 0 failed" in text
    assert 'hx-trigger="every 2s"' in text
    assert "HX-Refresh" not in page.headers


def test_asking_stops_when_the_run_is_over(plant: Plant):
    batch = batch_started(plant, units=3)
    work_off_run(batch.runs.get().pk)
    page = plant.operator.client().get(address(batch, "run-progress"), headers={"HX-Request": "true"})
    assert page.headers["HX-Refresh"] == "true"
    assert b"hx-trigger" not in page.content


def test_without_scripts_a_reload_shows_the_same_bar(plant: Plant):
    batch = batch_started(plant, units=3)
    page = plant.operator.client().get(address(batch, "batch-detail"))
    assert b"0 of 3" in page.content
    assert b"Reload to see how far it is" in page.content


def test_failed_units_are_listed_with_their_reason_and_a_retry(plant: Plant):
    batch = batch_started(plant, units=3)
    lost = batch.images.order_by("position")[1]
    path = file_store().path_of(lost.original_id)
    path.rename(path.with_suffix(".lost"))
    work_off_run(batch.runs.get().pk)
    path.with_suffix(".lost").rename(path)
    client = plant.operator.client()
    page = client.get(address(batch, "batch-detail"))
    assert b"1 units could not be read" in page.content
    assert lost.unit_id.encode() in page.content
    assert b"Retry" in page.content
    assert b"Give them to a person" in page.content
    refused = client.post(address(batch, "run-retry"), {"reason": ""})
    assert refused.status_code == 422
    client.post(address(batch, "run-retry"), {"reason": "restored from the backup"})
    work_off_run(batch.runs.get(attempt=2).pk)
    assert fresh(batch).state == "in_review"


def test_unreadable_units_can_be_given_to_a_person_from_the_page(plant: Plant):
    batch = batch_started(plant, units=3)
    lost = batch.images.order_by("position")[1]
    path = file_store().path_of(lost.original_id)
    path.rename(path.with_suffix(".lost"))
    work_off_run(batch.runs.get().pk)
    client = plant.operator.client()
    client.post(address(batch, "run-hand-over"), {"reason": "the backup does not hold it either"})
    work_off_run(batch.runs.get(attempt=2).pk)
    path.with_suffix(".lost").rename(path)
    assert fresh(batch).state == "in_review"


@pytest.mark.clause("11.10(f)")
def test_a_quarantined_batch_opens_only_after_its_investigation_is_concluded(plant: Plant):
    batch = batch_started(plant, units=3)
    known = plant.product.challenge_sets.get(is_active=True).images.first()
    assert known is not None
    path = file_store().path_of(known.file_id)
    path.rename(path.with_suffix(".lost"))
    work_off_run(batch.runs.get().pk)
    path.with_suffix(".lost").rename(path)
    page = plant.operator.client().get(address(batch, "batch-detail"))
    assert b"The challenge after the last unit failed" in page.content
    qa = plant.qa_manager.client()
    assert qa.get(address(batch, "quarantine-lift")).status_code == 409
    assert qa.post(address(batch, "quarantine-lift"), {"reason": "seems fine to me"}).status_code == 409
    assert fresh(batch).state == "quarantined"
