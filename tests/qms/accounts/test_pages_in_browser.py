"""The pages of people in a real browser: signing in by keyboard, with and without scripts, and axe on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from qms.accounts import enrolment
from tests.people import Crew, Person
from tests.qms.web.seeing import Watch, findings, look

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

OWN = ("account/", "account/password/", "account/device/replace/", "account/device/lost/", "account/policy/")
PEOPLE = ("people/", "people/add/", "people/register/", "people/ana/", "people/ana/roles/give/")
OFFICER = ("people/ana/", "people/ana/identity/", "people/ana/reset/")


@pytest.fixture
def site() -> Iterator[str]:
    with override_settings(DEMO=True, ALLOWED_HOSTS=["127.0.0.1", "testserver"]):
        server = LiveServer("127.0.0.1")
        yield server.url
        server.stop()


def open_signed_in(browser: Browser, site: str, person: Person, **options: Any) -> BrowserContext:
    """Open a browser that carries the session of somebody who signed in at the real page."""
    context = browser.new_context(**options)
    key = person.client(fresh=True).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site}])
    return context


def check_pages(context: BrowserContext, site: str, paths: tuple[str, ...], name: str) -> None:
    page = context.new_page()
    watch = Watch(page, site)
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(f"{site}/{path}")
        page.wait_for_load_state("networkidle")
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong = findings(page) + ([f"scrolls sideways by {sideways}"] if sideways > 0 else [])
        if wrong:
            found[path] = wrong
        size = page.viewport_size
        picture = path.partition("/")[0] if path.startswith("enrol") else path.strip("/").replace("/", "-")
        look(page, f"accounts-{name}-{picture}")
        page.set_viewport_size(size or {"width": 1366, "height": 768})
    assert found == {}
    assert watch.faults == []


@pytest.mark.parametrize(("width", "theme"), [(1366, "light"), (1366, "dark"), (320, "light")])
def test_no_page_of_people_has_findings(browser: Browser, site: str, crew: Crew, width: int, theme: Any) -> None:
    crew.add("ana", "operator")
    link = enrolment.reset_credentials(
        crew.add("new", can_sign=False).user, actor=crew.administrator.actor(), reason="a new phone"
    )
    options: dict[str, Any] = {"viewport": {"width": width, "height": 768}, "color_scheme": theme}
    visitor = browser.new_context(**options)
    public = ("sign-in/", "sign-in/recovery/", "demo/codes/", f"enrol/{link.secret}/")
    check_pages(visitor, site, public, f"{width}-{theme}-visitor")
    check_pages(open_signed_in(browser, site, crew.administrator, **options), site, PEOPLE + OWN, f"{width}-{theme}")
    check_pages(
        open_signed_in(browser, site, crew.security_officer, **options), site, OFFICER, f"{width}-{theme}-officer"
    )


def sign_in_by_keyboard(page: Page, site: str, person: Person) -> None:
    page.goto(f"{site}/people/")
    page.keyboard.type(person.username)
    page.keyboard.press("Tab")
    page.keyboard.type(person.password)
    page.keyboard.press("Tab")
    page.keyboard.type(person.code())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/people/")


@pytest.mark.parametrize("scripts", [True, False])
def test_signing_in_takes_three_fields_and_enter_with_and_without_scripts(
    browser: Browser, site: str, crew: Crew, scripts: bool
) -> None:
    page = browser.new_context(java_script_enabled=scripts).new_page()
    sign_in_by_keyboard(page, site, crew.administrator)
    assert page.locator("h1").inner_text() == "People"
    page.goto(f"{site}/account/")
    page.get_by_role("link", name="I lost my device").click()
    page.get_by_role("button", name="Switch my device off now").click()
    assert "Your second factor is off" in page.locator("main").inner_text()
