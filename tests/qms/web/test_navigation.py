"""The navigation shows what a person may open, marks where they are, and stays short."""

from __future__ import annotations

import pytest
from django.test import Client

from qms.web import navigation

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"operator"}, ["Home", "Batches", "Models"]),
        ({"qa_manager"}, ["Home", "Batches", "Models", "Validation", "Inspections", "Audit trail"]),
        ({"validation_engineer"}, ["Home", "Batches", "Models", "Validation"]),
        ({"administrator"}, ["Home", "People", "System"]),
        ({"security_officer"}, ["Home", "People"]),
        ({"sponsor"}, ["Home"]),
        (set(), ["Home"]),
    ],
)
def test_each_role_sees_its_own_places(roles: set[str], words: list[str]) -> None:
    assert [link.label for link in navigation.list_links("/", roles=roles)] == words


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize(
    ("roles", "address"),
    [
        ({"inspector"}, "/inspections/search/"),
        ({"qa_manager", "operator"}, "/inspections/search/"),
        ({"operator"}, "/batches/batch-list/"),
        ({"administrator"}, ""),
    ],
)
def test_the_search_box_leads_where_the_person_may_search(roles: set[str], address: str) -> None:
    assert navigation.find_search(roles) == address


def test_there_are_never_more_than_eight_places() -> None:
    assert len(navigation.ENTRIES) <= 8
    assert len({entry.key for entry in navigation.ENTRIES}) == len(navigation.ENTRIES)


def test_a_visitor_sees_no_navigation_and_no_search(guide: Client) -> None:
    page = guide.get("/help/", headers={"X-Person": "nobody"}).content.decode()
    assert 'id="navigation"' not in page
    assert 'role="search"' not in page


def test_the_place_is_marked_on_its_own_page_and_on_pages_below(guide: Client) -> None:
    def current(path: str) -> list[tuple[str, str]]:
        return [(link.label, link.current) for link in navigation.list_links(path, roles={"operator"}) if link.current]

    assert current("/batches/batch-list/") == [("Batches", "page")]
    assert current("/batches/batch-list/7/review") == [("Batches", "true")]
    assert current("/elsewhere") == []


def test_an_app_that_is_not_mounted_is_not_shown() -> None:
    missing = navigation.Entry("Nowhere", "home", "nowhere:home", "n", navigation.EVERYONE)
    assert navigation.list_links("/", roles={"operator"}, entries=[missing]) == []


def test_the_search_words_stand_in_the_search_box_escaped(guide: Client) -> None:
    page = guide.get("/guide/list", {"q": '"><script>'}).content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;"' in page
