"""The pages of the review work with scripts off, show what is open, and refuse strangers."""

import datetime as dt
import json
from typing import Any

import pytest
from django.urls import reverse

from qms.accounts.profile import save_preferences
from qms.batches.models import Decision
from qms.batches.review_units import draw_random_check, list_units
from qms.batches.trail_review import FOCI
from records.acts import find_act
from tests.people import Person
from tests.qms.batches.review_stage import Stage
from validation.sampling import draw_sample

pytestmark = pytest.mark.django_db


def page(stage: Stage, name: str, *args: object, by: Person | None = None, **query: str):
    client = (by or stage.operator).client(fresh=True)
    return client.get(reverse(f"batches:{name}", args=[stage.batch.number, *args]), query)


def post(stage: Stage, name: str, *args: object, by: Person | None = None, json_wanted: bool = False, **fields: object):
    client = (by or stage.operator).client(fresh=True)
    headers = {"Accept": "application/json"} if json_wanted else {}
    return client.post(reverse(f"batches:{name}", args=[stage.batch.number, *args]), fields, headers=headers)


def test_the_grid_opens_on_what_nobody_has_reviewed(stage: Stage):
    answer = page(stage, "review")
    assert answer.status_code == 200
    shown = {unit.unit_id for unit in answer.context["page"].units}
    assert shown == {unit.unit_id for unit in list_units(stage.fresh()) if unit.is_required}
    text = answer.content.decode()
    assert text.count('class="unit ') == len(shown)
    assert 'aria-current="true"' in text


def test_each_chip_shows_what_it_counts(stage: Stage):
    stage.decide(stage.image("good"), "reject", defect=stage.defect("FILL"), reason_code="R6")
    stage.decide(stage.image("reject"), "good", reason_code="R1")
    for chip in page(stage, "review").context["page"].chips:
        found = page(stage, "review", show=chip.filter.name).context["page"]
        assert len(found.units) == chip.count, chip.filter.name


@pytest.mark.parametrize("query", [{"show": "nonsense"}, {"page": "99999999999"}, {"page": "-1"}, {"sort": "'; drop"}])
def test_odd_queries_show_the_default(stage: Stage, query: dict[str, Any]):
    assert page(stage, "review", **query).status_code == 200


def test_the_grid_costs_the_same_few_queries_whatever_it_shows(stage: Stage, django_assert_max_num_queries):
    client = stage.operator.client(fresh=True)
    address = reverse("batches:review", args=[stage.batch.number])
    stage.review_all()
    with django_assert_max_num_queries(14):
        client.get(address, {"show": "all"})
    with django_assert_max_num_queries(16):
        client.get(reverse("batches:review-queue", args=[stage.batch.number]), {"show": "all"})


@pytest.mark.clause("11.10(e)")
def test_anyone_can_draw_the_random_check_again(stage: Stage):
    facts = page(stage, "random-check").json()
    again = draw_sample(facts["accepted_by_model"], n=facts["size"], seed=facts["seed"])
    assert sorted(again) == facts["drawn"]
    assert set(facts["drawn"]) == draw_random_check(stage.fresh(), accepted=facts["accepted_by_model"])
    assert facts["size"] == 4


def test_a_unit_is_decided_with_a_plain_form_and_the_next_one_follows(stage: Stage):
    image = stage.image("reject")
    text = page(stage, "unit", image.unit_id).content.decode()
    assert "Agree: reject" in text
    answer = post(stage, "unit-decide", image.unit_id, action="agree", seen=0)
    assert answer.status_code == 302
    assert "/units/" in answer["Location"]
    assert Decision.objects.get(image=image).verdict == "reject"


def test_a_refused_form_keeps_what_was_typed_and_says_why(stage: Stage):
    image = stage.image("reject")
    answer = post(stage, "unit-decide", image.unit_id, action="good", seen=0, reason_code="R9", reason_text="short")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "at least 10 characters" in text
    assert "short</textarea>" in text
    assert "<title>Error:" in text


def test_an_empty_grid_says_why_and_what_comes_next(stage: Stage):
    assert "No unit of this batch is of this kind." in page(stage, "review", show="overridden").content.decode()
    stage.review_all()
    text = page(stage, "review").content.decode()
    assert "All required units are reviewed." in text
    assert f'href="{reverse("batches:check-answers", args=[stage.batch.number])}"' in text
    stage.sample()
    stage.sign("sign_review", stage.operator)
    assert "Nothing to review: this batch is not in review." in page(stage, "review").content.decode()


