"""Which severity of inspection the next lot of a product takes: computed from its disposed lots, said, and recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from qms.batches.aql_samples import Finding, draw_aql_sample, record_findings
from qms.batches.investigations import close_investigation
from qms.batches.models import BatchRecord, Investigation
from qms.batches.reinspections import create_reinspection
from qms.batches.severities import DISCONTINUED, TIGHTENED, severity_for
from records.models import Event
from tests.plant_data import batch_inspected
from tests.qms.batches.review_stage import Stage
from tests.qms.batches.test_dispositions import inspect

pytestmark = [pytest.mark.django_db, pytest.mark.clause("211.165")]


def next_stage(stage: Stage) -> Stage:
    """Return the stage of a further lot of the same product, inspected by the model."""
    return Stage(**{**vars(stage), "batch": batch_inspected(stage.plant)})


def draw(stage: Stage) -> BatchRecord:
    stage.review_all()
    draw_aql_sample(stage.batch, actor=stage.operator.actor())
    return stage.fresh()


def refuse_sample(stage: Stage) -> None:
    """Draw the sample and find a crack in it, up to the reviewed trail."""
    batch = draw(stage)
    findings = [Finding(batch.aql_sample.units[0], stage.defect("CRACK"))]
    record_findings(stage.batch, actor=stage.operator.actor(), findings=findings)
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)


def reject(stage: Stage) -> None:
    """Refuse a lot by its sample, and reject it."""
    refuse_sample(stage)
    stage.sign("reject", stage.qa, reason="a crack after full inspection")


def told(batch: BatchRecord) -> Any:
    return Event.objects.get(record_id=batch.pk, act="batches.aql.drawn").details


def test_the_first_lot_of_a_product_is_inspected_normally_and_the_event_says_so(stage: Stage):
    batch = draw(stage)
    assert (told(batch)["severity"], told(batch)["severity_reason"]) == (
        "normal",
        "a series begins with normal inspection",
    )
    assert not batch.investigations.exists()


def test_two_refused_lots_ask_for_tightened_inspection_of_the_next_which_quality_must_answer(stage: Stage):
    lots = [stage, next_stage(stage)]
    for lot in lots:
        reject(lot)
    third = next_stage(stage)
    page = third.operator.client().get(reverse("batches:sample", args=[third.batch.number])).content.decode()
    assert "ask for tightened inspection" in page
    batch = draw(third)
    assert told(batch)["severity"] == "tightened"
    assert all(lot.batch.number in told(batch)["severity_reason"] for lot in lots)
    opened = batch.investigations.get(trigger=TIGHTENED)
    assert "2 of 5 consecutive lots were not accepted" in opened.finding
    page = third.operator.client().get(reverse("batches:sample", args=[batch.number])).content.decode()
    assert lots[0].batch.number in page
    record_findings(batch, actor=third.operator.actor(), findings=[])
    third.sign("sign_review", third.operator)
    third.sign("sign_trail_review", third.reviewer)
    answers = third.qa.client().get(reverse("batches:check-answers", args=[batch.number])).content.decode()
    assert "Tightened inspection is asked for" in answers


def test_a_lot_that_nobody_disposed_of_yet_does_not_count(stage: Stage):
    reject(stage)
    refuse_sample(next_stage(stage))
    assert severity_for(next_stage(stage).batch).severity == "normal"


def test_lots_of_another_product_do_not_count(stage: Stage):
    reject(stage)
    reject(next_stage(stage))
    assert severity_for(next_stage(stage).batch).severity == "tightened"
    other = BatchRecord.objects.get(pk=stage.batch.pk)
    other.lot.product_id += 1000
    assert severity_for(other).severity == "normal"


def test_after_five_refusals_on_tightened_inspection_it_ends_and_quality_s_conclusion_resumes_it(stage: Stage):
    lots = [stage, *(next_stage(stage) for _ in range(6))]
    for lot in lots:
        reject(lot)
    ended = next_stage(stage)
    batch = draw(ended)
    assert told(batch)["severity"] == "discontinued"
    assert batch.investigations.filter(trigger=DISCONTINUED).exists()
    row = Investigation.objects.get(batch=batch, trigger=DISCONTINUED)
    close_investigation(row, actor=ended.qa.actor(), conclusion="The washer was mended and qualified again.")
    standing = severity_for(next_stage(stage).batch)
    assert standing.severity == "tightened"
    assert "The washer was mended" in standing.reason


def test_a_lot_that_is_inspected_again_counts_once_by_its_first_inspection(stage: Stage):
    refuse_sample(stage)
    sent_back = stage.sign("reinspect", stage.qa, reason="the whole lot is inspected again")
    again = inspect(stage, create_reinspection(sent_back, actor=stage.operator.actor()))
    reject(again)
    assert severity_for(next_stage(stage).batch).severity == "normal"
