"""What the scripts add, in a real browser: keys, dialogs, focus, countdown, busy buttons, warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.qms.web.seeing import Watch, findings, look, pictures

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]


COVERED = """() => {
  const held = document.activeElement;
  const box = held.getBoundingClientRect();
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const isSeen = seen === null || held.contains(seen) || seen.contains(held);
  return isSeen ? "" : held.outerHTML.slice(0, 120);
}"""


@pytest.fixture
def visit(guide_server: str, browser: Browser) -> Iterator[Page]:
    """Open the guide's record page, and see at the end that nothing went wrong on the way."""
    context = browser.new_context(
        base_url=guide_server, viewport={"width": 1366, "height": 768}, reduced_motion="reduce"
    )
    page = context.new_page()
    watch = Watch(page, guide_server)
    page.goto("/guide/record")
    yield page
    context.close()
    assert watch.faults == []


def test_question_mark_lists_the_keys_and_escape_closes_them(visit: Page) -> None:
    visit.keyboard.press("?")
    expect(visit.get_by_role("dialog", name="Keyboard")).to_be_visible()
    look(visit, "keys")
    assert findings(visit) == []
    visit.keyboard.press("Escape")
    expect(visit.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_slash_goes_to_search_and_letters_typed_there_are_text(visit: Page) -> None:
    visit.keyboard.press("/")
    visit.keyboard.type("g b?")
    expect(visit.get_by_role("searchbox")).to_have_value("g b?")
    expect(visit).to_have_url(re.compile("/guide/record$"))


def test_g_and_b_go_to_the_batches(visit: Page) -> None:
    visit.keyboard.press("g")
    visit.keyboard.press("b")
    expect(visit).to_have_url(re.compile("/batches/batch-list/$"))


def test_help_opens_in_place_with_its_own_heading(visit: Page) -> None:
    visit.get_by_role("link", name="Help on this page").click()
    expect(visit.get_by_role("dialog", name="Inspecting a batch")).to_contain_text("Three outcomes")
    look(visit, "help")
    assert findings(visit) == []


def test_help_is_an_ordinary_page_without_scripts(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=guide_server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/guide/record")
    page.get_by_role("link", name="Help on this page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inspecting a batch")
    context.close()


def test_menu_under_the_name_opens_and_sets_the_colours_without_scripts(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(
        base_url=guide_server, java_script_enabled=False, viewport={"width": 1366, "height": 500}
    )
    page = context.new_page()
    page.goto("/guide/list")
    page.get_by_role("button", name="Maria Chen").click()
    page.screenshot(path=pictures() / "menu.png")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page).to_have_url(re.compile("/guide/list$"))
    page.get_by_role("button", name="Collapse").click()
    expect(page.locator("html")).to_have_attribute("data-nav", "narrow")
    look(page, "collapsed")
    context.close()


def test_navigation_opens_from_the_menu_button_on_a_narrow_screen(visit: Page) -> None:
    visit.set_viewport_size({"width": 390, "height": 760})
    expect(visit.get_by_role("navigation", name="Main")).to_be_hidden()
    visit.get_by_role("button", name="Menu").click()
    expect(visit.get_by_role("navigation", name="Main")).to_be_visible()
    visit.screenshot(path=pictures() / "drawer.png")
    visit.keyboard.press("Escape")
    expect(visit.get_by_role("navigation", name="Main")).to_be_hidden()


def test_refused_form_keeps_what_was_typed_and_moves_the_focus_to_the_summary(visit: Page) -> None:
    visit.goto("/guide/form")
    visit.get_by_label("Lot number").fill("L-70001")
    visit.get_by_role("button", name="Register lot").click()
    summary = visit.get_by_role("region", name="There is a problem")
    expect(summary).to_be_focused()
    expect(visit).to_have_title(re.compile("^Error: "))
    expect(visit.get_by_label("Lot number")).to_have_value("L-70001")
    look(visit, "form-errors")
    assert findings(visit) == []
    summary.get_by_role("link", name=re.compile("Received on")).click()
    expect(visit.get_by_label("Received on")).to_be_focused()


def test_countdown_follows_the_servers_clock_whatever_the_local_one_says(visit: Page) -> None:
    page = visit.context.new_page()
    page.clock.install(time="2031-01-01T00:00:00Z")
    page.goto("/guide/sign")
    line = page.locator("[data-code-wait]")
    expect(line).to_have_text("Use the next code: available in 17 s")
    page.clock.run_for(5_000)
    expect(line).to_have_text("Use the next code: available in 12 s")
    page.clock.run_for(12_500)
    expect(line).to_have_text("Your next code is ready. Use the one shown now.")


def test_ctrl_enter_sends_the_form_and_the_button_says_so_once(visit: Page) -> None:
    visit.goto("/guide/sign")
    sent: list[str] = []
    visit.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    visit.get_by_label("Password").fill("correct horse")
    visit.get_by_label("One-time code").fill("123 456")
    visit.keyboard.press("Control+Enter")
    expect(visit.get_by_text("Password or code not accepted. 4 tries left.")).to_be_visible()
    look(visit, "sign-refused")
    assert len(sent) == 1
    assert findings(visit) == []


def test_pressed_button_is_busy_and_a_second_press_sends_nothing(visit: Page) -> None:
    visit.goto("/guide/sign")
    held: list[str] = []

    def hold(route: Route) -> None:
        held.append(route.request.method)
        route.fulfill(status=204)  # the browser stays on the page, as it does while it waits

    visit.route("**/guide/sign", hold)
    visit.get_by_label("Password").fill("correct horse")
    visit.get_by_label("One-time code").fill("123456")
    button = visit.locator("form.sign-form .btn-primary")
    button.click()
    expect(button).to_have_text("Checking…")
    expect(button).to_have_attribute("aria-busy", "true")
    button.click()
    visit.keyboard.press("Control+Enter")
    assert held == ["POST"]


def test_a_swap_moves_the_focus_to_the_new_heading_and_says_what_happened(visit: Page) -> None:
    visit.goto("/guide/live")
    visit.get_by_role("button", name="Show details").click()
    expect(visit.locator("#target").get_by_role("heading", name="Details")).to_be_focused()
    expect(visit.get_by_role("status").last).to_have_text("Details are shown")


def test_a_part_that_renews_itself_never_takes_the_focus(visit: Page) -> None:
    visit.goto("/guide/live")
    visit.get_by_role("button", name="Show details").focus()
    expect(visit.locator("#poll")).to_contain_text("312 of 500")
    expect(visit.get_by_role("button", name="Show details")).to_be_focused()


def test_three_polls_that_fail_say_so_and_one_that_works_takes_it_back(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=guide_server)
    page = context.new_page()
    page.goto("/guide/live")
    expect(page.locator("#poll")).to_contain_text("312 of 500")
    banner = page.get_by_role("alert").filter(has_text="The connection is lost")
    failed: list[bool] = []

    def lose(route: Route) -> None:
        failed.append(banner.is_visible())
        route.abort()

    page.route("**/guide/fragment", lose)
    expect(banner).to_be_visible()
    assert failed[:3] == [False, False, False]
    page.unroute("**/guide/fragment")
    expect(banner).to_be_hidden()
    context.close()


def test_a_refused_act_shows_its_reason_where_messages_stand(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=guide_server)
    page = context.new_page()
    page.goto("/guide/live")
    page.get_by_role("button", name="Decide").click()
    message = page.locator("#messages").get_by_role("alert")
    expect(message).to_contain_text("Another person must confirm")
    expect(message).to_be_focused()
    expect(page.get_by_role("button", name="Decide")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#target")).to_be_empty()
    context.close()


def test_ctrl_k_goes_to_search(visit: Page) -> None:
    visit.keyboard.press("Control+k")
    expect(visit.get_by_role("searchbox")).to_be_focused()


def test_leaving_with_unsaved_text_asks_first(visit: Page) -> None:
    visit.goto("/guide/form")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    visit.on("dialog", answer)
    visit.get_by_label("Note").fill("half a sentence")
    visit.goto("/guide/record")
    assert asked == ["beforeunload"]


def test_idle_person_is_warned_two_minutes_before_and_can_stay(visit: Page) -> None:
    page = visit.context.new_page()
    page.clock.install()
    page.goto("/guide/record")
    warning = page.get_by_role("dialog", name="Are you still there?")
    page.clock.run_for(12 * 60_000)
    expect(warning).to_be_hidden()
    page.clock.run_for(61_000)
    expect(warning).to_be_visible()
    look(page, "idle")
    with page.expect_response("**/stay/") as answer:
        page.get_by_role("button", name="Stay signed in").click()
    assert answer.value.status == 204
    expect(warning).to_be_hidden()


def test_focus_is_never_hidden_under_the_bars(visit: Page) -> None:
    visit.goto("/guide/list")
    for _ in range(48):
        visit.keyboard.press("Tab")
        hidden = visit.evaluate(COVERED)
        assert hidden == ""
