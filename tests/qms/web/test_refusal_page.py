"""A refusal becomes a page that names the rule and who can help; a fault names its incident."""

from __future__ import annotations

import json
import logging
import re

import pytest
from django.test import Client

from records.models import Event
from tests.people import Crew

pytestmark = pytest.mark.django_db
NOBODY = {"X-Person": "nobody"}


@pytest.mark.parametrize("status", [403, 404, 409, 422, 423, 429])
def test_a_refusal_is_a_page_with_its_status_sentence_and_code(guide: Client, status: int) -> None:
    answer = guide.get(f"/guide/refuse/{status}", headers=NOBODY)
    page = answer.content.decode()
    assert answer.status_code == status
    assert "Another person must confirm &lt;BR-2026-0042&gt;." in page
    assert "guide.second_person_missing" in page
    assert "21 CFR 11.10(g)" in page
    assert "<title>Error: " in page


@pytest.mark.parametrize(
    ("status", "helper"), [(403, "administrator can grant"), (423, "security officer"), (409, "Open the record again")]
)
def test_the_page_says_who_can_help(guide: Client, status: int, helper: str) -> None:
    assert helper in guide.get(f"/guide/refuse/{status}", headers=NOBODY).content.decode()


def test_a_waiting_time_is_told_to_machines_too(guide: Client) -> None:
    assert guide.get("/guide/refuse/429", headers=NOBODY).headers["Retry-After"] == "90"
    assert "Retry-After" not in guide.get("/guide/refuse/409", headers=NOBODY).headers


def test_htmx_gets_a_fragment_for_the_place_of_messages(guide: Client) -> None:
    answer = guide.get("/guide/refuse/409", headers={**NOBODY, "HX-Request": "true"})
    page = answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#messages"
    assert "<html" not in page
    assert 'role="alert"' in page
    assert "Another person must confirm" in page


def test_a_script_gets_a_problem_document(guide: Client) -> None:
    answer = guide.get("/guide/refuse/422", headers={**NOBODY, "Accept": "application/json"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == "guide.second_person_missing"


def test_a_missing_page_does_not_tell_whether_something_hides_there(guide: Client) -> None:
    answer = guide.get("/batches/BR-2026-0001", headers=NOBODY)
    assert answer.status_code == 404
    assert "or nothing that you may see" in answer.content.decode()


def test_a_fault_shows_an_incident_number_that_is_in_the_log_and_no_detail(
    guide: Client, caplog: pytest.LogCaptureFixture
) -> None:
    guide.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        answer = guide.get("/guide/fault", headers=NOBODY)
    page = answer.content.decode()
    found = re.search(r'Incident number <strong class="number">([0-9a-f]{16})</strong>', page)
    assert answer.status_code == 500
    assert found is not None
    assert f"incident {found[1]}" in caplog.text
    assert answer.headers["X-Request-ID"] == found[1]
    assert "secret detail" not in page
    assert "ZeroDivisionError" not in page


def test_a_fault_of_the_software_that_a_refusal_names_is_logged_as_well(
    guide: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = guide.get("/guide/refuse/500", headers=NOBODY)
    assert answer.status_code == 500
    assert f"incident {answer.headers['X-Request-ID']}" in caplog.text


def test_a_fault_reaches_htmx_as_a_fragment(guide: Client) -> None:
    guide.raise_request_exception = False
    answer = guide.get("/guide/fault", headers={**NOBODY, "HX-Request": "true"})
    assert answer.headers["HX-Retarget"] == "#messages"
    assert "<html" not in answer.content.decode()


@pytest.mark.clause("11.10(d)", "11.10(g)")
@pytest.mark.parametrize("path", ["/guide/refuse/403", "/guide/deny"])
def test_a_denied_page_is_an_event_of_the_person(guide: Client, crew: Crew, path: str) -> None:
    person = crew.add("jortiz", "operator")
    answer = guide.get(path, headers={"X-Person": "jortiz"})
    event = Event.objects.filter(act="records.access.denied").latest("id")
    assert answer.status_code == 403
    assert (event.actor_id, event.details["path"]) == (person.user.pk, path)
    assert event.request_id == answer.headers["X-Request-ID"]


@pytest.mark.clause("11.10(f)")
def test_an_act_that_came_too_late_is_an_event_of_the_person(guide: Client, crew: Crew) -> None:
    crew.add("jortiz", "operator")
    guide.post("/guide/refuse/409", headers={"X-Person": "jortiz"})
    event = Event.objects.filter(act="records.act.refused").latest("id")
    assert event.details == {"action": "guide-refuse", "number": "BR-2026-0042", "code": "guide.second_person_missing"}


def test_looking_at_a_refusal_or_visiting_without_an_account_writes_no_event(guide: Client, crew: Crew) -> None:
    crew.add("jortiz", "operator")
    before = Event.objects.count()
    guide.get("/guide/refuse/409", headers={"X-Person": "jortiz"})
    guide.get("/guide/refuse/404", headers={"X-Person": "jortiz"})
    guide.get("/guide/refuse/403", headers=NOBODY)
    assert Event.objects.count() == before


def test_a_form_from_elsewhere_is_refused_in_words(guide: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/preferences/", {"theme": "dark"}, headers=NOBODY)
    assert answer.status_code == 403
    assert "web.form_not_from_here" in answer.content.decode()


def test_a_request_for_another_host_is_refused_and_not_a_fault(guide: Client) -> None:
    answer = guide.get("/help/", headers={**NOBODY, "Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()
