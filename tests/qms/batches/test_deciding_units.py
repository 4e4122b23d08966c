"""Each decision on a unit is one event, in order, by somebody who may."""

import pytest
from django.db import DatabaseError

from qms.batches.decisions import agree_with_model, decide_unit, undo_decision
from qms.batches.errors_review import (
    BatchNotInReview,
    DecisionOfAnotherPerson,
    DecisionStale,
    DefectClassForeign,
    DefectClassMissing,
    NothingToAgreeWith,
    NothingToUndo,
    OverrideReasonMissing,
    OverrideReasonTooShort,
    SampleAlreadyDrawn,
    VerdictUnknown,
)
from qms.batches.models import Decision, DefectClass
from qms.batches.review_units import read_image_state
from records.errors import RoleNotAllowed
from records.models import Change, Event
from tests.plant_data import make_product
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.10(f)")]


def last_event(stage: Stage) -> Event:
    found = Event.objects.filter(record_id=stage.batch.pk).order_by("-id").first()
    assert found is not None
    return found


def test_agreeing_with_a_reject_is_one_event_and_one_row(stage: Stage):
    image = stage.image("reject")
    made = agree_with_model(image, actor=stage.operator.actor(), seen=0)
    assert (made.kind, made.verdict, made.defect) == ("agreement", "reject", stage.defect("MIX"))
    event = last_event(stage)
    assert (event.act, event.actor_name, event.details["unit"]) == ("batches.unit.agreed", "Ana Silva", image.unit_id)
    assert Change.objects.get(event=event).table_name == "batches_decision"
    assert read_image_state(image, outcome="reject").verdict == "reject"


def test_overriding_needs_a_reason_from_the_list(stage: Stage):
    image = stage.image("good")
    with pytest.raises(OverrideReasonMissing):
        stage.decide(image, "reject", defect=stage.defect("CRACK"))
    with pytest.raises(OverrideReasonMissing):
        stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R1")
    with pytest.raises(OverrideReasonTooShort):
        stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R9", reason_text="no")
    assert not Decision.objects.filter(image=image).exists()


def test_an_override_keeps_its_reason_in_the_trail(stage: Stage):
    image = stage.image("good")
    stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R6", reason_text="below the neck")
    event = last_event(stage)
    assert event.act == "batches.unit.overridden"
    assert event.reason == "R6 Defect that the model missed: below the neck"
    assert (event.details["was"], event.details["verdict"], event.details["defect"]) == ("good", "reject", "CRACK")


def test_a_reject_needs_a_class_of_the_products_own_library(stage: Stage):
    image = stage.image("good")
    with pytest.raises(DefectClassMissing):
        stage.decide(image, "reject", reason_code="R6")
    other = make_product(stage.qa, code="OTHER-1")
    foreign = DefectClass.objects.get(product=other, code="CRACK")
    with pytest.raises(DefectClassForeign):
        stage.decide(image, "reject", reason_code="R6", defect=foreign)


def test_another_class_than_the_models_is_an_override(stage: Stage):
    image = stage.image("reject")
    made = stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R8")
    assert made.kind == "override"


def test_an_undecided_unit_is_decided_and_there_is_nothing_to_agree_with(stage: Stage):
    image = stage.image("undecided")
    with pytest.raises(NothingToAgreeWith):
        agree_with_model(image, actor=stage.operator.actor(), seen=0)
    made = stage.decide(image, "good")
    assert made.kind == "decision"
    state = read_image_state(image, outcome="undecided")
    assert (state.verdict, state.is_waiting) == ("good", False)


def test_a_verdict_is_good_or_reject_and_nothing_else(stage: Stage):
    with pytest.raises(VerdictUnknown):
        stage.decide(stage.image("good"), "perhaps")


def test_taking_back_is_a_new_entry_and_only_ones_own(stage: Stage):
    image = stage.image("good")
    with pytest.raises(NothingToUndo):
        undo_decision(image, actor=stage.operator.actor(), seen=0)
    stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R6")
    with pytest.raises(DecisionOfAnotherPerson):
        undo_decision(image, actor=stage.second.actor(), seen=stage.seen(image))
    undo_decision(image, actor=stage.operator.actor(), seen=stage.seen(image))
    assert [row.kind for row in image.decisions.order_by("id")] == ["override", "undo"]
    assert read_image_state(image, outcome="good").verdict == "good"
    event = last_event(stage)
    assert (event.act, event.details["was"], event.details["verdict"]) == ("batches.unit.undone", "reject", "good")


def test_a_double_click_gives_one_decision(stage: Stage):
    image = stage.image("reject")
    first = agree_with_model(image, actor=stage.operator.actor(), seen=0)
    again = agree_with_model(image, actor=stage.operator.actor(), seen=0)
    assert again.pk == first.pk
    assert image.decisions.count() == 1


def test_a_stale_decision_is_refused_with_what_the_other_person_decided(stage: Stage):
    image = stage.image("good")
    stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R6", by=stage.second)
    with pytest.raises(DecisionStale) as refused:
        decide_unit(image, actor=stage.operator.actor(), verdict="good", seen=0)
    assert "Kim Wu" in refused.value.text
    assert "reject, Crack" in refused.value.text
    assert image.decisions.count() == 1


def test_undo_of_a_decision_that_is_no_longer_the_newest_is_refused(stage: Stage):
    image = stage.image("good")
    agree_with_model(image, actor=stage.operator.actor(), seen=0)
    seen = stage.seen(image)
    stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R6", by=stage.second)
    with pytest.raises(DecisionStale):
        undo_decision(image, actor=stage.operator.actor(), seen=seen)


@pytest.mark.clause("11.10(g)")
@pytest.mark.parametrize("who", ["reviewer", "qa"])
def test_only_operators_decide(stage: Stage, who: str):
    with pytest.raises(RoleNotAllowed):
        agree_with_model(stage.image("reject"), actor=getattr(stage, who).actor(), seen=0)


def test_units_are_decided_only_while_the_batch_is_in_review(stage: Stage):
    stage.complete()
    stage.sign("sign_review", stage.operator)
    with pytest.raises(BatchNotInReview):
        stage.decide(stage.image("good"), "good")


def test_after_the_sample_a_unit_can_be_rejected_but_none_can_join(stage: Stage):
    stage.complete()
    rejected, accepted = stage.image("reject"), stage.image("good")
    with pytest.raises(SampleAlreadyDrawn):
        stage.decide(rejected, "good", reason_code="R1")
    stage.decide(accepted, "reject", defect=stage.defect("SCRATCH"), reason_code="R6")
    with pytest.raises(SampleAlreadyDrawn):
        undo_decision(accepted, actor=stage.operator.actor(), seen=stage.seen(accepted))
    assert stage.fresh().reconciliation.rejected == MIX_UPS_SURE + 1


def test_a_refused_decision_leaves_nothing_behind(stage: Stage):
    before = Event.objects.count()
    with pytest.raises(OverrideReasonMissing):
        stage.decide(stage.image("reject"), "good")
    assert Event.objects.count() == before


def test_the_database_refuses_a_decision_changed_or_deleted_later(stage: Stage):
    agree_with_model(stage.image("reject"), actor=stage.operator.actor(), seen=0)
    with pytest.raises(DatabaseError):
        Decision.objects.update(verdict="good")


MIX_UPS_SURE = 3
