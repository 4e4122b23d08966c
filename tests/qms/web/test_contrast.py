"""Every pair of colours that meets on a page can be read, in light and in dark (WCAG 1.4.3, 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text(encoding="utf-8")
PAIRS = {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", TOKENS)}
GROUNDS = ("page", "surface", "surface-2", "hover")
TONES = ("good", "bad", "warn", "blue", "violet", "teal", "brown")
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "accent-2") for ground in GROUNDS),
    *((tone, f"{tone}-bg") for tone in TONES),
    *((tone, "surface") for tone in TONES),
    *(("ink", f"{tone}-bg") for tone in TONES),
    *((ink, "grey-bg") for ink in ("ink", "ink-2")),
    *((ink, "mark") for ink in ("ink",)),
    ("accent", "blue-bg"),
    ("on-accent", "accent"),
    ("on-accent", "accent-2"),
    ("on-bad", "bad"),
]
EDGES = [(edge, ground) for edge in ("line-strong", "focus") for ground in ("page", "surface", "surface-2")]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out_by_four_and_a_half(ink: str, ground: str, theme: int) -> None:
    assert contrast(PAIRS[ink][theme], PAIRS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_fields_and_focus_stand_out_by_three(edge: str, ground: str, theme: int) -> None:
    assert contrast(PAIRS[edge][theme], PAIRS[ground][theme]) >= 3


def test_other_style_sheets_name_no_colours_of_their_own() -> None:
    for path in (Path(settings.BASE_DIR) / "static/css").glob("*.css"):
        if path.name in ("tokens.css", "rendition.css"):  # the colours' own place; paper, which is always light
            continue
        screen = path.read_text(encoding="utf-8").partition("@media print")[0]
        found = re.findall(r"#[0-9a-f]{3,8}\b", screen)
        assert found == [], f"{path.name}: {found}"
