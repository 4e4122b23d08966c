"""Two contents compared field by field, two texts word by word."""

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from records import differences
from records.differences import ROW_LIMIT, TEXT_LIMIT, changed_fields, compare_contents, compare_words

pytestmark = pytest.mark.clause("11.10(e)", "11.10(k)(2)")


WORD_LINES, FIELD_LINES = 200_000, 4_000_000
"""Lines of Python for one comparison; the longest of these here run a third and a half of it."""
MANY = [f"w{number % 300}" for number in range(1_500)]
MIXED = random.Random(0).sample(MANY, len(MANY))


def count_lines(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what the work returns and how many lines of Python it ran: the same on every machine, however busy."""
    ran = 0

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal ran
        ran += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = work()
    finally:
        sys.settrace(before)
    return result, ran


def test_changed_fields_come_first_and_unchanged_ones_follow():
    rows = compare_contents({"a": "1", "note": "old", "z": "9"}, {"a": "1", "note": "new", "z": "9"}).rows
    assert [(row.label, row.kind) for row in rows] == [("Note", "changed"), ("A", "same"), ("Z", "same")]


def test_added_and_removed_fields_are_named_as_such():
    changed = changed_fields({"gone": "x"}, {"here": "y"}).changed
    assert [(row.label, row.kind, row.old, row.new) for row in changed] == [
        ("Here", "added", None, "y"),
        ("Gone", "removed", "x", None),
    ]


def test_an_item_of_a_list_keeps_its_place_under_its_name():
    old = {"units": [{"unit": "u1", "verdict": "good"}, {"unit": "u2", "verdict": "good"}]}
    new = {"units": [{"unit": "u2", "verdict": "reject"}]}
    labels = {row.label: row.kind for row in changed_fields(old, new).changed}
    assert labels["Units › u2 › Verdict"] == "changed"
    assert labels["Units › u1 › Verdict"] == "removed"


def test_items_without_a_name_are_counted():
    assert [row.label for row in changed_fields({"notes": ["a"]}, {"notes": ["a", "b"]}).changed] == ["Notes › 2"]


def test_values_are_written_as_people_read_them():
    row = changed_fields({"ok": True, "none": None}, {"ok": False, "none": None}).changed[0]
    assert (row.old, row.new) == ("yes", "no")


def test_an_empty_list_differs_from_a_missing_one():
    assert changed_fields({"notes": []}, {"notes": ["a"]}).fields == "Notes"
    assert [row.kind for row in changed_fields({}, {"notes": []}).changed] == ["added"]


def test_the_changed_top_level_fields_are_told_in_one_line():
    old, new = {"a": 1, "units": [{"unit": "x", "v": 1}]}, {"a": 2, "units": [{"unit": "x", "v": 2}]}
    assert changed_fields(old, new).fields == "A, Units"


def test_a_very_long_comparison_is_cut_and_says_by_how_much():
    new = {"units": [{"unit": str(number)} for number in range(ROW_LIMIT + 40)]}
    comparison = changed_fields({"units": []}, new)
    assert len(comparison.rows) == ROW_LIMIT
    assert comparison.left_out == 41  # forty units and the line that the list was empty


def test_words_that_differ_are_marked_on_both_sides():
    left, right = compare_words("a fibre was seen", "a crack was seen")
    assert [(piece.text, piece.is_marked) for piece in left if piece.is_marked] == [("fibre", True)]
    assert [(piece.text, piece.is_marked) for piece in right if piece.is_marked] == [("crack", True)]
    assert "".join(piece.text for piece in left) == "a fibre was seen"
    assert "".join(piece.text for piece in right) == "a crack was seen"


def test_equal_texts_have_no_marks():
    left, right = compare_words("same words", "same words")
    assert not any(piece.is_marked for piece in (*left, *right))


@pytest.mark.assurance("D8")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a " * 50_000, "a " * 49_999 + "b"),
        ("a b " * 25_000, "b a " * 25_000),
        ("x" * 100_000, "y" * 100_000),
        ("a a b " * 80, "b b a " * 80),
        ("\x00<script>" * 9_000, "&" * 100_000),
        (" ".join(MANY), " ".join(MIXED)),
    ],
)
def test_hostile_texts_are_compared_in_bounded_work(old, new):
    (left, right), lines = count_lines(lambda: compare_words(old, new))
    assert lines < WORD_LINES
    assert sum(len(piece.text) for piece in left) <= TEXT_LIMIT + 60
    assert right


@pytest.mark.assurance("D8")
def test_negative_control_without_the_limit_the_work_is_seen_to_grow(monkeypatch):
    monkeypatch.setattr(differences, "WORD_PRODUCT_LIMIT", 10**12)
    _, lines = count_lines(lambda: compare_words(" ".join(MANY), " ".join(MIXED)))
    assert lines > WORD_LINES


@pytest.mark.assurance("D8")
def test_a_content_of_endless_fields_is_compared_in_bounded_work():
    wide = {"units": [{"unit": str(number), "value": number} for number in range(60_000)]}
    comparison, lines = count_lines(lambda: compare_contents(wide, {"units": []}))
    assert lines < FIELD_LINES
    assert comparison.left_out > 0


def test_a_deep_content_needs_no_recursion():
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(5_000):
        further: dict[str, object] = {}
        inner["in"] = further
        inner = further
    assert compare_contents(deep, deep).changed == ()
