"""The signing pages in a real browser: keyboard only, with and without scripts, axe on every state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from records.outbox import work_off
from signatures.models import Signature
from tests.people import Crew, Person
from tests.qms.web.seeing import Watch, findings, look
from tests.signatures.papers import edit, reread, sign, submitted_paper

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.clause("11.50(b)", "11.200(a)(1)")]


@pytest.fixture
def site() -> Iterator[str]:
    with override_settings(ALLOWED_HOSTS=["127.0.0.1", "testserver"]):
        server = LiveServer("127.0.0.1")
        yield server.url
        server.stop()


def open_signed_in(browser: Browser, site: str, person: Person, **options: Any) -> BrowserContext:
    """Open a browser that carries the session of somebody who signed in at the real page."""
    context = browser.new_context(**options)
    key = person.client(fresh=True).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site}])
    return context


def open_page(page: Page, site: str, person: Person, number: str, action: str = "approve") -> str:
    """Open the ceremony in the browser's own session and show it."""
    client = person.client()
    client.post(f"/sign/open/{number}/{action}")
    ceremony = person.user.ceremonies.get(state="open", record__number=number)
    page.goto(f"{site}/sign/{ceremony.pk}")
    return page.url


def work_off_elsewhere() -> None:
    """Do what the worker does, in a thread: the browser's event loop runs in this one."""

    def work() -> None:
        try:
            work_off()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def check(page: Page, name: str) -> None:
    """Look at the page, and let axe look at it."""
    page.wait_for_load_state("networkidle")
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    look(page, f"signing-{name}")
    assert findings(page) == [], name
    assert sideways <= 0, name


@pytest.mark.parametrize(("width", "theme"), [(1366, "light"), (1366, "dark"), (320, "light")])
def test_no_state_of_the_signing_pages_has_findings(
    browser: Browser, site: str, crew: Crew, width: int, theme: Any
) -> None:
    author, reviewer = crew.add("author", "operator"), crew.add("reviewer", "reviewer", printed_name="Rita Berg")
    qa_manager = crew.add("qa_manager", "qa_manager", printed_name="Maria Chen")
    paper = submitted_paper(author, title="Cleaning of line 3")
    earlier = sign(reviewer, paper, reason="Read twice.")
    edit(paper, author, body="The vials were cloudy.")
    context = open_signed_in(browser, site, reviewer, viewport={"width": width, "height": 768}, color_scheme=theme)
    page = context.new_page()
    watch = Watch(page, site)
    name = f"{width}-{theme}"
    url = open_page(page, site, reviewer, paper.number)
    check(page, f"{name}-open")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Code").fill("000 000")
    page.keyboard.press("Enter")
    page.wait_for_selector(".error-summary")
    check(page, f"{name}-refused")
    edit(reread(paper), author, body="The vials were clear again.")
    page.goto(url)
    check(page, f"{name}-changed")
    sign(reviewer, reread(paper))
    final = sign(qa_manager, reread(paper), reason="All is well.")
    for number, state in ((earlier.number, "earlier"), (final.number, "waiting")):
        page.goto(f"{site}/signatures/{number}?signed")
        check(page, f"{name}-signature-{state}")
    work_off_elsewhere()
    page.goto(f"{site}/signatures/{final.number}")
    check(page, f"{name}-signature-made")
    page.goto(f"{site}/signatures/{final.number}/verify")
    check(page, f"{name}-verify")
    assert [fault for fault in watch.faults if "403" not in fault] == []  # refused on purpose


@pytest.mark.parametrize("scripts", [True, False])
def test_signing_takes_two_fields_and_one_key_with_and_without_scripts(
    browser: Browser, site: str, crew: Crew, scripts: bool
) -> None:
    author, reviewer = crew.add("author", "operator"), crew.add("reviewer", "reviewer")
    paper = submitted_paper(author)
    page = open_signed_in(browser, site, reviewer, java_script_enabled=scripts).new_page()
    open_page(page, site, reviewer, paper.number)
    page.keyboard.type(reviewer.password)  # the password has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(reviewer.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/signatures/S-*")
    signature = Signature.objects.get()
    assert signature.number in page.locator(".confirm-panel").inner_text()
    page.get_by_role("link", name="Verify").click()
    assert "The signature is valid." in page.locator("main").inner_text()


def test_the_wait_for_the_next_code_counts_down_and_the_button_stays_usable(
    browser: Browser, site: str, crew: Crew
) -> None:
    author, reviewer = crew.add("author", "operator"), crew.add("reviewer", "reviewer")
    paper = submitted_paper(author)
    page = open_signed_in(browser, site, reviewer).new_page()
    open_page(page, site, reviewer, paper.number)
    wait = page.locator("[data-code-wait]")
    first = wait.inner_text()
    page.wait_for_function("text => document.querySelector('[data-code-wait]').textContent !== text", arg=first)
    assert re.search(r"available in \d+ s|next code is ready", wait.inner_text())
    assert page.get_by_role("button", name="Sign as reviewer").is_enabled()


def test_the_signed_pdf_appears_by_itself(browser: Browser, site: str, crew: Crew) -> None:
    author, qa_manager = crew.add("author", "operator"), crew.add("qa_manager", "qa_manager")
    paper = submitted_paper(author)
    signature = sign(qa_manager, paper, "publish", reason="Released to the site.")
    page = open_signed_in(browser, site, qa_manager).new_page()
    page.goto(f"{site}/signatures/{signature.number}")
    assert "Being made" in page.locator("#rendition").inner_text()
    work_off_elsewhere()
    page.get_by_role("link", name="Download signed PDF").wait_for(timeout=5000)
