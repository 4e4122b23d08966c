"""No script shows a text that a translator cannot reach."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "static" / "js"
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
OFFERED = re.compile(r"n?gettext\((?:\"[^\"]*\"(?:, )?)+")
PLACE = re.compile(r"\$\{(?:[^{}`]|`[^`]*`)*\}")
LITERAL = re.compile(r"\"([^\"\n]*)\"|`([^`]*)`")
SENTENCE = re.compile(r"^[A-Z][a-z]+$|[A-Za-z]{2,}[.!?…]$|[A-Za-z]{3,}\s+[a-z]{2,}")
CODE = {"svg.icon use", "signed out", "unit unit-", "unit verdict verdict-", "lightbox-verdict verdict-"}
"""Selectors, classes and the words of a thrown error, for the script alone."""
TECHNICAL = re.compile(
    r"[#<>\[\]=/_:;,]|^(Enter|Escape|Arrow\w+|Control|DOMContentLoaded|BroadcastChannel|Accept|Element)$"
)


def find_texts(script: str) -> list[str]:
    """Return the literals of a script that read like words for people and are not put up for translation."""
    script = OFFERED.sub("", COMMENT.sub("", script))
    texts = ["".join(found) for found in LITERAL.findall(PLACE.sub("", script))]
    return [
        text
        for text in texts
        if SENTENCE.search(text.strip()) and not TECHNICAL.search(text.strip()) and text.strip() not in CODE
    ]


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_every_text_of_a_script_is_put_up_for_translation(path: Path) -> None:
    assert find_texts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", ['say("Saved.")', "`Unit ${unit.name} is here`", 'toast("Taken back")', 'x = "Good"'])
def test_negative_control_a_plain_text_is_seen(text: str) -> None:
    assert find_texts(text)


def test_negative_control_an_offered_text_is_not() -> None:
    assert not find_texts('say(gettext("Saved.")); n = ngettext("one unit", "many units", 2); // A comment, here.')
