"""Every response of every address carries the headers that protect people and records."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("F4")]

SAMPLES = {
    "int": "7",
    "slug": "some-words",
    "str": "text",
    "uuid": "0b0f9f7e-6f0a-4f2c-9d2e-1f1f1f1f1f1f",
    "path": "a/b",
}
PLACE = re.compile(r"<(?:(?P<kind>\w+):)?\w+>")


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Walk over all addresses of the site, with sample values in their places."""
    for pattern in patterns:
        route = prefix + PLACE.sub(lambda found: SAMPLES.get(found["kind"] or "str", "x"), str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route


def check(answer: HttpResponseBase) -> None:
    """Check the headers that no dynamic response may go without."""
    headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert {
        policy[name] for name in ("script-src", "style-src", "img-src", "font-src", "connect-src", "form-action")
    } == {"'self'"}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store, private"
    assert {"Cookie", "HX-Request"} <= {word.strip() for word in headers["Vary"].split(",")}
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-ID"])


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_every_address_answers_with_all_headers(method: str) -> None:
    client = Client(raise_request_exception=False)
    client.defaults["HTTP_HOST"] = "127.0.0.1"
    seen = list(addresses(get_resolver().url_patterns))
    assert "/help/" in seen
    for address in seen:
        check(getattr(client, method)(address))


@pytest.mark.parametrize(
    "path", ["/no/such/page", "/guide/record", "/guide/fault", "/guide/refuse/409", "/static/no-such-file.css"]
)
def test_pages_of_people_faults_and_refusals_carry_them_too(guide: Client, path: str) -> None:
    guide.raise_request_exception = False
    check(guide.get(path))


def test_each_request_has_an_id_of_its_own(guide: Client) -> None:
    ids = {guide.get("/help/", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    assert "mine" not in ids


def test_a_page_holds_no_session_key(guide: Client) -> None:
    guide.get("/guide/compare")
    key = guide.cookies[settings.SESSION_COOKIE_NAME].value
    page = guide.get("/guide/compare").content.decode()
    assert key
    assert key not in page


def test_cookies_are_bound_to_the_host_where_the_site_is_reached_by_https() -> None:
    code = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)"
    )
    environment = {**os.environ, "SITE_URL": "https://qms.example.com", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True", "True", "Lax", "None", "/"]


def test_cookies_of_appearance_keep_only_known_words(guide: Client) -> None:
    answer = guide.post("/preferences/", {"theme": "dark", "nav": "<script>", "next": "/guide/list"})
    assert answer.headers["Location"] == "/guide/list"
    assert answer.cookies["ui_theme"].value == "dark"
    assert "ui_nav" not in answer.cookies
    guide.cookies["ui_theme"] = '"><script>'
    assert 'data-theme="auto"' in guide.get("/guide/list").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_preferences_never_lead_elsewhere(guide: Client, elsewhere: str) -> None:
    answer = guide.post("/preferences/", {"theme": "dark", "next": elsewhere})
    assert answer.headers["Location"] == "/"
