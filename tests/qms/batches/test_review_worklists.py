"""Each person's home lists what waits for them on batches, and nothing that does not."""

import pytest
from django.urls import reverse

from qms.batches.review_queries import (
    batches_returned,
    overrides_to_verify,
)
from qms.batches.review_units import list_units
from qms.home.worklists import worklists_of
from records.workflow import perform_transition
from signatures.models import Signature
from signatures.worklist import tasks_to_sign
from tests.qms.batches.review_stage import Stage

pytestmark = pytest.mark.django_db


def waiting(stage: Stage, who: str) -> dict[str, str]:
    """Return what a person's home page asks of them, by the title of its card."""
    cards = worklists_of(getattr(stage, who).actor())
    return {card.title: task.what for card in cards for task in card.tasks}


def test_the_lists_follow_a_batch_through_its_life(stage: Stage) -> None:
    everybody = ("operator", "second", "reviewer", "qa")
    steps = [{who: waiting(stage, who) for who in everybody}]
    to_do = sum(unit.is_open for unit in list_units(stage.fresh()))
    stage.review_all()
    steps.append({who: waiting(stage, who) for who in everybody})
    stage.sample()
    stage.sign("sign_review", stage.operator)
    steps.append({who: waiting(stage, who) for who in everybody})
    stage.sign("sign_trail_review", stage.reviewer)
    steps.append({who: waiting(stage, who) for who in everybody})
    stage.sign("release", stage.qa)
    steps.append({who: waiting(stage, who) for who in everybody})
    operators, independent = ("operator", "second"), ("reviewer", "qa")
    assert [{who: row[who] for who in everybody if row[who]} for row in steps] == [
        {who: {"To review": f"{to_do} units to review"} for who in operators},
        {who: {"To review": "All units reviewed: decide the batch"} for who in operators},
        {who: {"To sign": "Sign the audit trail review"} for who in independent},
        {"qa": {"To sign": "Decide the disposition"}},
        {},
    ]


def test_an_override_waits_for_everybody_but_its_maker(stage: Stage) -> None:
    stage.decide(stage.image("reject"), "good", reason_code="R1")
    assert overrides_to_verify(stage.operator.actor()) == []
    for who in ("second", "reviewer", "qa"):
        assert len(overrides_to_verify(getattr(stage, who).actor())) == 1
    row = overrides_to_verify(stage.second.actor())[0]
    assert (row.record.number, row.what, row.count) == (stage.batch.number, "1 decision to verify", 1)
    assert row.url.endswith("?show=waiting")


def test_a_returned_batch_says_why(stage: Stage) -> None:
    stage.complete()
    stage.sign("sign_review", stage.operator)
    perform_transition(
        stage.fresh(), "return_to_review", actor=stage.reviewer.actor(), reason="explain the override of F-022"
    )
    row = batches_returned(stage.operator.actor())[0]
    assert row.what == "Returned: explain the override of F-022"
    assert row.since.tzinfo is not None


def test_a_stranger_to_the_product_has_nothing_waiting(stage: Stage) -> None:
    stranger = stage.crew.add("stan", "operator", "reviewer")
    assert not any(card.tasks for card in worklists_of(stranger.actor()))


def test_one_disposition_is_one_task_and_the_next_leads_to_the_page_where_it_is_weighed(stage: Stage):
    """A disposition can end in four ways and none is chosen for QA; no released model waits to be retired."""
    stage.complete()
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)
    assert [(item.record.number, item.page) for item in tasks_to_sign(stage.qa.actor())] == [
        (stage.batch.number, "batches:disposition")
    ]
    tasks = [task.what for card in worklists_of(stage.qa.actor()) if card.title == "To sign" for task in card.tasks]
    assert tasks == ["Decide the disposition"]
    client = stage.qa.client()
    assert client.post(reverse("signing:next")).headers["Location"] == reverse(
        "batches:disposition", args=[stage.batch.number]
    )
    own = Signature.objects.filter(signer=stage.qa.user).latest("id")
    page = client.get(reverse("signing:signature-detail", args=[own.number])).content.decode()
    assert "Next in my list (1)" in page
