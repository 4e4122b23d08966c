"""Signing in takes user name, password and a fresh code; failing is counted, recorded, and says little."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from qms.accounts.models import PersonSession
from qms.accounts.session_store import hash_key
from records.clock import now
from records.models import Event, OutboxItem
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)", "11.300(d)")]

LOGIN = "/sign-in/"


def try_to_sign_in(person: Person, browser: Client | None = None, **changes: str) -> Any:
    return (browser or Client()).post(LOGIN, {"username": person.username, **person.credentials(), **changes})


def last_event(act: str) -> Event:
    return Event.objects.filter(act=act).latest("id")


@pytest.mark.assurance("F4")
def test_with_all_three_one_is_in_and_the_session_has_a_new_key(operator: Person) -> None:
    client = Client()
    planted = client.session
    planted["planted"] = "by an attacker"
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    before = planted.session_key
    answer = try_to_sign_in(operator, client)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session.session_key != before
    assert "planted" not in client.session
    event = last_event("accounts.session.started")
    assert (event.actor_id, event.details["factor"]) == (operator.user.pk, "one-time code")


@pytest.mark.parametrize("wrong", ["password", "code"])
def test_which_part_was_wrong_is_not_told(operator: Person, wrong: str) -> None:
    changes = {wrong: "000000"}
    answer = try_to_sign_in(operator, None, **changes)
    assert answer.status_code == 403
    assert "Password or code not accepted. 4 tries left." in answer.content.decode()
    event = last_event("signatures.authentication.refused")
    assert (event.actor_id, event.actor_username, event.details["username"]) == (None, "anonymous", operator.username)
    assert event.address == "127.0.0.1"


def test_an_unknown_name_is_refused_in_the_same_words_until_it_is_locked_too(operator: Person) -> None:
    client = Client()
    texts = []
    for _ in range(6):
        answer = client.post(LOGIN, {"username": "my-secret-password", "password": "x" * 12, "code": "123456"})
        texts.append((answer.status_code, answer.content.decode()))
    assert "4 tries left" in texts[0][1]
    assert [status for status, _ in texts] == [403] * 4 + [423] * 2
    details = str(list(Event.objects.values_list("details", flat=True)))
    assert "my-secret-password" not in details


def test_five_refusals_lock_and_alert_and_the_right_ones_do_not_help(operator: Person) -> None:
    for _ in range(4):
        assert try_to_sign_in(operator, code="000000").status_code == 403
    assert try_to_sign_in(operator, code="000000").status_code == 423
    answer = try_to_sign_in(operator)
    assert answer.status_code == 423
    assert "Locked until" in answer.content.decode()
    alert = OutboxItem.objects.get(kind="accounts.security_alert")
    assert operator.username in alert.payload["what"]
    assert alert.payload["address"] == "127.0.0.1"
    assert last_event("signatures.authentication.blocked").details["username"] == operator.username


def test_after_fifteen_minutes_the_right_ones_open_again(operator: Person) -> None:
    for _ in range(5):
        try_to_sign_in(operator, code="000000")
    with time_machine.travel(now() + dt.timedelta(minutes=15, seconds=1)):
        assert try_to_sign_in(operator).status_code == 302


def test_getting_in_after_refusals_is_flagged(operator: Person) -> None:
    for _ in range(3):
        try_to_sign_in(operator, password="a wrong password")
    assert try_to_sign_in(operator).status_code == 302
    assert last_event("signatures.authentication.flagged").details["failures"] == 3
    assert "got in after 3 refused tries" in OutboxItem.objects.get(kind="accounts.security_alert").payload["what"]


@pytest.mark.clause("11.200(a)(1)")
def test_a_code_counts_once(operator: Person) -> None:
    credentials = {"username": operator.username, **operator.credentials()}
    assert Client().post(LOGIN, credentials).status_code == 302
    again = Client().post(LOGIN, credentials)
    assert again.status_code == 409
    assert "used already" in again.content.decode()


def test_a_deactivated_person_is_refused_like_anybody(administrator: Person, operator: Person) -> None:
    from qms.accounts.people import deactivate_person

    deactivate_person(operator.user, actor=administrator.actor(), reason="left the company")
    assert try_to_sign_in(operator, code="123456").status_code == 403


def test_next_leads_only_into_this_site(operator: Person) -> None:
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        answer: Any = operator.sign_in(Client()).get(LOGIN, {"next": target})
        assert (answer.status_code, answer.url) == (302, "/")
    answer = operator.sign_in(Client()).get(LOGIN, {"next": "/help/"})
    assert answer.url == "/help/"


def test_the_session_is_stored_under_the_hash_of_its_key(operator: Person) -> None:
    client = operator.sign_in(Client())
    key = str(client.session.session_key)
    assert not PersonSession.objects.filter(session_key=key).exists()
    row = PersonSession.objects.get(session_key=hash_key(key))
    assert (row.user_id, row.address) == (operator.user.pk, "127.0.0.1")


def test_signing_out_ends_the_session(operator: Person) -> None:
    client = operator.sign_in(Client())
    assert client.post(reverse("accounts:logout")).status_code == 302
    assert client.get("/account/").status_code in (302, 404)
    assert not PersonSession.objects.filter(user=operator.user).exists()
    assert last_event("accounts.session.ended").actor_id == operator.user.pk


def test_the_page_is_never_stored_and_holds_no_secret_back(operator: Person) -> None:
    answer = try_to_sign_in(operator, password="my wrong password")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "my wrong password" not in answer.content.decode()
