"""Journey a: a lot of 100 real photographs from delivery to signed disposition, by mouse, keys and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from examples.make_lot_zip import load_photographs
from tests.journeys.conftest import Welcome
from tests.journeys.visitor import HEIGHT, Visitor

pytestmark = pytest.mark.e2e

LOT = "L-70107"
BATCH, BEGUN, RETURNED, DECIDABLE = "BR-2026-0010", "BR-2026-0008", "BR-2026-0007", "BR-2026-0005"
MIX_UPS = {unit.unit_id for unit in load_photographs("fentanyl-100") if unit.product == "midazolam"}
MOST_CLICKS = 6
MOST_KEYS_PER_UNIT = 2
RUN_SECONDS = 120


def open_from_home(visitor: Visitor, number: str) -> None:
    """Click a batch in the list of work."""
    visitor.go(visitor.page.locator("main").get_by_role("link", name=re.compile(number)).first)


def assert_work_is_above_the_fold(visitor: Visitor) -> None:
    """See that what waits can be read without scrolling, whatever else the page offers."""
    for title in ("To sign", "To review"):
        box = visitor.page.get_by_role("heading", name=title).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= HEIGHT / 2, (title, box)


def import_delivery(visitor: Visitor) -> None:
    """Import the damaged delivery, see what is refused, give it up, and import the sound one."""
    page, deliveries = visitor.page, visitor.site.deliveries
    visitor.go(visitor.button("Import images"))
    visitor.look("import")
    page.locator("#id_archive").set_input_files(deliveries / f"{LOT}-damaged.zip")
    visitor.go(visitor.button("Check the delivery"))
    expect(page.get_by_text("97 files are good, 3 are refused. Nothing is stored yet.")).to_be_visible(timeout=60_000)
    visitor.look("import-refused", picture="02-import-refused")
    visitor.go(visitor.button("Give up this upload"))
    visitor.go(visitor.button("Import images"))
    page.locator("#id_archive").set_input_files(deliveries / f"{LOT}.zip")
    visitor.go(visitor.button("Check the delivery"))
    expect(page.get_by_text("100 of 100 units have an image.")).to_be_visible(timeout=90_000)
    visitor.look("imported")


def run_inspection(visitor: Visitor) -> None:
    """Start the inspection and watch it until the model has decided every unit."""
    page = visitor.page
    visitor.look("batch-ready")
    visitor.go(visitor.button("Start inspection"))
    expect(page.get_by_text("The inspection is started.")).to_be_visible(timeout=30_000)
    expect(visitor.button("Review units")).to_be_visible(timeout=RUN_SECONDS * 1000)
    expect(page.get_by_text("3 flagged, 4 undecided, 0 failed")).to_be_visible()
    visitor.look("batch-inspected", picture="03-inspection")


def review_units(visitor: Visitor) -> int:
    """Decide every unit that asks for a person, by keys; return how many there were."""
    page = visitor.page
    visitor.go(visitor.button("Review units"))
    visitor.look("review-grid", picture="04-review-grid")
    open_lightbox(visitor)
    seen: list[str] = []
    while (unit := shown_unit(page)) not in seen:
        seen.append(unit)
        decide(visitor, unit, is_first_choice=not seen[:-1])
        expect(page.locator("#review-toast")).to_be_visible()
    expect(page.locator("#lightbox-queue")).to_have_text("", timeout=20_000)
    visitor.press("Escape")
    return len(seen)


def open_lightbox(visitor: Visitor) -> None:
    """Open the first unit of the grid by Enter, once the page says that keys work."""
    expect(visitor.page.locator("[data-keys-hint]")).to_be_visible()
    visitor.press("Enter")
    expect(visitor.page.locator("#lightbox")).to_have_attribute("open", "")


def shown_unit(page: Page) -> str:
    """Return the unit whose photograph is drawn."""
    name = page.locator("#lightbox-title").inner_text().removeprefix("Unit ")
    expect(page.locator("#lightbox")).to_have_attribute("data-shown", name)
    return name


def decide(visitor: Visitor, unit: str, *, is_first_choice: bool) -> None:
    """Agree with the model, or decide what it left open as the photograph shows."""
    page = visitor.page
    is_open = page.locator("#lightbox-verdict").inner_text().strip() == "Undecided"
    if is_first_choice:
        visitor.look("lightbox")
    if is_open and unit in MIX_UPS:
        visitor.press("r")
        expect(page.get_by_text("Which defect?")).to_be_visible()
        visitor.look("lightbox-choice", picture="05-lightbox")
        visitor.press("1")
    else:
        visitor.press("g" if is_open else "a")


def finish_review(visitor: Visitor) -> str:
    """Check the answers, draw the sample, find nothing in it, and sign."""
    page = visitor.page
    visitor.go(visitor.button("Decide batch"))
    visitor.look("check-answers-open")
    visitor.go(visitor.button("Draw the AQL sample"))
    visitor.look("aql-sample")
    visitor.go(visitor.button(re.compile("No defects found")))
    expect(page.get_by_text("95.00 %").first).to_be_visible()
    visitor.look("check-answers", picture="06-check-answers")
    assert visitor.clicks <= MOST_CLICKS, visitor.clicks
    visitor.go(visitor.button("Sign the review"))
    visitor.look("signing", picture="07-signing")
    return visitor.sign()


@pytest.mark.clause("211.188", "11.50(a)", "11.200(a)(1)")
def test_a_lot_goes_from_its_delivery_to_release_within_the_budget_of_clicks_and_keys(welcome: Welcome) -> None:
    ana = welcome("ana")
    ana.look("home", picture="01-home")
    assert_work_is_above_the_fold(ana)
    open_from_home(ana, BATCH)
    ana.look("batch-open")
    import_delivery(ana)
    ana.open("/")
    ana.reset()
    open_from_home(ana, BATCH)
    run_inspection(ana)
    reviewed = review_units(ana)
    assert reviewed >= len(MIX_UPS)
    assert ana.keys <= MOST_KEYS_PER_UNIT * reviewed, (ana.keys, reviewed)
    finish_review(ana)
    expect(ana.page.get_by_text("Your signature is valid from now on.")).to_be_visible()
    ana.look("signed")
    expect(ana.page.get_by_role("link", name="Download signed PDF")).to_be_visible(timeout=60_000)

    rita = welcome("rita")
    open_from_home(rita, BATCH)
    rita.look("trail-review")
    rita.go(rita.button("Sign the audit trail review"))
    rita.sign()

    maria = welcome("maria")
    open_from_home(maria, BATCH)
    maria.look("disposition", picture="08-disposition")
    maria.click(maria.page.get_by_label("Release the batch"))
    maria.go(maria.button("Go on to sign"))
    maria.sign()
    maria.open(f"/batches/{BATCH}/")
    expect(maria.page.locator("h1")).to_contain_text("Released")
    maria.look("batch-released")
    maria.open(f"/batches/{BATCH}/history/")
    maria.look("batch-history")


def test_one_record_is_signed_from_home_with_three_clicks_and_two_fields(welcome: Welcome) -> None:
    maria = welcome("maria")
    open_from_home(maria, DECIDABLE)
    maria.click(maria.page.get_by_label("Release the batch"))
    maria.go(maria.button("Go on to sign"))
    maria.sign()
    assert (maria.clicks, maria.fields, maria.keys) == (3, 2, 1)


@pytest.mark.clause("211.188")
def test_second_person_sees_the_mix_up_behind_the_override_and_refuses_it(welcome: Welcome) -> None:
    kim = welcome("kim")
    open_from_home(kim, BEGUN)
    page = kim.page
    expect(page.locator("a[data-open]")).to_have_count(1)
    open_lightbox(kim)
    expect(page.locator("#lightbox-verdict")).to_contain_text("waits for a second person")
    kim.look("lightbox-verify")
    kim.press("x")
    kim.fill(page.locator("#lightbox-words"), "The label says midazolam; there is no glare on it.")
    kim.press("Control+Enter")
    expect(page.locator("#lightbox-queue")).to_have_text("", timeout=20_000)
    page.reload()
    expect(page.locator("a[data-open]")).to_have_count(0)


def test_without_scripts_a_person_signs_in_and_decides_a_unit(welcome: Welcome) -> None:
    ana = welcome("ana", scripts=False)
    page = ana.page
    open_from_home(ana, BEGUN)
    ana.open(f"/batches/{BEGUN}/review/?show=flagged")
    ana.go(page.locator("main").get_by_role("link", name=re.compile("F-088")))
    expect(page.locator("h1")).to_contain_text("F-088")
    ana.go(page.get_by_role("button", name=re.compile("Agree")))
    expect(page.get_by_text("Saved your decision on unit F-088.")).to_be_visible()


@pytest.mark.clause("11.200(a)(1)")
def test_without_scripts_a_returned_review_is_signed_and_its_pdf_fetched(welcome: Welcome) -> None:
    ana = welcome("ana", scripts=False)
    page = ana.page
    expect(page.get_by_text("please look at its label again").first).to_be_visible()
    ana.open(f"/batches/{RETURNED}/check-answers/")
    ana.go(ana.button("Sign the review"))
    expect(page.get_by_text("legally binding equivalent of your handwritten signature")).to_be_visible()
    ana.sign()
    expect(page.get_by_text("Your signature is valid from now on.")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Look again|Download signed PDF"))).to_be_visible()


def test_every_step_of_the_tour_has_no_findings(welcome: Welcome) -> None:
    kim = welcome("kim")
    for number in (1, 2, 3, 4):
        kim.open(f"/?tour={number}")
        expect(kim.page.get_by_text(f"First steps, {number} of 4")).to_be_visible()
        kim.look(f"tour-{number}")


def test_without_scripts_the_tour_leads_through_four_steps_and_is_closed_for_ever(welcome: Welcome) -> None:
    vera = welcome("vera", scripts=False)
    page = vera.page
    for number in (1, 2, 3):
        expect(page.get_by_text(f"First steps, {number} of 4")).to_be_visible()
        vera.go(page.get_by_role("link", name="Next"))
    vera.go(page.get_by_role("button", name="Close the tour"))
    expect(page.get_by_text("First steps")).to_have_count(0)
    vera.open("/?tour=2")
    expect(page.get_by_text("First steps")).to_have_count(0)
