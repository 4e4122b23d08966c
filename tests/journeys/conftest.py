"""One site for all journeys, and a fresh browser window for each visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.site import Site, running_site
from tests.journeys.visitor import HEIGHT, PATIENCE_SECONDS, WIDE, Visitor
from tests.qms.web.conftest import browser_type_launch_args  # noqa: F401  the distribution's Chromium

Welcome = Callable[..., Visitor]

expect.set_options(timeout=PATIENCE_SECONDS * 1000)  # what comes late on a busy machine is not wrong


@pytest.fixture(scope="session")
def site(django_db_setup: None) -> Iterator[Site]:
    with running_site() as found:
        yield found


@pytest.fixture
def welcome(site: Site, browser: Browser) -> Iterator[Welcome]:
    """Return a function that lets a person in: ``welcome("ana")``, ``welcome("ana", scripts=False)``."""
    guests: list[Visitor] = []

    def let_in(username: str, *, scripts: bool = True) -> Visitor:
        context = browser.new_context(
            base_url=site.address,
            viewport={"width": WIDE, "height": HEIGHT},
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_SECONDS * 1000)  # a click on a busy machine waits for its page, too
        guest = Visitor(context.new_page(), site)
        guests.append(guest)
        guest.sign_in(username)
        guest.reset()
        return guest

    yield let_in
    for guest in guests:
        guest.page.context.close()
    for guest in guests:
        guest.assert_clean()