def test_a_stale_form_is_told_what_the_other_person_decided(stage: Stage):
    image = stage.image("good")
    stage.decide(image, "reject", defect=stage.defect("CRACK"), reason_code="R6", by=stage.second)
    answer = post(stage, "unit-decide", image.unit_id, action="agree", seen=0)
    assert answer.status_code == 409
    assert "Kim Wu decided unit" in answer.content.decode()
    problem = post(stage, "unit-decide", image.unit_id, action="agree", seen=0, json_wanted=True)
    assert (problem.status_code, problem.json()["code"]) == (409, "batches.decision_stale")


def test_the_lightbox_gets_the_unit_and_the_counts_back(stage: Stage):
    image = stage.image("reject")
    answer = post(stage, "unit-decide", image.unit_id, action="agree", seen=0, json_wanted=True).json()
    assert (answer["unit"]["verdict"], answer["unit"]["reviewed"], answer["unit"]["mine"]) == ("reject", True, True)
    assert answer["unit"]["lines"][0]["who"] == "Ana Silva"
    todo = len([unit for unit in list_units(stage.fresh()) if unit.is_open])
    assert answer["counts"]["todo"] == todo


def test_the_lightbox_shows_when_somebody_decided_in_the_viewers_zone(stage: Stage):
    save_preferences(
        stage.operator.user, time_zone="Asia/Kolkata", shortcuts_enabled=True, actor=stage.operator.actor()
    )
    image = stage.image("reject")
    answer = post(stage, "unit-decide", image.unit_id, action="agree", seen=0, json_wanted=True).json()
    line, decided = answer["unit"]["lines"][0], image.decisions.get().decided_at
    assert dt.datetime.fromisoformat(line["at"]) == decided
    assert line["when"] == f"{decided + dt.timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M:%S} UTC+05:30"
    assert line["utc"].endswith(f"{decided:%H:%M:%S} UTC")


def test_a_second_person_verifies_on_the_page_and_the_first_is_not_offered_to(stage: Stage):
    image = stage.image("reject")
    stage.decide(image, "good", reason_code="R1")
    assert "Waiting for a second person" not in page(stage, "unit", image.unit_id).content.decode()
    text = page(stage, "unit", image.unit_id, by=stage.second).content.decode()
    assert "Waiting for a second person" in text
    answer = post(stage, "unit-verify", image.unit_id, by=stage.second, answer="verify", seen=stage.seen(image))
    assert answer.status_code == 302
    assert post(stage, "unit-verify", image.unit_id, answer="verify", seen=stage.seen(image)).status_code == 409


@pytest.mark.assurance("A2")
@pytest.mark.parametrize(
    "name",
    ["review", "review-queue", "random-check", "check-answers", "sample", "reconciliation", "trail", "disposition"],
)
def test_somebody_without_access_to_the_product_finds_nothing(stage: Stage, name: str):
    stranger = stage.crew.add("stan", "operator")
    answer = page(stage, name, by=stranger)
    assert answer.status_code == 404
    assert stage.batch.lot.number not in answer.content.decode()


@pytest.mark.assurance("A2")
def test_a_unit_of_another_batch_cannot_be_decided_through_this_one(stage: Stage):
    assert page(stage, "unit", "X-999").status_code == 404
    assert post(stage, "unit-decide", "X-999", action="agree", seen=0).status_code == 404


@pytest.mark.clause("11.10(g)")
@pytest.mark.parametrize(("who", "status"), [("reviewer", 403), ("qa", 403), ("second", 302)])
def test_only_operators_decide_through_the_page(stage: Stage, who: str, status: int):
    image = stage.image("reject")
    answer = post(stage, "unit-decide", image.unit_id, by=getattr(stage, who), action="agree", seen=0)
    assert answer.status_code == status


def test_open_points_are_links_and_nothing_can_be_signed(stage: Stage):
    text = page(stage, "check-answers").content.decode()
    assert "Open points: the review cannot be signed yet" in text
    assert f"{reverse('batches:review', args=[stage.batch.number])}?show=todo" in text
    assert "sign_review" not in text


