"""A picture of the documentation keeps its limit, or is not taken."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from tests.journeys import visitor

NOISE = random.Random(7).randbytes(1366 * 768 * 3)


def test_a_picture_is_made_smaller_until_it_fits(tmp_path: Path):
    photograph = Image.new("RGB", (1366, 768), "white")
    photograph.paste(Image.frombytes("RGB", (1366, 768), NOISE).resize((700, 700)), (20, 20))
    target = tmp_path / "photograph.png"
    visitor.write_small(photograph, target)
    assert target.stat().st_size <= visitor.LARGEST_PICTURE
    with Image.open(target) as written:
        assert written.width < visitor.WIDE


def test_a_picture_that_cannot_fit_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(visitor, "LARGEST_PICTURE", 1_000)
    with pytest.raises(AssertionError, match=r"noise\.png has \d+ bytes at its smallest"):
        visitor.write_small(Image.frombytes("RGB", (1366, 768), NOISE), tmp_path / "noise.png")


def test_every_picture_in_the_documentation_keeps_the_limit():
    pictures = sorted(visitor.SCREENSHOTS.glob("*.png"))
    assert len(pictures) >= 10
    assert {path.name: size for path in pictures if (size := path.stat().st_size) > visitor.LARGEST_PICTURE} == {}
