"""Two pictures are alike where one is the other saved anew; no pair is lost by the way they are found."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from validation.likeness import BITS, NEAR, Item, count_differences, find_pairs, hash_picture, meet_nearly

PHOTOGRAPHS = sorted(Path("examples/vials/images").glob("*.jpg"))[:60:3]

hashes = st.integers(0, 2**BITS - 1)


def saved_anew(path: Path) -> io.BytesIO:
    """Return a photograph at three quarters of its size, much compressed."""
    out = io.BytesIO()
    with Image.open(path) as picture:
        smaller = picture.convert("RGB").resize((picture.width * 3 // 4, picture.height * 3 // 4))
    smaller.save(out, "JPEG", quality=60)
    out.seek(0)
    return out


def an_item(name: str, value: int) -> Item:
    return Item("DS", name, name, f"{value:064x}")


def test_a_photograph_saved_anew_is_found_and_another_subject_is_not():
    assert len(PHOTOGRAPHS) == 20
    first, other = PHOTOGRAPHS[0], PHOTOGRAPHS[-1]
    with first.open("rb") as handle, other.open("rb") as elsewhere:
        value, different = hash_picture(handle), hash_picture(elsewhere)
    assert count_differences(value, hash_picture(saved_anew(first))) <= NEAR
    assert count_differences(value, different) > NEAR


def test_every_example_photograph_stays_near_itself():
    for path in PHOTOGRAPHS:
        with path.open("rb") as handle:
            assert count_differences(hash_picture(handle), hash_picture(saved_anew(path))) <= NEAR, path.name


@given(hashes, st.lists(st.integers(0, BITS - 1), unique=True, max_size=NEAR + 4))
def test_no_near_pair_is_lost_wherever_its_digits_differ(value, flips):
    other = value
    for place in flips:
        other ^= 1 << place
    found = list(meet_nearly([an_item("a", value)], [an_item("b", other)]))
    assert bool(found) is (len(flips) <= NEAR)


@given(st.lists(hashes, max_size=6), st.lists(hashes, max_size=6))
def test_pairs_are_those_of_comparing_each_with_each(mine, others):
    first = [an_item(f"a{n}", value) for n, value in enumerate(mine)]
    second = [an_item(f"b{n}", value) for n, value in enumerate(others)]
    wanted = {
        (one.name, two.name)
        for one, two in itertools.product(first, second)
        if count_differences(one.dhash, two.dhash) <= NEAR
    }
    assert {(one.name, two.name) for one, two in meet_nearly(first, second)} == wanted


@pytest.mark.clause("Annex 22 6")
def test_a_pair_is_named_once_by_its_surest_reason():
    same = Item("DS-1", "a.png", "1" * 64, "0" * 64, "vial 7")
    other = Item("DS-2", "b.png", "1" * 64, "0" * 64, "vial 7")
    unit = Item("DS-2", "c.png", "2" * 64, "", "vial 7")
    assert [str(pair) for pair in find_pairs([same], [other, unit])] == [
        "a.png is the same file as b.png of DS-2",
        "a.png is the same physical unit as c.png of DS-2",
    ]


def test_items_without_unit_or_picture_never_meet_by_their_emptiness():
    assert find_pairs([Item("DS-1", "a", "1" * 64)], [Item("DS-2", "b", "2" * 64)]) == []
