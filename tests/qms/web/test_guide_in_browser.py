"""Every piece of the shell, looked at by a real browser, light and dark, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.qms.web.seeing import Watch, findings, look

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

PAGES = (
    "guide/record",
    "guide/list",
    "guide/sign",
    "guide/signed",
    "guide/form",
    "guide/review",
    "guide/compare",
    "help/signing",
    "glossary/",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 768, 320])
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_findings(guide_server: str, browser: Browser, name: str, width: int, theme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 768}, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    watch = Watch(page, guide_server)
    page.goto(f"{guide_server}/{name}")
    page.wait_for_load_state("networkidle")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    look(page, f"{name.strip('/').replace('/', '-')}-{width}-{theme}")
    found = findings(page)
    context.close()
    assert found == []
    assert watch.faults == []
    assert overflow <= 0, "the page scrolls sideways"
