"""How a signature shows: every meaning, every zone, and the same facts on page, paper and export."""

import datetime as dt
import html
import re
import subprocess
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from qms.web.moments import write_moment as shell_moment
from records.outbox import work_off
from records.stores import file_store
from signatures.errors_pki import StatementMalformed
from signatures.manifestation import (
    Manifestation,
    clean_reason,
    manifestation_facts,
    manifestation_of,
    word_of_meaning,
    word_of_role,
    write_moment,
)
from signatures.models import Signature
from signatures.routes import MEANINGS
from tests.signatures.papers import approved_paper

pytestmark = pytest.mark.clause("11.50(a)", "11.50(b)")

AT = dt.datetime(2026, 11, 22, 19, 3, 7, 123456, tzinfo=dt.UTC)


def manifestation(**changes):
    facts: dict[str, Any] = {
        "number": "S-2026-0123",
        "printed_name": "Maria Chen",
        "username": "mchen",
        "role": "QA manager",
        "meaning": "Approved",
        "signed_at": AT,
        "time_zone": "America/New_York",
        "reason": "All is well.",
        "is_decline": False,
    }
    return Manifestation(**(facts | changes))


def test_the_line_holds_name_role_meaning_time_with_offset_reason_and_number():
    assert manifestation().text == (
        "Electronically signed by Maria Chen (mchen), QA manager — Meaning: Approved — "
        "2026-11-22 14:03:07 UTC−05:00 (19:03:07 UTC) — Reason: All is well. — Signature S-2026-0123"
    )


@pytest.mark.parametrize("meaning", sorted(MEANINGS))
def test_every_meaning_has_its_word(meaning):
    word = word_of_meaning(meaning)
    assert word
    assert word in manifestation(meaning=word).text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "2026-11-22 19:03:07 UTC"),
        ("Europe/Berlin", "2026-11-22 20:03:07 UTC+01:00 (19:03:07 UTC)"),
        ("Asia/Kolkata", "2026-11-23 00:33:07 UTC+05:30 (2026-11-22 19:03:07 UTC)"),
        ("America/St_Johns", "2026-11-22 15:33:07 UTC−03:30 (19:03:07 UTC)"),
        ("No/Such_Zone", "2026-11-22 19:03:07 UTC"),
    ],
)
def test_the_time_shows_the_signers_offset_and_utc(zone, shown):
    assert write_moment(AT, zone) == shown


def test_the_shell_and_the_manifestation_write_times_alike():
    for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"):
        assert write_moment(AT, zone) == shell_moment(AT, dt.UTC if zone == "UTC" else _zone(zone))


def _zone(name):
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


@pytest.mark.parametrize(
    ("role", "words"),
    [("qa_manager", "QA manager"), ("operator", "Operator"), ("second_inspector", "Second inspector")],
)
def test_roles_are_printed_as_words(role, words):
    assert word_of_role(role) == words


def test_a_reason_is_signed_as_it_reads():
    assert clean_reason("  two\r\nlines\x00 and a bell\x07 ") == "two\nlines and a bell"
    assert clean_reason("Cafe\u0301") == "Café"


def test_the_component_escapes_what_people_typed():
    page = render_to_string(
        "parts/_manifestation.html", {"signature": manifestation(printed_name="<b>M", reason="<script>")}
    )
    assert "<b>M" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.django_db
def test_page_paper_and_facts_show_the_same(author, reviewer, qa_manager, tmp_path):
    paper = approved_paper(author, reviewer, qa_manager)
    work_off()
    signature = Signature.objects.latest("id")
    wanted = [
        f"Electronically signed by {signature.printed_name} ({signature.username}), {signature.role}",
        f"Meaning {word_of_meaning(signature.meaning)}",
        f"Signed at {manifestation_of(signature).moment}",
        f"Signature {signature.number}",
    ]
    screen = plain(qa_manager.client().get(reverse("signing:signature-detail", args=[signature.number])))
    (tmp_path / "signed.pdf").write_bytes(
        qa_manager.client().get(reverse("signing:rendition", args=[signature.number])).content
    )
    command = ["pdftotext", "-layout", tmp_path / "signed.pdf", "-"]
    document = " ".join(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    for line in wanted:
        assert line in screen
        assert line in document
    facts = manifestation_facts(manifestation_of(signature))
    exported: dict[str, Any] = dict(manifestation_of(signature).as_dict())
    assert facts["Signed by"] in exported["shown"]
    assert (exported["meaning"], exported["printed_name"]) == (facts["Meaning"], "Maria Chen")
    assert paper.number in document
    assert file_store().has(signature.version.renditions.get().file_id)


@pytest.mark.django_db
def test_a_blank_meaning_cannot_be_signed(author, reviewer):
    from signatures.signing import write_statement
    from tests.signatures.papers import open_for, submitted_paper

    ceremony = open_for(reviewer, submitted_paper(author))
    for blank in ("", "  "):
        with pytest.raises(StatementMalformed, match="meaning is blank"):
            write_statement(ceremony, ceremony.record, reason="", meaning=blank, signed_at=AT, components=("password",))


def plain(answer):
    """Return a page's text without markup, in one line."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+([),.])", r"\1", " ".join(html.unescape(text).split()))
