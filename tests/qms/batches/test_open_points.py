"""One function names what is open; the page shows it, and no signature is possible while it is."""

import pytest

from qms.batches.aql_samples import Finding, draw_aql_sample, record_findings
from qms.batches.errors_review import ReviewIncomplete, SignaturesMissing
from qms.batches.investigations import close_investigation
from qms.batches.models import Investigation
from qms.batches.openpoints import find_open_points, points_blocking
from qms.batches.review_guards import review_is_signed
from signatures.ceremonies import open_ceremony
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(f)")]


def codes(stage: Stage, action: str) -> list[str]:
    return [point.code for point in points_blocking(action, find_open_points(stage.fresh()))]


def test_a_fresh_batch_has_units_sample_and_count_open(stage: Stage):
    assert codes(stage, "sign_review") == ["unreviewed", "sample_not_drawn", "reconciliation"]


def test_each_step_closes_its_point(stage: Stage):
    stage.review_all()
    assert codes(stage, "sign_review") == ["sample_not_drawn", "reconciliation"]
    draw_aql_sample(stage.batch, actor=stage.operator.actor())
    assert codes(stage, "sign_review") == ["sample_not_inspected", "reconciliation"]
    record_findings(stage.batch, actor=stage.operator.actor(), findings=[])
    assert codes(stage, "sign_review") == codes(stage, "release") == []


def test_an_override_that_waits_blocks(stage: Stage):
    stage.review_all()
    stage.decide(stage.image("reject"), "good", reason_code="R2")
    assert "waiting" in codes(stage, "sign_review")


def test_the_review_cannot_be_signed_while_a_point_is_open(stage: Stage):
    with pytest.raises(ReviewIncomplete, match="units to review"):
        open_ceremony(stage.fresh(), "sign_review", actor=stage.operator.actor())


def test_a_failed_sample_lets_the_review_be_signed_but_never_released(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    record_findings(
        stage.batch, actor=stage.operator.actor(), findings=[Finding(sample.units[0], stage.defect("CRACK"))]
    )
    assert codes(stage, "sign_review") == []
    assert set(codes(stage, "release")) == {"sample_failed", "investigation"}
    for row in Investigation.objects.filter(batch=stage.batch):
        close_investigation(row, actor=stage.qa.actor(), conclusion="One mould was worn; the lot is rejected.")
    assert codes(stage, "release") == ["sample_failed"]


def test_a_release_needs_the_signatures_of_the_present_review(stage: Stage):
    stage.complete()
    with pytest.raises(SignaturesMissing, match="signed review and the audit trail review"):
        review_is_signed(stage.fresh(), stage.qa.actor())
    stage.sign("sign_review", stage.operator)
    with pytest.raises(SignaturesMissing, match="lacks the audit trail review"):
        review_is_signed(stage.fresh(), stage.qa.actor())
    stage.sign("sign_trail_review", stage.reviewer)
    review_is_signed(stage.fresh(), stage.qa.actor())
