"""Journey c, second half: from the plan to the report that three people sign, and a change that shows at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Welcome
from tests.journeys.test_c_validation import HEADINGS, sign_here
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.e2e

REPORT_CLICKS = 3
REQUIREMENTS = HEADINGS + "".join(
    f"The scale weighs {name}.\tLine 2\t{name} misread\thigh\tlow\tmedium\n" for name in ("full vials", "empty vials")
)
PROTOCOL = "requirements\tinstruction\texpected\nURS-001, URS-002\tWeigh both vials.\tBoth weights are shown.\n"


def register_system(vera: Visitor) -> str:
    """Put a system with one item into the inventory; return the address of its page."""
    page = vera.page
    vera.open("/validation/systems/new/")
    vera.fill(page.get_by_label("Name"), "Checkweigher of line 2")
    vera.fill(page.get_by_label("What it does"), "Weighs each vial.")
    page.get_by_label("GAMP category").select_option("4")
    vera.fill(page.get_by_label("Why so relevant"), "A light vial is underfilled.")
    page.get_by_label("System owner").select_option(label="Ada Minh (ada)")
    page.get_by_label("Process owner").select_option(label="Maria Chen (maria)")
    vera.fill(page.get_by_label("Reason"), "bought for line 2")
    vera.go(vera.button("Register system"))
    system = page.url
    add_item(vera, system, "Scale firmware", "4.1")
    return system


def add_item(vera: Visitor, system: str, name: str, version: str) -> None:
    """Put an item under configuration management."""
    page = vera.page
    vera.open(system)
    vera.go(vera.button("Add item"))
    page.get_by_label("Kind", exact=True).select_option("software")
    vera.fill(page.get_by_label("Name", exact=True), name)
    vera.fill(page.get_by_label("Version", exact=True), version)
    vera.fill(page.get_by_label("Reason"), "as installed")
    vera.go(vera.button("Add item"))


def write_plan(vera: Visitor, system: str) -> str:
    """Draft the plan, see what is missing, write every section; return its address."""
    page = vera.page
    vera.open(system)
    vera.go(vera.button("Draft plan"))
    page.get_by_label("IQ: installation qualification").uncheck()
    page.get_by_label("PQ: performance qualification").uncheck()
    vera.look("validation-plan-new")
    vera.go(vera.button("Draft plan"))
    plan = page.url
    missing = page.locator(".panel-warning li")
    count = missing.count()
    assert count >= 10
    vera.look("validation-plan-missing", picture="23-plan")
    for position in range(1, count + 1):
        vera.open(f"{plan}sections/{position}/")
        if position == 1:
            vera.look("validation-plan-section")
        vera.fill(page.locator("#id_text"), f"What is decided about part {position}.")
        vera.go(vera.button("Save section"))
    expect(missing).to_have_count(0)
    return plan


def execute_protocol(vera: Visitor, maria: Visitor, system: str) -> str:
    """Write requirements and a protocol, have both signed, execute the protocol; return the run's address."""
    page = vera.page
    vera.open(system)
    vera.go(vera.button("Begin requirements"))
    requirements = page.url
    vera.go(vera.button("Paste a table"))
    vera.fill(page.get_by_label("Table"), REQUIREMENTS)
    vera.go(vera.button("Show preview"))
    vera.go(vera.button("Add 2 requirements"))
    sign_here(vera, requirements, "Sign the baseline")
    sign_here(maria, requirements, "Sign the baseline")
    vera.open(system)
    vera.go(vera.button("Draft protocol"))
    vera.fill(page.get_by_label("Title"), "Weighing of two vials")
    page.get_by_label("Stage").select_option("oq")
    vera.fill(page.get_by_label("Purpose and scope"), "Shows that both are weighed.")
    vera.go(vera.button("Draft protocol"))
    protocol = page.url
    vera.go(vera.button("Paste steps"))
    vera.fill(page.get_by_label("Table"), PROTOCOL)
    vera.go(vera.button("Add steps"))
    sign_here(vera, protocol, "Sign the protocol")
    sign_here(maria, protocol, "Sign the protocol")
    vera.open(protocol)
    vera.go(vera.button("Execute"))
    vera.fill(page.get_by_label("Environment"), "Line 2")
    vera.go(vera.button("Begin execution"))
    return page.url


def pass_step(vera: Visitor) -> None:
    """Record the only step by keys."""
    page = vera.page
    expect(page.locator("#step-heading")).to_be_focused()
    vera.press("p")
    page.keyboard.insert_text("Both weights are shown.")
    vera.press("Control+Enter")
    expect(page.get_by_text("1 of 1")).to_be_visible()


def generate_report(vera: Visitor, system: str) -> str:
    """Generate the report and write its three texts, within the click budget; return its address."""
    page = vera.page
    vera.open(system)
    vera.reset()
    vera.go(vera.button("Summary report"))
    vera.go(vera.button("Generate summary report"))
    vera.fill(page.locator("#id_summary"), "One step for two requirements; it passed.")
    vera.fill(page.locator("#id_limits"), "Only vials of 2R.")
    vera.fill(page.locator("#id_conclusion"), "Fit for its use.")
    vera.go(vera.button("Save texts"))
    assert vera.clicks == REPORT_CLICKS
    vera.look("validation-report", picture="24-report")
    return page.url


@pytest.mark.clause("11.10(a)", "11.50(a)", "Annex 15 1.5", "Annex 15 2.9", "Annex 15 2.10", "Annex 11 10")
def test_a_plan_becomes_a_report_of_three_signatures_and_a_validated_system(welcome: Welcome) -> None:
    vera, maria = welcome("vera"), welcome("maria")
    page, system = vera.page, register_system(vera)
    plan = write_plan(vera, system)
    sign_here(vera, plan, "Sign the plan")
    sign_here(maria, plan, "Sign the plan")
    vera.open(system)
    vera.go(vera.button("Summary report"))
    expect(page.get_by_text("has no requirements.")).to_be_visible()
    expect(vera.button("Generate summary report")).to_have_count(0)
    vera.look("validation-report-points")

    run = execute_protocol(vera, maria, system)
    pass_step(vera)
    sign_here(vera, run, "Sign the execution")
    sign_here(welcome("rita"), run, "Sign the review")

    report = generate_report(vera, system)
    sign_here(vera, report, "Sign the report")
    sign_here(maria, report, "Sign the report")
    sign_here(welcome("quentin"), report, "Sign the report")

    vera.open(system)
    expect(page.locator("h1")).to_contain_text("Validated")
    add_item(vera, system, "Scale driver", "2.0")
    expect(page.locator(".panel-warning")).to_contain_text("Scale driver 2.0 was added.")
    vera.look("validation-system-changed", picture="25-changed")
    vera.open("/validation/")
    expect(page.locator("tr", has_text="Checkweigher")).to_contain_text("Changed since validation")
    vera.open(f"{system}trace/")
    vera.go(vera.button("Draw PDF"))
    expect(page.get_by_role("link", name="Download PDF")).to_be_visible(timeout=20_000)
    vera.look("validation-trace-pdf")
    with page.expect_download() as loading:
        vera.click(page.get_by_role("link", name="Download PDF"))
    assert re.fullmatch(r"SYS-\d{4}-\d{4}-trace\.pdf", loading.value.suggested_filename)
