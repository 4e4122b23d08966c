"""Journey c: requirements, a protocol of 40 steps, a failed step, its deviation, the trace; also without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Welcome
from tests.journeys.visitor import Visitor
from tests.validation.desk import PICTURE

pytestmark = pytest.mark.e2e

SYSTEM = "Label reader of line 2"
STEPS, FAILED, SHOWN = 40, 7, 3
KEYS_PER_STEP = 2
HEADINGS = "requirement\tsource\tfailure mode\tseverity\tprobability\tdetectability\n"
REQUIREMENTS = HEADINGS + "".join(
    f"The reader reads label {number}.\tLine 2\tlabel {number} misread\thigh\tlow\tmedium\n" for number in range(1, 6)
)
PROTOCOL = "requirements\tinstruction\texpected\n" + "".join(
    f"URS-00{number % 5 + 1}\tHold label {number + 1} before the reader.\tThe screen shows label {number + 1}.\n"
    for number in range(STEPS)
)


def register_system(vera: Visitor) -> str:
    """Put a system into the inventory and begin its requirements; return the system's number."""
    page = vera.page
    vera.open("/validation/")
    vera.look("validation-systems", picture="11-validation")
    vera.go(vera.button("Register system"))
    vera.look("validation-system-new")
    vera.fill(page.get_by_label("Name"), SYSTEM)
    vera.fill(page.get_by_label("What it does"), "Reads the label of each vial.")
    page.get_by_label("GAMP category").select_option("4")
    vera.fill(page.get_by_label("Why so relevant"), "A wrong label is a wrong product.")
    page.get_by_label("System owner").select_option(label="Ada Minh (ada)")
    page.get_by_label("Process owner").select_option(label="Maria Chen (maria)")
    vera.fill(page.get_by_label("Reason"), "bought for line 2")
    vera.go(vera.button("Register system"))
    number = page.locator("h1 .number").inner_text()
    vera.go(vera.button("Begin requirements"))
    return number


def paste_requirements(vera: Visitor) -> None:
    """Paste a table with a fault, see it, paste it right, and look at the editable table."""
    page = vera.page
    vera.go(vera.button("Paste a table"))
    vera.fill(page.get_by_label("Table"), REQUIREMENTS.replace("high", "severe", 1))
    vera.go(vera.button("Show preview"))
    expect(page.get_by_text("severity is “severe”, not low, medium or high")).to_be_visible()
    vera.look("validation-preview")
    vera.fill(page.get_by_label("Table"), REQUIREMENTS)
    vera.go(vera.button("Show preview"))
    vera.go(vera.button("Add 5 requirements"))
    vera.fill(page.get_by_label("Requirement of new row 1"), "The reader stops the line when it cannot read.")
    vera.go(vera.button("Save table"))
    expect(page.locator("#URS-006")).to_contain_text("stops the line")
    vera.look("validation-requirements", picture="12-requirements")


def write_protocol(vera: Visitor, system: str) -> None:
    """Draft a protocol and paste its steps."""
    page = vera.page
    vera.open(f"/validation/systems/{system}/")
    vera.look("validation-system")
    vera.go(vera.button("Draft protocol"))
    vera.fill(page.get_by_label("Title"), "Reading of 40 labels")
    page.get_by_label("Stage").select_option("oq")
    vera.fill(page.get_by_label("Purpose and scope"), "Shows that every label is read.")
    vera.go(vera.button("Draft protocol"))
    vera.go(vera.button("Paste steps"))
    vera.fill(page.get_by_label("Table"), PROTOCOL)
    vera.go(vera.button("Add steps"))
    expect(page.locator("tbody tr")).to_have_count(STEPS)
    vera.look("validation-protocol")


def sign_here(visitor: Visitor, path: str, button: str) -> None:
    """Open a record and sign it."""
    visitor.open(path)
    visitor.go(visitor.button(button))
    visitor.sign()


def run_steps(vera: Visitor, tmp_path: Path) -> None:
    """Execute every step by keys; one fails, one gets a file by the file box that E opens."""
    page, picture = vera.page, tmp_path / "screen.png"
    picture.write_bytes(PICTURE)
    # The browser is told at once, not beside the key: told together, either can come first on a busy machine.
    page.on("filechooser", lambda chooser: chooser.set_files(picture))
    for step in range(1, STEPS + 1):
        heading = page.locator("#step-heading")
        expect(heading).to_contain_text(re.compile(rf"^Step {step}\b"))
        expect(heading).to_be_focused()
        if step == SHOWN:
            page.keyboard.press("e")
            expect(page.locator("#evidence").get_by_role("link", name="screen.png", exact=True)).to_be_visible()
        vera.press("f" if step == FAILED else "p")
        page.keyboard.insert_text(f"The screen shows {'nothing' if step == FAILED else f'label {step}'}.")
        if step == SHOWN:
            vera.look("validation-runner", picture="13-runner")
            page.locator("#id_actual").focus()
        vera.press("Control+Enter")
        if step < STEPS:
            expect(page.get_by_text(f"{step} of {STEPS}")).to_be_visible()
    expect(page.get_by_text(f"{STEPS} of {STEPS}")).to_be_visible()


