"""Regions are exact fractions of the upright image, and wrong ones are refused by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms.batches.errors_images import RegionInvalid
from qms.batches.regions import Region, parse_region


def test_a_region_is_read_and_written_without_loss() -> None:
    region = parse_region("0.3894530", "0.53359350", "0.071094", "0.304688")
    assert region.as_texts() == ("0.3894530", "0.53359350", "0.071094", "0.304688")
    assert region.centre == (Decimal("0.425"), Decimal("0.6859375"))


def test_the_crop_is_square_in_fractions_and_cut_off_to_pixels() -> None:
    region = parse_region("0.4", "0.4", "0.1", "0.2")
    # centre 0.45, 0.5; half side 1.15 * 0.2 / 2 = 0.115; 0.335 * 640 = 214.4; 0.385 * 480 = 184.8
    assert region.square_crop(640, 480, margin=Decimal("1.15")) == (214, 184, 361, 295)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("a", "0", "1", "1"), "x is not a number"),
        (("0", "", "1", "1"), "y is not a number"),
        (("0", "0", "NaN", "1"), "w must lie between 0 and 1"),
        (("0", "0", "1", "Infinity"), "h must lie between 0 and 1"),
        (("-0.1", "0", "1", "1"), "x must lie between 0 and 1"),
        (("1e-300000", "0", "1", "1"), "more than 8 digits"),
        (("0.123456789", "0", "0.1", "1"), "more than 8 digits"),
        (("0.5", "0", "0.6", "1"), "reaches beyond the image"),
        (("0", "0.9", "1", "0.2"), "reaches beyond the image"),
        (("0", "0", "0", "1"), "greater than 0"),
        (("0_1", "0", "1", "1"), "x is not a number"),
        (("٠", "0", "1", "1"), "x is not a number"),
        (("0" * 30, "0", "1", "1"), "x is not a number"),
    ],
)
def test_a_wrong_region_is_refused_with_what_to_correct(texts: tuple[str, str, str, str], says: str) -> None:
    with pytest.raises(RegionInvalid, match=says):
        parse_region(*texts)


fractions = st.decimals(0, 1, places=8)


@given(fractions, fractions, fractions, fractions, st.integers(1, 8000), st.integers(1, 8000))
def test_every_accepted_region_lies_in_the_image_and_its_crop_around_it(
    x: Decimal, y: Decimal, w: Decimal, h: Decimal, width: int, height: int
) -> None:
    try:
        region = parse_region(*(f"{value:f}" for value in (x, y, w, h)))
    except RegionInvalid:
        assert w == 0 or h == 0 or x + w > 1 or y + h > 1
        return
    assert region == Region(x, y, w, h)
    left, top, right, bottom = region.square_crop(width, height, margin=Decimal("1.15"))
    cx, cy = region.centre
    assert left <= cx * width <= right + 1
    assert top <= cy * height <= bottom + 1


@given(st.lists(st.text(max_size=12), min_size=4, max_size=4))
def test_any_text_is_a_region_or_a_refusal(texts: list[str]) -> None:
    try:
        region = parse_region(*texts)
    except RegionInvalid:
        return
    assert 0 < region.w <= 1
