"""From the key to the next photograph drawn, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.bench.measuring import percentile, report
from tests.qms.batches.review_stage import make_stage
from tests.qms.batches.test_review_in_browser import enter, shown
from tests.qms.web.conftest import browser_type_launch_args  # noqa: F401  the distribution's browser

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 20
GOAL_MS = 100


def test_review_step(transactional_db: None, live_server: LiveServer, browser: Browser) -> None:
    scene = make_stage(random_check_size=6)
    context = enter(browser, live_server, scene.operator, viewport={"width": 1366, "height": 768})
    page, times = context.new_page(), []
    page.goto(f"/batches/{scene.batch.number}/review/?show=all")
    page.locator("a[data-open]").first.click()
    shown(page)
    for _ in range(STEPS):
        page.wait_for_load_state("networkidle")
        page.evaluate("delete document.getElementById('lightbox').dataset.shown")
        page.keyboard.press("ArrowRight")
        shown(page)
        times.append(float(page.locator("#lightbox").get_attribute("data-step-ms") or "inf"))
    context.close()
    p95 = percentile(times, 0.95)
    report("review, key to next photograph drawn, p95", f"{p95:.0f} ms", "< 100 ms", is_reached=p95 < GOAL_MS)