@pytest.mark.clause("11.10(a)", "11.10(e)", "11.50(a)", "Annex 15 2.8")
def test_requirements_become_a_signed_protocol_an_execution_by_keys_and_a_disposed_deviation(
    welcome: Welcome, tmp_path: Path
) -> None:
    vera, maria = welcome("vera"), welcome("maria")
    system = register_system(vera)
    paste_requirements(vera)
    requirements = vera.page.url
    sign_here(vera, requirements, "Sign the baseline")
    sign_here(maria, requirements, "Sign the baseline")
    write_protocol(vera, system)
    protocol = vera.page.url
    sign_here(vera, protocol, "Sign the protocol")
    sign_here(maria, protocol, "Sign the protocol")

    vera.open(protocol)
    vera.go(vera.button("Execute"))
    vera.fill(vera.page.get_by_label("Environment"), "Line 2, reader firmware 4.1")
    vera.go(vera.button("Begin execution"))
    run = vera.page.url
    vera.reset()
    run_steps(vera, tmp_path)
    assert (vera.clicks, vera.keys) == (0, KEYS_PER_STEP * STEPS)
    vera.go(vera.button(f"Raise deviation for step {FAILED}"))
    assert vera.clicks == 1
    page = vera.page
    expect(page.locator("main")).to_contain_text("Actual: The screen shows nothing.")
    deviation = page.url
    vera.fill(page.get_by_label("Investigation"), "The lamp of the reader was off at label 7.")
    page.get_by_label("Cause").select_option("environment")
    page.get_by_label("What follows").select_option("retest")
    vera.fill(page.get_by_label("Reason", exact=True), "looked into at the line")
    vera.go(vera.button("Save investigation"))
    vera.look("validation-deviation", picture="14-deviation")
    sign_here(vera, run, "Sign the execution")

    rita = welcome("rita")
    sign_here(rita, run, "Sign the review")
    maria.open(deviation)
    maria.go(maria.button("Sign the disposition"))
    maria.fill(maria.page.get_by_label("Reason"), "The lamp is repaired; read the label again.")
    maria.sign()
    vera.open(run)
    vera.go(vera.button("Run again"))
    vera.go(vera.button("Begin run"))
    expect(page.locator("#step-heading")).to_contain_text(f"Step {FAILED}")
    expect(page.locator(".runner-steps a")).to_have_count(1)

    vera.open(f"/validation/systems/{system}/trace/?show=gaps")
    expect(page.get_by_text("failed, not run again")).to_be_visible()
    expect(page.get_by_text("no test", exact=False).first).to_be_visible()
    vera.look("validation-trace", picture="15-trace")
    row = page.locator("tr", has_text="failed, not run again").first
    vera.go(row.get_by_role("rowheader").get_by_role("link"))
    beside = page.locator("#chosen")
    expect(beside).to_contain_text("failed, not run again")
    expect(beside.get_by_role("heading", level=2)).to_be_focused()
    expect(row).to_be_visible()
    vera.look("validation-trace-closely")


@pytest.mark.clause("11.10(e)")
def test_without_scripts_a_step_is_executed_with_evidence_and_corrected(welcome: Welcome, tmp_path: Path) -> None:
    vera = welcome("vera", scripts=False)
    page, picture = vera.page, tmp_path / "screen.png"
    picture.write_bytes(PICTURE)
    vera.open("/validation/")
    vera.go(page.locator("tr", has_text="Vial inspection pipeline").get_by_role("link"))
    vera.go(page.locator("main").get_by_role("link", name=re.compile("^PT-")).first)
    vera.go(vera.button("Execute"))
    vera.fill(page.get_by_label("Environment"), "Demonstration plant")
    vera.go(vera.button("Begin execution"))
    vera.fill(page.get_by_label("Actual result"), "Ten of ten agree.")
    page.get_by_label("Files of evidence").set_input_files(picture)
    vera.go(vera.button("Add evidence"))
    expect(page.locator("#evidence").get_by_role("link", name="screen.png", exact=True)).to_be_visible()
    expect(page.get_by_label("Actual result")).to_have_value("Ten of ten agree.")
    page.get_by_label("Pass").check()
    vera.go(vera.button("Save and next"))
    expect(page.locator("main")).to_contain_text("Step 1 is saved: passed.")
    vera.go(page.get_by_role("link", name=re.compile(r"^Step 1\b")))
    page.get_by_text("Correct this result").click()
    vera.fill(page.get_by_label("Actual result"), "Nine of ten agree.")
    page.get_by_label("Fail").check()
    vera.fill(page.get_by_label("Reason of the correction"), "one file was counted twice")
    vera.go(vera.button("Enter correction"))
    expect(page.locator("del")).to_contain_text("Ten of ten agree.")
