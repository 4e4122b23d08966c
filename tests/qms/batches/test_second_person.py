"""A good against the model's reject counts only when a second qualified person has verified it."""

import pytest

from qms.batches.decisions import agree_with_model
from qms.batches.errors_review import DecisionStale, NothingToVerify, SecondPersonIsFirst
from qms.batches.models import VialImage
from qms.batches.review_units import read_image_state
from qms.batches.second_person import refuse_override, verify_override
from records.errors import ReasonMissing, RoleNotAllowed
from records.models import Event
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(g)", "211.188")]


@pytest.fixture
def waiting(stage: Stage) -> VialImage:
    image = stage.image("reject")
    stage.decide(image, "good", reason_code="R1")
    return image


@pytest.mark.parametrize("who", ["second", "reviewer", "qa"])
def test_another_qualified_person_verifies(stage: Stage, waiting: VialImage, who: str):
    assert read_image_state(waiting, outcome="reject").verdict == "reject"
    verify_override(waiting, actor=getattr(stage, who).actor(), seen=stage.seen(waiting))
    assert read_image_state(waiting, outcome="reject").verdict == "good"
    event = Event.objects.filter(record_id=stage.batch.pk).latest("id")
    assert (event.act, event.details["by"], event.details["verdict"]) == (
        "batches.override.verified",
        "Ana Silva",
        "good",
    )


@pytest.mark.requirement("URS-004")
def test_nobody_verifies_their_own_override(stage: Stage, waiting: VialImage):
    with pytest.raises(SecondPersonIsFirst):
        verify_override(waiting, actor=stage.operator.actor(), seen=stage.seen(waiting))


def test_somebody_without_a_qualified_role_cannot_verify(stage: Stage, waiting: VialImage):
    outsider = stage.person("dana", "data_scientist")
    with pytest.raises(RoleNotAllowed):
        verify_override(waiting, actor=outsider.actor(), seen=stage.seen(waiting))


@pytest.mark.requirement("URS-004")
def test_refusing_needs_a_reason_and_the_models_verdict_stands_again(stage: Stage, waiting: VialImage):
    with pytest.raises(ReasonMissing):
        refuse_override(waiting, actor=stage.second.actor(), seen=stage.seen(waiting), reason="")
    refuse_override(waiting, actor=stage.second.actor(), seen=stage.seen(waiting), reason="it is a real crack")
    state = read_image_state(waiting, outcome="reject")
    assert (state.verdict, state.is_reviewed) == ("reject", False)


@pytest.mark.requirement("URS-004")
def test_two_answers_at_once_give_one(stage: Stage, waiting: VialImage):
    seen = stage.seen(waiting)
    first = verify_override(waiting, actor=stage.second.actor(), seen=seen)
    assert verify_override(waiting, actor=stage.second.actor(), seen=seen).pk == first.pk
    with pytest.raises(DecisionStale):
        refuse_override(waiting, actor=stage.qa.actor(), seen=seen, reason="it is a real crack")


def test_a_unit_that_does_not_wait_cannot_be_verified(stage: Stage):
    image = stage.image("good")
    with pytest.raises(NothingToVerify):
        verify_override(image, actor=stage.second.actor(), seen=0)
    agree_with_model(image, actor=stage.operator.actor(), seen=0)
    with pytest.raises(NothingToVerify):
        verify_override(image, actor=stage.second.actor(), seen=stage.seen(image))


def test_turning_another_persons_reject_into_good_waits_too(stage: Stage):
    image = stage.image("undecided")
    stage.decide(image, "reject", defect=stage.defect("CRACK"))
    stage.decide(image, "good", by=stage.second)
    assert read_image_state(image, outcome="undecided").is_waiting
    verify_override(image, actor=stage.operator.actor(), seen=stage.seen(image))
    assert read_image_state(image, outcome="undecided").verdict == "good"
