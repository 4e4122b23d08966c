"""The quality unit gives, watches and ends a visit, and answers what the inspector asks for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qms.inspections.accesses import answer_request, end_access, grant_access
from qms.inspections.errors import AccessPeriodInvalid, NotAnInspector, RequestAnswered, ScopeMissing
from qms.inspections.models import InspectionRequest, InspectorAccess
from records.clock import now
from records.errors import ReasonMissing, RoleNotAllowed
from records.models import Event
from tests.plant_data import make_model
from tests.qms.scene import Scene, let_inspect

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)", "11.10(g)")]


@pytest.fixture
def quality(scene: Scene) -> Client:
    """Return the QA manager's browser."""
    return scene.people["qa_manager"].client(fresh=True)


@pytest.fixture
def desk(scene: Scene) -> Client:
    """Return the inspector's browser."""
    return scene.people["inspector"].client(fresh=True)


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def asked_for(scene: Scene, **facts: Any) -> InspectorAccess:
    """Give the other inspector an access, with some facts of one's own."""
    given: dict[str, Any] = {
        "actor": scene.people["qa_manager"].actor(),
        "agency": "EMA",
        "starts_at": now(),
        "ends_at": now() + dt.timedelta(days=5),
        "products": [scene.here.plant.product],
        "contact": "Maria Chen",
        "reason": "inspection 2026-17",
    }
    return grant_access(facts.pop("inspector", scene.strangers["inspector"].user), **(given | facts))


def test_an_access_is_given_on_the_page_with_term_scope_and_reason(scene: Scene, quality: Client):
    today = now().date()
    typed = {
        "inspector": scene.strangers["inspector"].user.pk,
        "agency": "EMA",
        "starts_on": today.isoformat(),
        "ends_on": (today + dt.timedelta(days=2)).isoformat(),
        "products": [scene.here.plant.product.pk],
        "may_export": "on",
        "contact": "Maria Chen, extension 12",
        "reason": "inspection 2026-17",
    }
    answer = quality.post(reverse("inspections:access-create"), typed)
    assert answer.status_code == 302
    access = InspectorAccess.objects.latest("id")
    assert access.ends_at == dt.datetime.combine(today + dt.timedelta(days=3), dt.time(), tzinfo=dt.UTC)
    event = Event.objects.filter(act="inspections.access.granted").latest("id")
    assert (event.reason, event.actor_username) == ("inspection 2026-17", "qa_manager")
    assert event.details["scope"] == [scene.here.plant.product.code]
    assert "Stranger" in read(quality, answer.headers["Location"])


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"ends_at": now() - dt.timedelta(days=1)}, AccessPeriodInvalid),
        ({"ends_at": now() + dt.timedelta(days=200)}, AccessPeriodInvalid),
        ({"products": []}, ScopeMissing),
        ({"reason": " "}, ReasonMissing),
    ],
)
def test_an_access_without_term_scope_or_reason_is_refused(
    scene: Scene, facts: dict[str, Any], refusal: type[Exception]
):
    before = InspectorAccess.objects.count()
    with pytest.raises(refusal):
        asked_for(scene, **facts)
    assert InspectorAccess.objects.count() == before


def test_only_quality_assurance_gives_access_and_only_to_inspectors(scene: Scene):
    for role in ("operator", "reviewer", "inspector"):
        with pytest.raises(RoleNotAllowed):
            asked_for(scene, actor=scene.people[role].actor())
    with pytest.raises(NotAnInspector):
        asked_for(scene, inspector=scene.people["operator"].user)


def test_a_day_that_no_calendar_reckons_with_is_refused_in_the_form(scene: Scene, quality: Client):
    typed = {"starts_on": "2026-01-01", "ends_on": "9999-12-31"}
    answer = quality.post(reverse("inspections:access-create"), typed)
    assert answer.status_code == 422


def test_ending_an_access_keeps_it_on_record(scene: Scene, quality: Client):
    access = asked_for(scene)
    path = reverse("inspections:access-end", args=[access.pk])
    assert quality.post(path, {"reason": ""}).status_code == 422
    access.refresh_from_db()
    assert access.ends_at > now()
    assert quality.post(path, {"reason": "the visit is over"}).status_code == 302
    access.refresh_from_db()
    assert access.ends_at <= now()
    assert access.history.count() == 2
    assert Event.objects.get(act="inspections.access.ended").reason == "the visit is over"


def test_an_access_that_has_not_begun_can_be_ended_too(scene: Scene):
    access = asked_for(scene, starts_at=now() + dt.timedelta(days=1))
    ended = end_access(access, actor=scene.people["qa_manager"].actor(), reason="cancelled")
    assert ended.starts_at < ended.ends_at <= now() + dt.timedelta(seconds=1)


def test_the_back_room_shows_live_what_the_inspector_opened(scene: Scene, quality: Client, desk: Client):
    desk.get(reverse("inspections:search"), {"q": "glovebox"})
    desk.get(scene.here.path("inspections:lot-detail"))
    desk.get(scene.here.path("inspections:record-verify"))
    page = read(quality, scene.here.path("inspections:access-detail"))
    assert "searched for “glovebox” and found 0" in page
    assert f"opened lot {scene.here.lot.number}" in page
    assert "(verification)" in page


