"""After 100 % inspection one random sample is drawn, inspected once, and decides class by class."""

import pytest

from qms.batches.aql import judge, plan_classes, plan_facts, summarise
from qms.batches.aql_samples import Finding, draw_aql_sample, record_findings
from qms.batches.counting import tally_batch
from qms.batches.errors_review import (
    DefectClassForeign,
    FindingNotInSample,
    ReviewIncomplete,
    SampleDrawnBefore,
    SampleInspectedBefore,
    SampleNotDrawn,
)
from qms.batches.models import AqlFinding, DefectClass, Investigation
from records.errors import RoleNotAllowed
from records.models import Event
from tests.plant_data import make_product
from tests.qms.batches.review_stage import Stage
from validation.sampling import draw_sample

pytestmark = [pytest.mark.django_db, pytest.mark.clause("211.165")]
AQLS = {"critical": "0.065", "major": "0.65", "minor": "4.0"}


def plans(accepted):
    return {name: plan_facts(plan) for name, plan in plan_classes(accepted, aqls=AQLS, level="II").items()}


def test_each_class_is_counted_on_the_whole_sample_of_the_largest_plan():
    made = plans(2000)
    assert {name: (row["n"], row["accept"]) for name, row in made.items()} == {
        "critical": (200, 0),
        "major": (125, 2),
        "minor": (125, 10),
    }
    outcome = judge(made, ["major"] * 3, sampled=200)
    assert (outcome["major"]["found"], outcome["major"]["passed"], outcome["critical"]["passed"]) == (3, False, True)
    assert summarise(outcome) == "failed: 0 critical, 3 major, 0 minor in 200 units"


def test_a_count_beyond_a_classes_own_plan_still_decides():
    assert not judge(plans(2000), ["minor"] * 150, sampled=200)["minor"]["passed"]


def test_a_sample_waits_for_the_whole_review(stage: Stage):
    with pytest.raises(ReviewIncomplete, match="units to review"):
        draw_aql_sample(stage.batch, actor=stage.operator.actor())
    stage.review_all()
    image = stage.image("reject")
    stage.decide(image, "good", reason_code="R1")
    with pytest.raises(ReviewIncomplete, match="second person"):
        draw_aql_sample(stage.batch, actor=stage.operator.actor())


def test_anyone_can_draw_the_sample_again_from_the_stored_seed(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    accepted = [unit.unit_id for unit in stage.units() if unit.state.verdict == "good"]
    assert tuple(sample.units) == draw_sample(accepted, n=len(sample.units), seed=sample.seed)
    assert len(sample.units) == max(row["n"] for row in sample.plans.values())
    event = Event.objects.filter(record_id=stage.batch.pk, act="batches.aql.drawn").get()
    assert (event.details["seed"], event.details["accepted"]) == (sample.seed, len(accepted))


def test_the_sample_is_drawn_once_and_inspected_once(stage: Stage):
    stage.review_all()
    with pytest.raises(SampleNotDrawn):
        record_findings(stage.batch, actor=stage.operator.actor(), findings=[])
    draw_aql_sample(stage.batch, actor=stage.operator.actor())
    with pytest.raises(SampleDrawnBefore, match="Ana Silva"):
        draw_aql_sample(stage.batch, actor=stage.operator.actor())
    record_findings(stage.batch, actor=stage.operator.actor(), findings=[])
    with pytest.raises(SampleInspectedBefore, match="Ana Silva"):
        record_findings(stage.batch, actor=stage.second.actor(), findings=[])


def test_no_defects_pass_and_close_the_reconciliation_by_themselves(stage: Stage):
    stage.complete()
    batch = stage.fresh()
    assert batch.aql_sample.passed
    row = batch.reconciliation
    assert (row.received, row.accepted + row.rejected, row.destroyed) == (40, 40, 0)
    assert not Investigation.objects.filter(batch=batch).exists()


def test_the_worst_class_counts_once_per_unit(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    unit = sample.units[0]
    findings = [Finding(unit, stage.defect(code)) for code in ("SCRATCH", "FILL", "SCRATCH")]
    done = record_findings(stage.batch, actor=stage.operator.actor(), findings=findings)
    assert AqlFinding.objects.get(sample=done).defect.code == "FILL"
    outcome = done.outcome or {}
    assert (outcome["major"]["found"], outcome["minor"]["found"]) == (1, 0)


def test_a_unit_found_defective_is_no_longer_accepted(stage: Stage):
    stage.review_all()
    before = tally_batch(stage.fresh())
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    record_findings(
        stage.batch, actor=stage.operator.actor(), findings=[Finding(sample.units[0], stage.defect("SCRATCH"))]
    )
    after = tally_batch(stage.fresh())
    assert (after.accepted, after.rejected) == (before.accepted - 1, before.rejected + 1)
    assert stage.fresh().reconciliation.rejected == after.rejected


@pytest.mark.clause("Annex 1 8.30")
def test_any_critical_defect_opens_an_investigation(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    done = record_findings(
        stage.batch, actor=stage.operator.actor(), findings=[Finding(sample.units[0], stage.defect("CRACK"))]
    )
    triggers = set(Investigation.objects.filter(batch=stage.batch).values_list("trigger", flat=True))
    assert {"critical_in_sample", "sample_failed"} <= triggers
    assert done.passed is False


def test_findings_are_of_sampled_units_and_of_the_products_own_classes(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    outside = stage.image("reject").unit_id
    with pytest.raises(FindingNotInSample):
        record_findings(stage.batch, actor=stage.operator.actor(), findings=[Finding(outside, stage.defect("FILL"))])
    foreign = DefectClass.objects.get(product=make_product(stage.qa, code="OTHER-2"), code="FILL")
    with pytest.raises(DefectClassForeign):
        record_findings(stage.batch, actor=stage.operator.actor(), findings=[Finding(sample.units[0], foreign)])


@pytest.mark.clause("11.10(g)")
def test_quality_assurance_does_not_draw_samples(stage: Stage):
    with pytest.raises(RoleNotAllowed):
        draw_aql_sample(stage.batch, actor=stage.qa.actor())
