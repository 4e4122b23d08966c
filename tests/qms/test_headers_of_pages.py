"""What people really get, pages and files alike, carries every header; a session's id is new after signing in."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.http.response import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import reverse

from tests.qms.permission_table import TABLE
from tests.qms.scene import ROUTES, Scene

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)", "11.30"), pytest.mark.assurance("F4")]

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store, private",
}


def find_faults(answer: HttpResponseBase) -> list[str]:
    """Return what the headers of an answer lack."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    faults = [f"{name} is {headers.get(name)}" for name, value in ALWAYS.items() if headers.get(name) != value]
    if "unsafe" in policy or parts.get("default-src") != "'none'":
        faults.append(f"policy {policy}")
    if parts.get("frame-ancestors") != "'none'" and "sandbox" not in parts:
        faults.append("may be framed")
    if "Cookie" not in headers.get("Vary", ""):
        faults.append("does not vary by cookie")
    if "text/html" not in headers.get("Content-Type", "") and "attachment" in headers.get("Content-Disposition", ""):
        faults += [] if "sandbox" in parts or parts.get("script-src") == "'self'" else ["a file without a policy"]
    return faults


def test_every_page_and_file_that_somebody_gets_carries_all_headers(scene: Scene):
    faults, answered = [], 0
    for route in ROUTES:
        for who in sorted(TABLE[route].get)[:2]:
            answer = scene.ask(who, "GET", scene.here.path(route))
            answered += answer.status == 200
            faults += [f"{route} as {who} ({answer.status}): {fault}" for fault in find_faults(answer.response)]
    assert not faults, "\n".join(faults)
    assert answered >= 120


def test_refusals_of_every_kind_carry_all_headers(scene: Scene):
    faults = []
    for route in ROUTES:
        for who, method in (("sponsor", "POST"), ("inspector", "POST"), ("anonymous", "DELETE")):
            answer = scene.ask(who, method, scene.here.path(route))
            what = f"{method} {route} as {who} ({answer.status})"
            faults += [f"{what}: {fault}" for fault in find_faults(answer.response)]
    assert not faults, "\n".join(faults)


def test_files_may_run_nothing_and_are_never_guessed(scene: Scene):
    for name in ("unit-thumbnail", "unit-display", "unit-original", "unit-overlay", "attachment"):
        answer = scene.ask("operator", "GET", scene.here.path(f"batches:{name}"))
        assert answer.status == 200
        assert "sandbox" in answer.response.headers["Content-Security-Policy"]
        assert answer.response.headers["X-Content-Type-Options"] == "nosniff"
    for route in ("batches:unit-original", "batches:attachment", "signing:rendition", "signing:statement"):
        answer = scene.ask("operator", "GET", scene.here.path(route))
        assert answer.response.headers["Content-Disposition"].startswith("attachment")


def test_the_session_id_of_a_visitor_is_worth_nothing_after_signing_in(scene: Scene):
    """A planted session id does not become a signed-in one: the id is new, and the old one opens nothing."""
    name, client = settings.SESSION_COOKIE_NAME, Client()
    client.get(reverse("accounts:login"))
    client.cookies[name] = "planted0planted0planted0planted0"
    scene.people["sponsor"].sign_in(client)
    signed_in = client.cookies[name].value
    assert signed_in != "planted0planted0planted0planted0"
    thief = Client()
    thief.cookies[name] = "planted0planted0planted0planted0"
    assert thief.get(reverse("accounts:profile")).status_code == 302


def test_signing_in_again_ends_the_id_before(scene: Scene):
    name, client = settings.SESSION_COOKIE_NAME, Client()
    scene.people["sponsor"].sign_in(client)
    before = client.cookies[name].value
    client.post(reverse("accounts:logout"))
    scene.people["sponsor"].sign_in(client)
    assert client.cookies[name].value != before
    stale = Client()
    stale.cookies[name] = before
    assert stale.get(reverse("accounts:profile")).status_code == 302


def test_no_page_prints_the_session_key(scene: Scene):
    key = scene.cookies["operator"][settings.SESSION_COOKIE_NAME]
    printed = [
        route
        for route in ROUTES
        if "operator" in TABLE[route].get and key.encode() in scene.ask("operator", "GET", scene.here.path(route)).body
    ]
    assert not printed


def test_negative_control_an_answer_without_headers_has_every_fault():
    bare = HttpResponse("<h1>Hello</h1>")
    assert {fault.partition(" is ")[0] for fault in find_faults(bare)} >= {*ALWAYS, "may be framed"}
    lax = HttpResponse("a", headers={**ALWAYS, "Vary": "Cookie"})
    lax.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    assert find_faults(lax) == [f"policy {lax.headers['Content-Security-Policy']}"]