def test_a_complete_batch_offers_to_sign(stage: Stage):
    stage.complete()
    answer = page(stage, "check-answers")
    assert reverse("signing:open", args=[stage.batch.number, "sign_review"]) in answer.content.decode()
    tally = answer.context["answers"].tally
    assert (tally.inspected, tally.accepted + tally.rejected, tally.open) == (40, 40, 0)


def test_the_sample_is_drawn_and_entered_on_its_page(stage: Stage):
    stage.review_all()
    assert post(stage, "sample-draw").status_code == 302
    text = page(stage, "sample").content.decode()
    units = stage.fresh().aql_sample.units
    assert f"No defects found in these {len(units)} units" in text
    half = {"row-TOTAL_FORMS": 1, "row-INITIAL_FORMS": 0, "row-0-unit": units[0]}
    answer = post(stage, "sample", **half)
    assert answer.status_code == 422
    assert "Name both the unit and its defect class" in answer.content.decode()
    filled = half | {"row-0-defect": stage.defect("SCRATCH").pk}
    assert post(stage, "sample", **filled).status_code == 302
    assert stage.fresh().aql_sample.findings.get().image.unit_id == units[0]


def test_the_fast_button_says_that_nothing_was_found(stage: Stage):
    stage.review_all()
    post(stage, "sample-draw")
    assert post(stage, "sample", none="yes").status_code == 302
    assert stage.fresh().aql_sample.passed


def test_the_count_is_entered_on_its_page(stage: Stage):
    stage.complete()
    assert post(stage, "reconciliation", destroyed=3).status_code == 422
    assert post(stage, "reconciliation", destroyed=0).status_code == 302


def test_every_page_of_the_review_opens_in_every_state(stage: Stage):
    names = ("review", "check-answers", "sample", "reconciliation", "trail", "disposition")

    def all_open(who: Person) -> None:
        for name in names:
            assert page(stage, name, by=who).status_code == 200, name

    all_open(stage.operator)
    stage.complete()
    all_open(stage.second)
    stage.sign("sign_review", stage.operator)
    all_open(stage.reviewer)
    stage.sign("sign_trail_review", stage.reviewer)
    all_open(stage.qa)
    stage.sign("reinspect", stage.qa, reason="the lamp was weak")
    all_open(stage.operator)
    assert "Create the re-inspection" in page(stage, "disposition").content.decode()


def test_every_act_that_the_trail_review_looks_for_exists() -> None:
    assert [act for focus in FOCI for act in focus.acts if find_act(act) is None] == []


def test_the_trail_review_shows_overrides_and_refusals_first(stage: Stage):
    stage.decide(stage.image("reject"), "good", reason_code="R1")
    post(stage, "unit-decide", stage.image("reject").unit_id, action="agree", seen=0)
    trail = page(stage, "trail", by=stage.reviewer).context["trail"]
    shown = {focus.name: [entry.event.act for entry in entries] for focus, entries in trail.parts}
    assert shown["overrides"] == ["batches.unit.overridden"]
    assert "records.act.refused" in shown["refused"]
    assert trail.total > trail.shown


def test_a_disposition_without_its_reason_is_asked_for_before_signing(stage: Stage):
    stage.complete()
    stage.sign("sign_review", stage.operator)
    stage.sign("sign_trail_review", stage.reviewer)
    assert post(stage, "disposition", by=stage.qa, action="reject").status_code == 422
    answer = post(stage, "disposition", by=stage.qa, action="reject", reason="mix-ups in the lot")
    assert answer.status_code == 302
    assert "/sign/" in answer["Location"]
    assert post(stage, "return", by=stage.qa, reason="explain unit F-022").status_code == 302
    assert stage.fresh().state == "in_review"


def test_what_a_person_types_leaves_escaped(stage: Stage):
    attack = "<script>alert(1)</script> and more"
    stage.decide(stage.image("good"), "reject", defect=stage.defect("FILL"), reason_code="R9", reason_text=attack)
    for name in ("check-answers", "trail"):
        text = page(stage, name).content.decode()
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text
    queue = page(stage, "review-queue", show="overridden")
    assert json.loads(queue.content)["units"][0]["lines"][0]["reason"] == f"R9 Other: {attack}"
