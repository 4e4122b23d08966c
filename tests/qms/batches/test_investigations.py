"""Limits that are exceeded open investigations, which quality assurance concludes."""

import pytest

from qms.batches.aql_samples import draw_aql_sample
from qms.batches.counting import tally_batch
from qms.batches.errors_review import ConclusionTooShort, InvestigationClosedBefore, InvestigationOutOfPlace
from qms.batches.investigations import close_investigation
from qms.batches.models import Investigation
from qms.batches.tallies import exceeds, percent
from records.errors import RoleNotAllowed
from records.models import Event
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("211.192", "Annex 1 8.33")]
CONCLUSION = "The label printer was dirty; the units were good and the line was cleaned."


def reject_some(stage: Stage, count: int, code: str) -> None:
    """Reject accepted units by hand."""
    for place in range(count):
        stage.decide(stage.image("good", place), "reject", defect=stage.defect(code), reason_code="R6")


@pytest.fixture
def investigation(stage: Stage) -> Investigation:
    stage.review_all()
    reject_some(stage, 2, "SCRATCH")
    draw_aql_sample(stage.batch, actor=stage.operator.actor())
    return Investigation.objects.get(batch=stage.batch)


def test_more_rejects_than_the_limit_open_an_investigation(stage: Stage, investigation: Investigation):
    tally = tally_batch(stage.fresh())
    assert investigation.trigger == "reject_rate"
    assert investigation.finding == f"Rejects: {tally.rejected} of 40 units (12.50 %), limit 10.00 %."


def test_a_rate_that_rises_after_the_sample_opens_it_too(stage: Stage):
    stage.complete()
    assert not Investigation.objects.filter(batch=stage.batch).exists()
    reject_some(stage, 2, "CRACK")
    triggers = set(Investigation.objects.filter(batch=stage.batch).values_list("trigger", flat=True))
    assert triggers == {"reject_rate", "critical_rate"}


def test_the_rate_is_compared_exactly():
    from decimal import Decimal

    assert not exceeds(4, inspected=40, limit=Decimal(10))
    assert exceeds(5, inspected=40, limit=Decimal(10))
    assert exceeds(1, inspected=3, limit=Decimal("33.33"))
    assert percent(1, 3) == Decimal("33.33")
    assert percent(1, 0) == Decimal("0.00")


def test_quality_assurance_concludes_it_with_words(stage: Stage, investigation: Investigation):
    with pytest.raises(ConclusionTooShort):
        close_investigation(investigation, actor=stage.qa.actor(), conclusion="fine")
    close_investigation(investigation, actor=stage.qa.actor(), conclusion=CONCLUSION)
    event = Event.objects.filter(record_id=stage.batch.pk).latest("id")
    assert (event.act, event.reason) == ("batches.investigation.closed", CONCLUSION)
    with pytest.raises(InvestigationClosedBefore, match="Maria Chen"):
        close_investigation(investigation, actor=stage.qa.actor(), conclusion=CONCLUSION)


@pytest.mark.clause("11.10(g)")
@pytest.mark.parametrize("who", ["operator", "second", "reviewer"])
def test_nobody_else_concludes_it(stage: Stage, investigation: Investigation, who: str):
    with pytest.raises(RoleNotAllowed):
        close_investigation(investigation, actor=getattr(stage, who).actor(), conclusion=CONCLUSION)


def test_a_decided_batch_is_not_investigated_further(stage: Stage, investigation: Investigation):
    from qms.batches.aql_samples import record_findings

    record_findings(stage.batch, actor=stage.operator.actor(), findings=[])
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)
    stage.sign("reject", stage.qa, reason="too many scratches for this lot")
    with pytest.raises(InvestigationOutOfPlace):
        close_investigation(investigation, actor=stage.qa.actor(), conclusion=CONCLUSION)
