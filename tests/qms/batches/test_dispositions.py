"""Release, reject, hold, inspect again: by signatures, by different people, on what was reviewed."""

import pytest

from qms.batches.aql_samples import Finding, draw_aql_sample, record_findings
from qms.batches.errors_review import NotSentBack, ReinspectedBefore, ReviewIncomplete, SuccessorMade
from qms.batches.inspecting import work_off_run
from qms.batches.models import BatchRecord, Disposition
from qms.batches.reinspections import create_reinspection
from qms.batches.runs import start_inspection
from records.errors import ReasonMissing, SigningRequired, TransitionNotAllowed
from records.models import Event
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SeatNeedsRole, SignerActedOnRecord, SignerSignedEarlier
from signatures.models import Signature
from signatures.signing import Credentials, decline_ceremony
from tests.plant_data import delivery_files, offer, photographs
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(f)", "11.10(g)", "211.188")]


@pytest.fixture
def awaiting(stage: Stage) -> Stage:
    """Return a stage whose batch is reviewed and whose trail is reviewed."""
    stage.complete()
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)
    return stage


@pytest.mark.requirement("URS-005")
def test_three_people_sign_a_batch_to_its_release(awaiting: Stage):
    batch = awaiting.sign("release", awaiting.qa)
    assert (batch.state, batch.retention_start_event) == ("released", "batch expiry")
    assert batch.retention_started_on == batch.lot.expires_on
    signers = Signature.objects.filter(record_id=batch.pk).values_list("action", "signer_id")
    assert dict(signers) == {
        "sign_review": awaiting.operator.user.pk,
        "sign_trail_review": awaiting.reviewer.user.pk,
        "release": awaiting.qa.user.pk,
    }
    row = Disposition.objects.get(batch=batch)
    signature = Signature.objects.get(action="release", record_id=batch.pk)
    assert (row.action, row.signature_number) == ("release", signature.number)


@pytest.mark.assurance("A6")
def test_whoever_worked_on_the_batch_does_not_review_its_trail(stage: Stage):
    colleague = stage.person("rod", "operator", "reviewer")
    stage.review_all(by=colleague)
    stage.sample()
    stage.sign("sign_review", stage.operator)
    with pytest.raises(SignerActedOnRecord):
        open_ceremony(stage.fresh(), "sign_trail_review", actor=colleague.actor())
    assert Event.objects.filter(act="signatures.ceremony.refused", record_id=stage.batch.pk).count() == 1


@pytest.mark.assurance("A6")
def test_whoever_reviewed_the_trail_does_not_release(stage: Stage):
    stage.complete()
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.qa)
    with pytest.raises(SignerSignedEarlier):
        open_ceremony(stage.fresh(), "release", actor=stage.qa.actor())


@pytest.mark.requirement("URS-005")
def test_an_operator_does_not_release(awaiting: Stage):
    with pytest.raises((SeatNeedsRole, Exception), match="role"):
        open_ceremony(awaiting.fresh(), "release", actor=awaiting.second.actor())
    assert awaiting.fresh().state == "awaiting_disposition"


@pytest.mark.requirement("URS-005")
def test_no_disposition_happens_without_its_signature(awaiting: Stage):
    for action in ("release", "reject", "hold", "reinspect"):
        with pytest.raises(SigningRequired):
            perform_transition(awaiting.fresh(), action, actor=awaiting.qa.actor(), reason="because I can")


def test_a_rejection_needs_a_reason(awaiting: Stage):
    with pytest.raises(ReasonMissing):
        awaiting.sign("reject", awaiting.qa)
    batch = awaiting.sign("reject", awaiting.qa, reason="mix-ups in the lot")
    assert (batch.state, batch.dispositions.get().reason) == ("rejected", "mix-ups in the lot")


def test_a_hold_is_a_signed_decision_and_can_be_released_later(awaiting: Stage):
    batch = awaiting.sign("hold", awaiting.qa, reason="waiting for the stability data")
    assert batch.state == "on_hold"
    assert awaiting.sign("release", awaiting.qa).state == "released"
    assert [row.action for row in batch.dispositions.all()] == ["hold", "release"]


def test_a_return_is_a_decision_and_asks_for_a_new_review(awaiting: Stage):
    perform_transition(
        awaiting.fresh(), "return_to_review", actor=awaiting.qa.actor(), reason="explain the override of F-022"
    )
    assert awaiting.fresh().state == "in_review"
    assert awaiting.fresh().dispositions.get().action == "return_to_review"
    awaiting.sign("sign_review", awaiting.operator)
    awaiting.sign("sign_trail_review", awaiting.reviewer)
    assert awaiting.sign("release", awaiting.qa).state == "released"


def test_a_reviewer_returns_the_batch_by_declining_and_may_look_again(stage: Stage):
    stage.complete()
    stage.sign("sign_review", stage.operator)
    ceremony = open_ceremony(stage.fresh(), "sign_trail_review", actor=stage.reviewer.actor())
    credentials = Credentials(**stage.reviewer.credentials())
    declined = decline_ceremony(
        ceremony, actor=stage.reviewer.actor(), credentials=credentials, reason="explain the override of F-022"
    )
    assert stage.fresh().state == "in_review"
    row = stage.fresh().dispositions.get()
    assert (row.action, row.signature_number) == ("return_to_review", declined.number)
    stage.sign("sign_review", stage.operator)
    assert stage.sign("sign_trail_review", stage.reviewer).state == "awaiting_disposition"


@pytest.mark.requirement("URS-005")
def test_a_failed_sample_is_never_released(stage: Stage):
    stage.review_all()
    sample = draw_aql_sample(stage.batch, actor=stage.operator.actor())
    record_findings(
        stage.batch, actor=stage.operator.actor(), findings=[Finding(sample.units[0], stage.defect("CRACK"))]
    )
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)
    with pytest.raises(ReviewIncomplete, match="AQL sample failed"):
        open_ceremony(stage.fresh(), "release", actor=stage.qa.actor())


def test_a_released_batch_moves_no_more(awaiting: Stage):
    awaiting.sign("release", awaiting.qa)
    with pytest.raises(TransitionNotAllowed):
        perform_transition(awaiting.fresh(), "return_to_review", actor=awaiting.qa.actor(), reason="changed my mind")


def test_a_lot_is_inspected_again_once(awaiting: Stage):
    with pytest.raises(NotSentBack):
        create_reinspection(awaiting.fresh(), actor=awaiting.operator.actor())
    batch = awaiting.sign("reinspect", awaiting.qa, reason="the lamp was weak")
    successor = create_reinspection(batch, actor=awaiting.operator.actor())
    assert (successor.reinspection_of_id, successor.lot_id, successor.units_received) == (batch.pk, batch.lot_id, 40)
    with pytest.raises(SuccessorMade, match=successor.number):
        create_reinspection(batch, actor=awaiting.operator.actor())
    again = inspect(awaiting, successor)
    again.complete()
    again.sign("sign_review", again.operator)
    again.sign("sign_trail_review", again.reviewer)
    with pytest.raises(ReinspectedBefore, match=batch.number):
        open_ceremony(again.fresh(), "reinspect", actor=again.qa.actor())


def inspect(stage: Stage, batch: BatchRecord) -> Stage:
    """Import and run a re-inspection's photographs."""
    offer(stage.plant, batch, delivery_files(stage.plant, batch, photographs(40, mix_ups=5)))
    started = start_inspection(BatchRecord.objects.get(pk=batch.pk), actor=stage.operator.actor())
    work_off_run(started.runs.get().pk)
    return Stage(**{**vars(stage), "batch": BatchRecord.objects.get(pk=batch.pk)})
