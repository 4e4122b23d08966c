"""The list of what waits, and the pages of a series."""

import re

import pytest
from django.test import override_settings
from django.urls import reverse

from signatures.models import Series, Signature
from tests.signatures.browsers import browser_of
from tests.signatures.papers import submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.200(a)(1)(i)")]


@pytest.fixture
def papers(author):
    return [submitted_paper(author, title=f"Paper {number}") for number in range(2)]


@pytest.fixture
def desk(reviewer):
    return browser_of(reviewer)


def read(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def tick(desk, papers):
    return desk.post(reverse("signing:open-series"), {"item": [f"{paper.number}:approve" for paper in papers]})


def test_the_list_shows_what_waits_by_meaning(papers, desk):
    page = read(desk.get(reverse("signing:list")))
    assert "Reviewed" in page
    for paper in papers:
        assert f'value="{paper.number}:approve"' in page


def test_an_empty_list_says_what_will_appear(desk):
    assert "Nothing to sign." in read(desk.get(reverse("signing:list")))


def test_each_ticked_record_has_its_own_page_and_signature(papers, desk, reviewer):
    url = tick(desk, papers).url
    page = read(desk.get(url))
    assert "2 records, each signed on its own page" in page
    second = desk.post(url, {"decision": "sign", **reviewer.credentials()}).url
    assert second != url
    page = read(desk.get(second))
    assert f"{papers[0].number} is signed" in page
    done = desk.post(second, {"decision": "sign", **reviewer.credentials()}).url
    page = read(desk.get(done))
    assert all(signature.number in page for signature in Signature.objects.all())
    assert Signature.objects.count() == 2


@override_settings(SIGNING_SERIES="password")
def test_a_continuous_series_asks_for_no_code_where_the_site_allows_it(papers, desk, reviewer):
    url = tick(desk, papers).url
    assert 'name="code"' in read(desk.get(url))
    second = desk.post(url, {"decision": "sign", **reviewer.credentials()}).url
    page = read(desk.get(second))
    assert 'name="code"' not in page
    assert "the password alone signs this record" in page
    assert desk.post(second, {"decision": "sign", "password": reviewer.password}).status_code == 302
    assert Signature.objects.count() == 2


def test_nothing_ticked_is_a_sentence(papers, desk):
    answer = tick(desk, [])
    assert answer.status_code == 422
    assert "Tick the records" in read(answer)


def test_a_series_is_its_signers_alone(papers, desk, qa_manager):
    tick(desk, papers)
    series = Series.objects.get()
    stranger = browser_of(qa_manager)
    assert stranger.get(reverse("signing:series", args=[series.pk])).status_code == 404
    assert stranger.post(reverse("signing:leave-series", args=[series.pk])).status_code == 404


def test_leaving_the_series_keeps_what_is_signed(papers, desk, reviewer):
    url = tick(desk, papers).url
    desk.post(url, {"decision": "sign", **reviewer.credentials()})
    answer = desk.post(reverse("signing:leave-series", args=[Series.objects.get().pk]))
    page = read(desk.get(answer.url))
    assert "completed" in page
    assert "cancelled" in page
