"""A record's page on paper: the record and nothing of the site around it; and in forced colours."""

from __future__ import annotations

from io import BytesIO

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.qms.web.seeing import look, pictures

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]


def test_paper_shows_the_record_its_links_who_printed_it_and_page_numbers(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(base_url=guide_server, color_scheme="dark")
    page = context.new_page()
    page.goto("/guide/record")
    printed = page.pdf(path=pictures() / "record.pdf", format="A4", prefer_css_page_size=True)
    text = " ".join((sheet.extract_text() or "") for sheet in PdfReader(BytesIO(printed)).pages)
    context.close()
    words = " ".join(text.split())
    assert "BR-2026-0042" in words
    assert "On hold" in words
    assert "Printed by Maria Chen at" in words
    assert "Page 1 of" in words
    assert "Decide batch" not in words
    assert "Products" not in words


def test_forced_colours_keep_words_and_the_place_where_one_is(guide_server: str, browser: Browser) -> None:
    context = browser.new_context(
        base_url=guide_server, forced_colors="active", viewport={"width": 1366, "height": 768}
    )
    page = context.new_page()
    page.goto("/guide/record")
    expect(page.get_by_text("Awaiting signature")).to_be_visible()
    tab = page.get_by_role("link", name="Overview")
    assert tab.evaluate("node => getComputedStyle(node).backgroundColor") != "rgba(0, 0, 0, 0)"
    look(page, "forced")
    context.close()