def test_what_an_inspector_reads_for_another_product_stays_with_its_people(scene: Scene, quality: Client):
    let_inspect(
        scene.people["inspector"], scene.elsewhere.plant.product, qa_manager=scene.strangers["qa_manager"], days=5
    )
    client = scene.people["inspector"].client(fresh=True)
    client.get(scene.elsewhere.path("inspections:lot-detail"))
    client.get(scene.here.path("inspections:record-detail"))
    page = read(quality, scene.here.path("inspections:access-detail"))
    assert "L-OTHER-1" not in page
    assert f"opened {scene.here.batch.number}" in page


def test_two_accesses_at_once_open_what_both_cover_and_copies_only_where_given(scene: Scene, desk: Client):
    let_inspect(
        scene.people["inspector"],
        scene.elsewhere.plant.product,
        qa_manager=scene.strangers["qa_manager"],
        days=5,
        may_export=False,
    )
    for place in (scene.here, scene.elsewhere):
        read(desk, place.path("inspections:lot-detail"))
        read(desk, reverse("inspections:record-detail", args=[place.batch.number]))
    copy = "inspections:export-create"
    assert desk.post(reverse(copy, args=[scene.here.batch.number])).status_code == 302
    assert desk.post(reverse(copy, args=[scene.elsewhere.batch.number])).status_code == 403


def test_a_request_is_answered_with_a_record_which_then_opens(scene: Scene, quality: Client, desk: Client):
    draft = make_model(scene.people["data_scientist"], name="not-yet-used")
    path = reverse("inspections:record-detail", args=[draft.number])
    assert desk.get(path).status_code == 404
    desk.post(reverse("inspections:request-create"), {"text": "The draft of the next model, please."})
    asked = InspectionRequest.objects.get(text__startswith="The draft")
    assert "The draft of the next model" in read(quality, reverse("inspections:inspection-list"))
    answer = quality.post(
        reverse("inspections:request-answer", args=[asked.pk]), {"record": draft.number.lower(), "answer": "Here."}
    )
    assert answer.status_code == 302
    assert desk.get(path).status_code == 200
    assert draft.number in read(desk, reverse("inspections:request-list"))
    assert Event.objects.get(act="inspections.request.answered").record_id == draft.pk


def test_a_request_can_be_declined_with_a_reason_and_is_answered_once(scene: Scene, quality: Client, desk: Client):
    path = scene.here.path("inspections:request-answer")
    assert quality.post(path, {"record": "", "answer": ""}).status_code == 422
    assert quality.post(path, {"record": "", "answer": "There is no such record."}).status_code == 302
    page = read(desk, reverse("inspections:request-list"))
    assert "declined" in page
    assert "There is no such record." in page
    assert quality.post(path, {"record": "", "answer": "Again."}).status_code == 409
    asked = InspectionRequest.objects.get(pk=scene.here.arguments["inspections:request-answer pk"])
    with pytest.raises(RequestAnswered):
        answer_request(asked, actor=scene.people["qa_manager"].actor(), answer="Again", record=None, is_provided=False)


def test_a_record_that_is_not_there_cannot_be_provided(scene: Scene, quality: Client):
    path = scene.here.path("inspections:request-answer")
    for number in ("BR-2026-9999", scene.elsewhere.batch.number):
        answer = quality.post(path, {"record": number, "answer": "Here."})
        assert answer.status_code == 422
        assert f"There is no record {number}." in answer.content.decode()


def test_company_people_have_no_requests_to_make(scene: Scene):
    for role in ("qa_manager", "reviewer"):
        client = scene.people[role].client(fresh=True)
        assert client.post(reverse("inspections:request-create"), {"text": "Anything"}).status_code == 403
    assert not InspectionRequest.objects.filter(text="Anything").exists()


def test_every_page_of_an_inspector_says_until_when_and_that_it_is_recorded(scene: Scene, desk: Client):
    for path in (reverse("inspections:search"), scene.here.path("inspections:lot-detail")):
        page = read(desk, path)
        assert "Read-only inspection access until" in page
        assert "your views and exports are recorded" in page


@pytest.mark.parametrize(
    ("method", "route", "status"),
    [
        ("GET", "batches:product-list", 404),  # another room
        ("POST", "home:home", 403),  # writing
        ("GET", "nowhere", 404),  # no address at all
        ("GET", "inspections:lot-detail", 404),  # outside the scope
    ],
)
def test_refusals_say_it_too(scene: Scene, method: str, route: str, status: int):
    strange = reverse("inspections:lot-detail", args=[scene.elsewhere.lot.number])
    path = {"nowhere": "/nowhere/", "inspections:lot-detail": strange}.get(route) or scene.here.path(route)
    answer = scene.ask("inspector", method, path)
    assert answer.status == status
    assert "your views and exports are recorded" in answer.body.decode()
