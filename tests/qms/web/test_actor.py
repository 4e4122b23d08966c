"""The actor of a request: who, in which roles, from where; never a session key."""

from __future__ import annotations

import pytest
from django.conf import settings as live
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from qms.web.middleware import ActorMiddleware
from qms.web.people import build_actor, find_address, fingerprint_session, write_roles
from tests.qms.web.guide import GuidePerson


def ask(**meta: str) -> HttpRequest:
    return RequestFactory().get("/", **{"REMOTE_ADDR": "10.0.0.9", **meta})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "", "10.0.0.9"),
        (0, "203.0.113.7", "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),
        (3, "", "10.0.0.9"),
        (1, "not an address", ""),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "' OR 1=1 --", ""),
    ],
)
def test_only_as_many_proxies_are_believed_as_are_named(
    settings: Settings, proxies: int, forwarded: str, found: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert find_address(ask(HTTP_X_FORWARDED_FOR=forwarded)) == found


@given(forged=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40))
def test_without_proxies_no_header_changes_the_address(forged: str) -> None:
    assert live.TRUSTED_PROXIES == 0
    assert find_address(ask(HTTP_X_FORWARDED_FOR=forged)) == "10.0.0.9"


def test_a_unix_socket_has_no_address() -> None:
    assert find_address(ask(REMOTE_ADDR="")) == ""


def test_a_session_is_told_by_a_keyed_hash_and_never_by_its_key(settings: Settings) -> None:
    request = ask()
    request.session = SessionStore("the-session-key")
    first = fingerprint_session(request)
    assert len(first) == 16
    assert "the-session-key" not in first
    settings.SECRET_KEY = "another secret of this installation, long enough"
    assert fingerprint_session(request) != first


@pytest.mark.clause("11.10(e)", "11.50(a)")
def test_the_actor_carries_printed_name_roles_address_and_request() -> None:
    actor = build_actor(ask(), GuidePerson(), request_id="8f3c")
    assert (actor.user_id, actor.username, actor.printed_name) == (7, "mchen", "Maria Chen")
    assert actor.roles == {"qa_manager", "reviewer"}
    assert (actor.role, actor.address, actor.request_id) == ("", "10.0.0.9", "8f3c")


def test_a_visitor_acts_as_nobody_and_holds_nothing() -> None:
    actor = build_actor(ask(), None, request_id="8f3c")
    assert (actor.user_id, actor.username, actor.roles) == (None, "anonymous", frozenset())
    assert not actor.holds("operator")
    assert not actor.holds("administrator")


def test_times_are_shown_in_the_persons_zone_and_only_during_the_request() -> None:
    zones: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        zones.append(str(timezone.get_current_timezone()))
        return HttpResponse()

    request = ask()
    request.user = GuidePerson(time_zone="Asia/Kolkata")  # type: ignore[assignment]
    request.request_id = "8f3c"  # type: ignore[attr-defined]
    before = str(timezone.get_current_timezone())
    ActorMiddleware(answer)(request)
    request.user = GuidePerson(time_zone="Mars/Olympus")  # type: ignore[assignment]
    ActorMiddleware(answer)(request)
    assert zones == ["Asia/Kolkata", before]
    assert str(timezone.get_current_timezone()) == before


def test_roles_are_words_for_people() -> None:
    assert (
        write_roles(frozenset({"qa_manager", "reviewer", "data_scientist"})) == "QA manager, data scientist, reviewer"
    )


@pytest.mark.django_db
def test_staying_signed_in_is_for_people_only(guide: Client) -> None:
    assert guide.post("/stay/").status_code == 204
    assert guide.post("/stay/", headers={"X-Person": "nobody"}).status_code == 401
    assert guide.get("/stay/").status_code == 405
