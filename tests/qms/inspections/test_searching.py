"""One search box finds lots, records and people of the reader's scope, and suggests the near name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from records.models import Event
from tests.qms.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)")]

SEARCH = reverse("inspections:search")


@pytest.fixture
def desk(scene: Scene) -> Client:
    """Return the inspector's browser."""
    return scene.people["inspector"].client(fresh=True)


def read(client: Client, query: str) -> str:
    answer = client.get(SEARCH, {"q": query})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_exact_number_opens_at_once(scene: Scene, desk: Client):
    for query in ("L-CANARY-4711", " l-canary-4711 "):
        assert desk.get(SEARCH, {"q": query}).headers["Location"] == scene.here.path("inspections:lot-detail")
    for number in (scene.here.batch.number, scene.here.plant.model.number):
        found = desk.get(SEARCH, {"q": number.lower()})
        assert found.headers["Location"] == reverse("inspections:record-detail", args=[number])


def test_a_signature_number_opens_the_signature_within_the_scope_only(scene: Scene, desk: Client):
    number = str(scene.here.arguments["signing number"])
    found = desk.get(SEARCH, {"q": number.lower()})
    assert found.headers["Location"] == reverse("signing:signature-detail", args=[number])
    stranger = scene.strangers["inspector"].client(fresh=True)
    assert f"No entry for {number}" in read(stranger, number)


def test_part_of_a_number_lists_what_matches(scene: Scene, desk: Client):
    page = read(desk, "CANARY")
    assert "2 found for" in page
    assert scene.here.path("inspections:lot-detail") in page


def test_a_product_name_finds_its_lots_and_records(scene: Scene, desk: Client):
    page = read(desk, "Fentanyl")
    assert scene.here.path("inspections:lot-detail") in page
    assert "Sodium" not in page


def test_a_person_is_found_by_what_they_did_within_the_scope(scene: Scene, desk: Client):
    page = read(desk, "Operat")
    assert f"{reverse('inspections:timeline')}?person=operator" in page
    assert "stranger.operator" not in page


def test_a_near_miss_is_offered_as_a_suggestion(scene: Scene, desk: Client):
    page = read(desk, "L-CANARY-4117")
    assert "No entry for L-CANARY-4117" in page
    assert "Did you mean" in page
    assert "L-CANARY-4711" in page


def test_nothing_outside_the_scope_is_found_or_suggested(scene: Scene, desk: Client):
    for query in ("L-OTHER-1", scene.elsewhere.batch.number, "Sodium", "stranger.operator", "L-OTHER-2"):
        page = read(desk, query)
        assert f"No entry for {query}" in page
        assert scene.elsewhere.path("inspections:lot-detail") not in page
        assert "Did you mean" not in page.replace(query, "") or "OTHER" not in page.replace(query, "")


def test_a_batch_number_of_another_product_is_answered_like_a_wrong_one(scene: Scene, desk: Client):
    wrong, foreign = "BR-2026-9999", scene.elsewhere.batch.number
    pages = [read(desk, number).replace(number, "NUMBER") for number in (wrong, foreign)]
    assert "No entry for NUMBER" in pages[0]
    assert "No entry for NUMBER" in pages[1]


def test_each_search_is_an_event_with_its_words_and_hits(scene: Scene, desk: Client):
    read(desk, "CANARY")
    event = Event.objects.filter(act="inspections.search.made").latest("id")
    assert event.actor_username == "inspector"
    assert event.details == {"query": "CANARY", "hits": 2}


@pytest.mark.parametrize("query", ["\x00", "L-\x00"])
def test_a_character_that_no_name_can_have_is_refused_in_a_sentence(scene: Scene, desk: Client, query: str):
    answer = desk.get(SEARCH, {"q": query})
    assert answer.status_code == 404
    assert "a character that no name here can have" in answer.content.decode()


@pytest.mark.parametrize("query", ["%", "_", "' OR 1=1 --", "\\", "💉", "x" * 5_000, "<b>lot</b>"])
def test_odd_input_finds_nothing_and_breaks_nothing(scene: Scene, desk: Client, query: str):
    desk.raise_request_exception = False
    answer = desk.get(SEARCH, {"q": query})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<b>lot</b>" not in page
    assert "L-CANARY" not in page


def test_quality_people_search_their_own_products(scene: Scene):
    page = read(scene.people["qa_manager"].client(fresh=True), "L-")
    assert "L-CANARY-4711" in page
    assert "L-OTHER-1" not in page
