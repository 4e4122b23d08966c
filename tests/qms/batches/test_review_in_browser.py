"""The review in a real browser: keys, saving in the background, undo, verification, looks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from qms.accounts.models import User
from qms.batches.aql_samples import draw_aql_sample, record_findings
from qms.batches.models import Decision
from qms.batches.review_units import list_units
from qms.batches.second_person import verify_override
from qms.batches.verdicts import GOOD
from records.acting import acting
from tests.people import Person
from tests.qms.batches.review_stage import Stage, make_stage
from tests.qms.web.conftest import browser_type_launch_args  # noqa: F401  the distribution's browser
from tests.qms.web.seeing import Watch, findings, look, pictures

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's synchronous form runs an event loop

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

ANY = re.compile(".+")


@pytest.fixture
def scene(transactional_db: None) -> Stage:
    return make_stage(random_check_size=6)


def enter(browser: Browser, server: LiveServer, person: Person, **options: Any) -> BrowserContext:
    """Open a browser in which a person is signed in."""
    context = browser.new_context(base_url=server.url, reduced_motion="reduce", **options)
    cookies = person.client(fresh=True).cookies
    context.add_cookies([{"name": name, "value": row.value, "url": server.url} for name, row in cookies.items()])
    return context


@pytest.fixture
def faults() -> list[str]:
    """Return what went wrong on the page; a test that provokes something takes it out."""
    return []


@pytest.fixture
def grid(scene: Stage, live_server: LiveServer, browser: Browser, faults: list[str]) -> Iterator[Page]:
    """Show the grid to the operator at 1366 px."""
    context = enter(browser, live_server, scene.operator, viewport={"width": 1366, "height": 768})
    page = context.new_page()
    watch = Watch(page, live_server.url)
    watch.faults = faults
    page.goto(f"/batches/{scene.batch.number}/review/")
    yield page
    context.close()
    assert faults == []


def shown(page: Page) -> str:
    """Return the unit of the lightbox once its photograph is drawn."""
    expect(page.locator("#lightbox")).to_have_attribute("data-shown", ANY)
    return str(page.locator("#lightbox-title").inner_text()).removeprefix("Unit ")


def settle(page: Page) -> None:
    """Wait until everything is saved."""
    expect(page.locator("#lightbox-queue")).to_have_text("", timeout=20_000)


def test_a_whole_review_by_keys_alone(scene: Stage, grid: Page, record_property: Any) -> None:
    """Count the keys: one for a unit that is agreed with, two more for an override with its reason."""
    required = [unit for unit in list_units(scene.batch) if unit.is_required]
    overridden = next(unit for unit in required if unit.is_flagged)
    pressed = 0

    def press(key: str) -> None:
        nonlocal pressed
        grid.keyboard.press(key)
        pressed += 1

    grid.locator("#review-start").click()
    shown(grid)
    for unit in required:
        expect(grid.locator("#lightbox-title")).to_have_text(f"Unit {unit.unit_id}")
        if unit.is_undecided:
            press("g")
        elif unit is overridden:
            press("g")
            press("1")
        else:
            press("a")
    settle(grid)
    assert Decision.objects.filter(image__batch=scene.batch).count() == len(required)
    after = list_units(scene.fresh())
    assert not [unit for unit in after if unit.is_open]
    assert [unit.unit_id for unit in after if unit.state.is_waiting] == [overridden.unit_id]
    flagged = sum(unit.is_flagged or unit.is_undecided for unit in required)
    per_flagged = (pressed - sum(unit.is_random for unit in required)) / flagged
    record_property("keys per flagged image", f"{per_flagged:.2f}")
    assert per_flagged <= 1.3


def test_steps_are_drawn_at_once_because_the_next_pictures_are_there(
    scene: Stage, grid: Page, record_property: Any
) -> None:
    """Each photograph was asked for before the key that shows it; its speed is told, and measured by the benchmarks."""
    asked: list[str] = []
    grid.on("request", lambda sent: asked.append(sent.url))
    grid.goto(f"/batches/{scene.batch.number}/review/?show=all")
    grid.locator("a[data-open]").first.click()
    shown(grid)
    times = []
    for _ in range(20):
        grid.wait_for_load_state("networkidle")
        here, before = grid.locator("#lightbox-title").inner_text(), len(asked)
        grid.evaluate("delete document.getElementById('lightbox').dataset.shown")
        grid.keyboard.press("ArrowRight")
        unit = shown(grid)
        assert f"Unit {unit}" != here
        photo = re.compile(rf"/{re.escape(unit)}/display")
        assert [url for url in asked[:before] if photo.search(url)]
        assert not [url for url in asked[before:] if photo.search(url)]
        times.append(float(grid.locator("#lightbox").get_attribute("data-step-ms") or "inf"))
    times.sort()
    record_property("review step p50, p95 in ms", f"{times[10]:.1f}, {times[18]:.1f}")


def test_keys_go_on_while_the_facts_are_hidden_and_a_question_shows_them(scene: Stage, grid: Page) -> None:
    grid.keyboard.press("?")
    expect(grid.locator("#keys-dialog")).to_contain_text("Take your last decision back")
    grid.keyboard.press("Escape")
    grid.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    grid.locator("a[data-open]").first.click()
    unit = shown(grid)
    grid.keyboard.press("i")
    expect(grid.locator("#lightbox-verdict")).to_be_hidden()
    grid.keyboard.press("a")
    settle(grid)
    assert Decision.objects.get(image__unit_id=unit).kind == "agreement"
    grid.keyboard.press("g")
    expect(grid.locator("#lightbox-choice-title")).to_be_visible()


def test_undo_from_the_toast_is_a_new_entry(scene: Stage, grid: Page) -> None:
    grid.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    grid.locator("a[data-open]").first.click()
    unit = shown(grid)
    grid.keyboard.press("a")
    expect(grid.locator("#review-toast")).to_contain_text(unit)
    grid.keyboard.press("u")
    settle(grid)
    kinds = Decision.objects.filter(image__unit_id=unit).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["agreement", "undo"]


def test_a_lost_link_keeps_decisions_in_order_and_warns_before_leaving(
    scene: Stage, grid: Page, faults: list[str]
) -> None:
    grid.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    grid.locator("a[data-open]").first.click()
    shown(grid)
    grid.route("**/decide/", lambda route: route.abort())
    for _ in range(3):
        shown(grid)  # a key counts for a photograph that is drawn
        grid.keyboard.press("a")
    expect(grid.locator("#lightbox-queue")).to_contain_text("3 unsaved")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    grid.on("dialog", stay)
    grid.evaluate("location.assign('/glossary/')")
    grid.unroute("**/decide/")
    settle(grid)
    assert asked == ["beforeunload"]
    rows = Decision.objects.filter(image__batch=scene.batch).order_by("id")
    assert [row.image.position for row in rows] == sorted(row.image.position for row in rows)
    assert rows.count() == 3
    assert faults
    assert all("ERR_FAILED" in fault for fault in faults)
    faults.clear()


def test_a_stale_decision_shows_what_the_other_person_decided(scene: Stage, grid: Page, faults: list[str]) -> None:
    grid.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    grid.locator("a[data-open]").first.click()
    unit = shown(grid)
    image = scene.batch.images.get(unit_id=unit)
    scene.decide(image, "reject", by=scene.second)
    grid.keyboard.press("a")
    expect(grid.locator("#lightbox-error")).to_contain_text("Kim Wu decided unit")
    assert image.decisions.count() == 1
    assert all("409" in fault for fault in faults)
    faults.clear()


def test_reject_names_the_class_and_other_needs_words(scene: Stage, grid: Page) -> None:
    grid.goto(f"/batches/{scene.batch.number}/review/?show=random")
    grid.locator("a[data-open]").first.click()
    unit = shown(grid)
    grid.keyboard.press("r")
    expect(grid.locator("#lightbox-choice-title")).to_have_text("Which defect?")
    grid.keyboard.press("3")
    expect(grid.locator("#lightbox-choice-title")).to_have_text("Why otherwise than the model?")
    grid.keyboard.press("4")
    grid.keyboard.type("short")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator("#lightbox-error")).to_be_visible()
    grid.keyboard.type(" but long enough now")
    grid.keyboard.press("Control+Enter")
    settle(grid)
    made = Decision.objects.get(image__unit_id=unit)
    assert (made.kind, made.verdict, made.reason_code) == ("override", "reject", "R9")
    assert made.reason_text == "short but long enough now"


def test_shortcuts_can_be_switched_off(scene: Stage, live_server: LiveServer, browser: Browser) -> None:
    with acting(scene.operator.actor(), "accounts.profile.changed", details={"person": "ana", "fields": "shortcuts"}):
        User.objects.filter(pk=scene.operator.user.pk).update(shortcuts_enabled=False)
    context = enter(browser, live_server, scene.operator)
    page = context.new_page()
    page.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    page.locator("a[data-open]").first.click()
    shown(page)
    page.keyboard.press("a")
    page.get_by_role("button", name="Agree").click()
    settle(page)
    assert Decision.objects.filter(image__batch=scene.batch).count() == 1
    context.close()


def test_without_scripts_the_same_is_done_with_forms(scene: Stage, live_server: LiveServer, browser: Browser) -> None:
    context = enter(browser, live_server, scene.operator, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/batches/{scene.batch.number}/review/?show=flagged")
    page.locator("#review-grid a").first.click()
    page.get_by_role("button", name="Agree: reject").click()
    expect(page.locator(".message")).to_contain_text("Saved your decision")
    page.goto(f"/batches/{scene.batch.number}/review/?show=undecided")
    page.locator("#review-grid a").first.click()
    page.get_by_role("button", name="Good", exact=True).click()
    assert {row.kind for row in Decision.objects.filter(image__batch=scene.batch)} == {"agreement", "decision"}
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 768, 320])
def test_the_pages_have_no_findings(
    scene: Stage, live_server: LiveServer, browser: Browser, width: int, theme: Any
) -> None:
    """Look at every page of the review, at each width, in both colours."""
    number = scene.batch.number
    scene.decide(scene.image("reject"), "good", reason_code="R1", reason_text="glare on the neck")
    scene.decide(scene.image("good", 2), "reject", defect=scene.defect("SCRATCH"), reason_code="R6")
    context = enter(browser, live_server, scene.operator, viewport={"width": width, "height": 768}, color_scheme=theme)
    page = context.new_page()
    watch = Watch(page, live_server.url)
    unit = scene.image("reject", 1).unit_id
    pages = {
        "grid": f"/batches/{number}/review/",
        "grid-all": f"/batches/{number}/review/?show=all",
        "unit": f"/batches/{number}/units/{unit}/?overlay=on",
        "answers": f"/batches/{number}/check-answers/",
        "trail": f"/batches/{number}/trail/",
        "reconciliation": f"/batches/{number}/reconciliation/",
        "sample-undrawn": f"/batches/{number}/sample/",
    }
    found: list[str] = []

    def check(name: str) -> None:
        page.wait_for_load_state("networkidle")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found.extend(f"{name}: {line}" for line in findings(page))
        if overflow > 0:
            found.append(f"{name}: scrolls sideways by {overflow}")
        look(page, f"review-{name}-{width}-{theme}")
        page.set_viewport_size({"width": width, "height": 768})

    for name, address in pages.items():
        page.goto(address)
        check(name)
    page.goto(pages["grid"])
    page.locator("a[data-open]").first.click()
    shown(page)
    page.keyboard.press("r")
    found.extend(f"lightbox: {line}" for line in findings(page))
    page.screenshot(path=str(pictures_of(width, theme)))
    scene.review_all()
    waiting = next(row for row in list_units(scene.fresh()) if row.state.is_waiting)
    image = scene.batch.images.get(pk=waiting.image_id)
    verify_override(image, actor=scene.second.actor(), seen=scene.seen(image))
    draw_aql_sample(scene.batch, actor=scene.operator.actor())
    page.goto(f"/batches/{number}/sample/")
    check("sample")
    record_findings(scene.batch, actor=scene.operator.actor(), findings=[])
    page.goto(f"/batches/{number}/check-answers/")
    check("answers-done")
    scene.sign("sign_review", scene.operator)
    scene.sign("sign_trail_review", scene.reviewer)
    context.close()
    context = enter(browser, live_server, scene.qa, viewport={"width": width, "height": 768}, color_scheme=theme)
    page = context.new_page()
    page.goto(f"/batches/{number}/disposition/")
    check("disposition")
    context.close()
    assert found == []
    assert watch.faults == []
    assert all(row.state.verdict in (GOOD, "reject") for row in list_units(scene.fresh()))


def pictures_of(width: int, theme: str) -> Any:
    return pictures() / f"review-lightbox-{width}-{theme}.png"
