"""Every page of every address in Chromium: no accessibility finding, no policy violation, no sideways scrolling.

The pages are answered in process, as the people of the scene get them, and handed to the
browser with their headers; so the policy of each page holds, and none is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import connections
from playwright.sync_api import Browser, Page, Route
from pytest_django.plugin import DjangoDbBlocker

from tests import servers
from tests.qms.permission_table import TABLE
from tests.qms.scene import ROUTES, Answer, Scene, make_scene
from tests.qms.web.conftest import browser_type_launch_args  # noqa: F401  the distribution's Chromium
from tests.qms.web.seeing import Watch, findings

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

HOME = "http://127.0.0.1"
SCHEMES = ("light", "dark")
WIDTHS = (768, 320)
APPS = ("accounts", "batches", "inspections", "signing", "validating", "")
DULL = ("Content-Length", "Set-Cookie")
SHARED_AT_LEAST = 60


@contextmanager
def beside_the_browser() -> Iterator[None]:
    """Run a block as if no event loop ran: sealing a PDF begins its own, which Playwright's would forbid."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


@pytest.fixture(scope="module")
def shared_scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    """Make the scene once. It is committed, since beside the browser's loop Django has another connection."""
    with django_db_blocker.unblock(), beside_the_browser():
        made = make_scene()
        connections.close_all()
    yield made
    servers.reset_database()


def app_of(route: str) -> str:
    app = route.partition(":")[0]
    return app if app in APPS else ""


def pages_of(scene: Scene, app: str) -> Iterator[tuple[str, str, Answer]]:
    """Yield every whole page of an app with the first who may open it.

    One by one: a transaction that waits for a browser for a minute is ended by PostgreSQL.
    """
    for route in ROUTES:
        if app_of(route) != app:
            continue
        for who in sorted(TABLE[route].get)[:1]:
            answer = scene.ask(who, "GET", scene.here.path(route))
            if answer.status == 200 and answer.body.lstrip().startswith(b"<!doctype html>"):
                yield route, who, answer


def serve(page: Page, shown: dict[str, Answer]) -> None:
    """Answer the browser from the page that is shown and the static files; everything else is not there."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        found = shown.get(path)
        if found is not None:
            headers = {name: value for name, value in found.response.headers.items() if name not in DULL}
            route.fulfill(status=found.status, headers=headers, body=found.body)
        elif path.startswith("/static/") and (file := finders.find(path.removeprefix("/static/"))):
            route.fulfill(path=str(file))
        else:
            route.fulfill(status=204)  # pictures and polls: their own tests look at them

    page.route("**/*", answer)


def audit(page: Page, what: str) -> list[str]:
    """Return what is wrong with the page that is open, in both schemes and two widths."""
    wrong: list[str] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": 1366, "height": min(12_000, page.evaluate("document.body.scrollHeight"))})
        wrong += [f"{what} {scheme}: {line}" for line in findings(page)]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        beyond = page.evaluate("document.documentElement.scrollWidth") - width
        if beyond > 0:
            wrong.append(f"{what}: {beyond} px too wide at {width}")
    return wrong


@pytest.mark.parametrize("app", APPS)
def test_no_page_has_a_finding_in_light_or_dark(scene: Scene, browser: Browser, app: str):
    page = browser.new_page()
    watch, shown, wrong = Watch(page, HOME), dict[str, Answer](), []
    serve(page, shown)
    for route, who, answer in pages_of(scene, app):
        path = scene.here.path(route)
        shown.clear()
        shown[path] = answer
        page.goto(f"{HOME}{path}")
        wrong += audit(page, f"{route} as {who}")
    assert shown
    page.close()
    assert not wrong, "\n".join(wrong)
    assert watch.faults == []


def test_the_apps_together_are_the_whole_site(scene: Scene):
    routes = {route for app in APPS for route, _, _ in pages_of(scene, app)}
    assert len(routes) >= SHARED_AT_LEAST


def test_negative_control_a_page_with_faults_has_findings(scene: Scene, browser: Browser):
    answer = scene.ask("operator", "GET", "/")
    faults = b'<img src="/x.png"><p style="color: red">Red</p></main>'
    broken = answer.body.replace(b"</main>", faults)
    page = browser.new_page()
    watch = Watch(page, HOME)
    serve(page, {"/": Answer(answer.response, broken, {})})
    page.goto(f"{HOME}/")
    assert any("image-alt" in line for line in audit(page, "/"))
    assert any("Content Security Policy" in fault for fault in watch.faults)
    page.close()
