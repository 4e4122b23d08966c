"""Sessions end by idleness, by age, by an officer, by a lost device; and stale rights end at once."""

from __future__ import annotations

import datetime as dt
import os
import random
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from qms.accounts.grants import end_role
from qms.accounts.models import PersonSession
from qms.accounts.people import deactivate_person
from qms.accounts.sessions import close_sessions
from records.clock import now
from records.models import Event, OutboxItem
from tests.people import Crew, Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)")]

PAGE = "/account/"
PLACES = 200 if os.environ.get("ASSURANCE_SIZE") == "full" else 20


def is_in(client: Client, path: str = PAGE) -> bool:
    answer: Any = client.get(path)
    assert answer.status_code in (200, 302), answer.status_code
    assert answer.status_code == 200 or answer.url.startswith("/sign-in/")
    return bool(answer.status_code == 200)


def test_fifteen_idle_minutes_end_a_session_and_one_request_before_keeps_it(outsider: Person) -> None:
    client, start = outsider.client(), now()
    with time_machine.travel(start + dt.timedelta(minutes=14, seconds=50)):
        assert is_in(client)
    with time_machine.travel(start + dt.timedelta(minutes=29)):
        assert is_in(client)
    with time_machine.travel(start + dt.timedelta(minutes=44, seconds=1)):
        answer: Any = client.get(PAGE)
        assert answer.status_code == 302
        assert "ended=idle" in answer.url
        assert "next=%2Faccount%2F" in answer.url
        assert "nothing happened for 15 minutes" in client.get(answer.url).content.decode()
    assert Event.objects.get(act="accounts.session.expired").details == {"limit": "idle"}
    assert not PersonSession.objects.filter(user=outsider.user).exists()


def test_a_part_that_renews_itself_keeps_nobody_in(outsider: Person) -> None:
    client, start = outsider.client(), now()
    for minute in (5, 10, 14):
        with time_machine.travel(start + dt.timedelta(minutes=minute)):
            assert client.get(PAGE, headers={"X-Poll": "1"}).status_code == 200
    with time_machine.travel(start + dt.timedelta(minutes=15, seconds=1)):
        assert not is_in(client)


def test_twelve_hours_end_a_session_however_busy(outsider: Person) -> None:
    client, start = outsider.client(), now()
    for quarter in range(1, 60):
        at = start + dt.timedelta(minutes=14 * quarter)
        if at - start >= dt.timedelta(hours=12):
            break
        with time_machine.travel(at):
            assert client.post("/stay/").status_code == 204
    with time_machine.travel(start + dt.timedelta(hours=12, seconds=1)):
        answer: Any = client.get(PAGE)
        assert "ended=absolute" in answer.url


def test_a_form_sent_after_the_end_is_answered_with_how_to_keep_the_text(outsider: Person) -> None:
    client = outsider.client()
    with time_machine.travel(now() + dt.timedelta(minutes=16)):
        answer = client.post(reverse("accounts:preferences"), {"time_zone": "UTC"})
    assert answer.status_code == 401
    assert "Sign in in another tab" in answer.content.decode()


def test_a_fragment_is_answered_so_that_the_whole_page_goes_to_sign_in(outsider: Person) -> None:
    client = outsider.client()
    with time_machine.travel(now() + dt.timedelta(minutes=16)):
        answer = client.get(PAGE, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in/")


def test_staying_signed_in_is_one_request(outsider: Person) -> None:
    client, start = outsider.client(), now()
    with time_machine.travel(start + dt.timedelta(minutes=14)):
        assert client.post("/stay/").status_code == 204
    with time_machine.travel(start + dt.timedelta(minutes=28)):
        assert is_in(client)


def test_a_session_that_did_not_begin_at_the_sign_in_page_is_worth_nothing(outsider: Person) -> None:
    client = Client()
    client.force_login(outsider.user)
    assert not is_in(client)


@pytest.mark.clause("11.300(b)")
def test_a_deactivated_person_is_out_at_the_next_request(outsider: Person, administrator: Person) -> None:
    client = outsider.client()
    assert is_in(client)
    deactivate_person(outsider.user, actor=administrator.actor(), reason="left the company")
    assert not is_in(client)


@pytest.mark.clause("11.300(c)")
def test_the_lost_device_button_ends_codes_and_sessions_at_once(operator: Person) -> None:
    first, second = operator.client(), operator.sign_in(Client())
    answer: Any = first.post(reverse("accounts:device-lost"))
    assert answer.url == "/sign-in/?ended=lost"
    assert not is_in(first)
    assert not is_in(second)
    assert Event.objects.filter(act="accounts.device.lost", actor=operator.user).exists()
    assert "lost" in OutboxItem.objects.get(kind="accounts.security_alert").payload["what"]
    typed = {"username": operator.username, "password": operator.password, "code": "123456"}
    assert Client().post("/sign-in/", typed).status_code == 403


def test_an_officer_ends_somebodys_sessions(outsider: Person, security_officer: Person) -> None:
    client = outsider.client()
    assert close_sessions(outsider.user, actor=security_officer.actor()) == 1
    assert not is_in(client)


def test_changing_the_password_ends_the_other_sessions_only(outsider: Person) -> None:
    here, there = outsider.client(), outsider.sign_in(Client())
    new = "quite another password"
    typed = {**outsider.credentials(), "new_password": new, "new_password_again": new}
    assert here.post(reverse("accounts:password"), typed).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    outsider.password = new
    assert is_in(outsider.sign_in(Client()))


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A5")
def test_what_is_taken_away_counts_no_more_at_the_next_request(crew: Crew) -> None:
    chosen = random.Random(1997)
    first = crew.administrator.actor()
    people_pages = ["/people/", "/people/add/", "/people/register/", "/people/administrator/"]
    for number in range(PLACES):
        person = crew.add(f"admin{number}", "administrator")
        client, page = person.client(), chosen.choice(people_pages)
        assert client.get(page).status_code == 200
        match chosen.choice(["role", "person", "sessions"]):
            case "role":
                end_role(person.user, role="administrator", actor=first, reason="no longer needed here")
                assert client.get(page).status_code == 403
            case "person":
                deactivate_person(person.user, actor=first, reason="left the company")
                assert not is_in(client, page)
            case _:
                close_sessions(person.user, actor=first)
                assert not is_in(client, page)
