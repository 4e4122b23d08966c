"""A stolen session signs nothing: not without both components, not from elsewhere, not in a frame."""

import pytest
from django.test import Client
from django.urls import reverse

from signatures.models import Signature
from tests.signatures.browsers import browser_of
from tests.signatures.papers import submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.200(a)(1)", "11.200(a)(2)"), pytest.mark.assurance("B5")]


@pytest.fixture
def strict(reviewer):
    """Return a signed-in browser at a site that checks form tokens, as the real one does."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = browser_of(reviewer).cookies
    return client


@pytest.fixture
def url(author, strict):
    paper = submitted_paper(author)
    strict.get("/")
    token = strict.cookies["csrf"].value
    return strict.post(reverse("signing:open", args=[paper.number, "approve"]), {"csrfmiddlewaretoken": token}).url


def typed(strict, person, **changes):
    token = strict.cookies["csrf"].value
    return {"csrfmiddlewaretoken": token, "decision": "sign", **person.credentials()} | changes


def test_with_the_session_alone_nothing_is_signed(strict, url, reviewer):
    token = {"csrfmiddlewaretoken": strict.cookies["csrf"].value, "decision": "sign"}
    assert strict.post(url, token).status_code == 422
    assert strict.post(url, token | {"password": reviewer.password}).status_code == 422
    assert strict.post(url, token | {"code": reviewer.code()}).status_code == 422
    assert not Signature.objects.exists()


def test_without_the_form_token_nothing_is_signed(strict, url, reviewer):
    form = typed(strict, reviewer)
    del form["csrfmiddlewaretoken"]
    assert strict.post(url, form).status_code == 403
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://testserver.evil.example"]
)
def test_from_another_origin_nothing_is_signed(strict, url, reviewer, origin):
    assert strict.post(url, typed(strict, reviewer), headers={"origin": origin}).status_code == 403
    assert not Signature.objects.exists()


def test_the_page_cannot_be_framed(strict, url):
    answer = strict.get(url)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store, private"


def test_opening_and_leaving_need_the_form_token_too(strict, url, author):
    other = submitted_paper(author, title="Another")
    assert strict.post(reverse("signing:open", args=[other.number, "approve"])).status_code == 403
    assert strict.post(f"{url}/cancel").status_code == 403
    assert strict.post(reverse("signing:next")).status_code == 403


def test_a_get_signs_nothing(strict, url, reviewer):
    assert strict.get(url, typed(strict, reviewer)).status_code == 200
    assert not Signature.objects.exists()


def test_with_everything_right_the_same_browser_signs(strict, url, reviewer):
    """The negative control: what was refused above was refused for its own reason."""
    assert strict.post(url, typed(strict, reviewer)).status_code == 302
    assert Signature.objects.count() == 1
