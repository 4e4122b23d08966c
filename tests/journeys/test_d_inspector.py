"""Journey d: an inspector finds who changed what, when and why on a lot, verifies it and takes copies away."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Welcome
from tests.journeys.visitor import Visitor
from tests.signatures.capsule_files import run_verifier

pytestmark = pytest.mark.e2e

LOT, BATCH, OTHER_PRODUCTS_LOT = "L-70101", "BR-2026-0001", "L-80101"
MOST_CLICKS = 3
EXPORT_SECONDS = 60


def search(visitor: Visitor, text: str) -> None:
    """Type into the one search box and press Enter."""
    visitor.fill(visitor.page.locator("main").get_by_role("searchbox"), text)
    with visitor.page.expect_navigation():
        visitor.press("Enter")


def take_copy(visitor: Visitor, folder: Path) -> Path:
    """Ask for a copy, wait until it is made, and take it."""
    visitor.go(visitor.button("Export copies"))
    visitor.page.wait_for_url(re.compile("/inspect/copies/"))
    link = await_copy(visitor)
    with visitor.page.expect_download() as waiting:
        visitor.click(link)
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def await_copy(visitor: Visitor) -> Locator:
    """Return the link of the finished copy; the page asks for itself, or a reload does."""
    link = visitor.button("Download zip")
    for _ in range(EXPORT_SECONDS):
        if link.is_visible():
            return link
        visitor.page.wait_for_timeout(1000)
        visitor.page.reload()
    return link


@pytest.mark.clause("11.10(b)", "11.10(e)")
def test_inspector_finds_compares_verifies_and_exports_within_three_clicks(welcome: Welcome, tmp_path: Path) -> None:
    ines = welcome("ines")
    page = ines.page
    expect(page.get_by_text("your views and exports are recorded")).to_be_visible()
    ines.look("inspector-search")
    search(ines, LOT)
    expect(page.locator("h1")).to_contain_text(LOT)
    released = page.locator(".timeline > li", has_text=re.compile(f"Maria Chen .* released {BATCH}"))
    expect(released).to_contain_text("Reason: The mix-up was found")
    expect(released.locator("time")).to_have_attribute("datetime", re.compile(r"^\d{4}-\d\d-\d\dT"))
    ines.look("inspector-lot")
    assert ines.clicks == 0
    ines.go(ines.button("Compare versions"))
    expect(page.locator("main")).to_contain_text("The label count of line 1 is not in yet")
    ines.look("inspector-compare")
    ines.go(ines.button("Verify"))
    expect(page.get_by_text(re.compile(r"All \d+ checks passed\."))).to_be_visible()
    ines.look("inspector-verify", picture="10-inspector-verify")
    assert ines.clicks <= MOST_CLICKS, ines.clicks
    copy = take_copy(ines, tmp_path)
    ines.look("inspector-copy")
    assert ines.clicks <= MOST_CLICKS + 2, ines.clicks
    names = zipfile.ZipFile(copy).namelist()
    assert {"VERIFY.txt", "verify.py", "certificates/ca.pem", "manifest.json"} <= set(names)
    assert [name for name in names if name.endswith("/trail.csv")]
    assert [name for name in names if "/renditions/" in name and name.endswith(".pdf")]
    spoken = run_verifier(copy.read_bytes())
    assert spoken.code == 0, spoken.text
    ines.open(f"/inspect/lots/{LOT}/?show=signature")
    ines.look("inspector-signatures", picture="09-inspector-lot")


@pytest.mark.clause("11.10(d)")
def test_inspector_is_told_nothing_of_another_product_and_can_ask_for_it(welcome: Welcome) -> None:
    ines = welcome("ines")
    page = ines.page
    search(ines, OTHER_PRODUCTS_LOT)
    expect(page.get_by_text(f"No entry for {OTHER_PRODUCTS_LOT}.")).to_be_visible()
    ines.look("inspector-nothing-found")
    ines.go(page.get_by_role("link", name="ask for it"))
    ines.look("inspector-requests")
    ines.fill(page.locator("main textarea").first, f"Please show the batch record of lot {OTHER_PRODUCTS_LOT}.")
    ines.go(page.get_by_role("button", name="Send request"))
    expect(page.get_by_text("The quality unit has your request.")).to_be_visible()


@pytest.mark.clause("11.10(b)")
def test_without_scripts_an_inspector_verifies_and_takes_a_copy(welcome: Welcome, tmp_path: Path) -> None:
    ines = welcome("ines", scripts=False)
    search(ines, BATCH)
    expect(ines.page.locator("h1")).to_contain_text(BATCH)
    ines.go(ines.button("Verify"))
    expect(ines.page.get_by_text(re.compile(r"All \d+ checks passed\."))).to_be_visible()
    copy = take_copy(ines, tmp_path)
    assert zipfile.ZipFile(copy).testzip() is None


@pytest.mark.clause("11.10(e)")
def test_quality_sees_what_the_inspector_opened(welcome: Welcome) -> None:
    ines = welcome("ines")
    search(ines, LOT)
    maria = welcome("maria")
    maria.open("/inspections/")
    maria.look("back-room")
    maria.go(maria.page.locator("main").get_by_role("link", name=re.compile("Ines Moreau")).first)
    expect(maria.page.locator("main")).to_contain_text(LOT)
    maria.look("back-room-access")
