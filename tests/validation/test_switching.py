"""Switching between normal and tightened inspection, and its end: each rule before, at and after its boundary."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.switching import START, InspectedLot, Resumption, find_severity

pytestmark = pytest.mark.clause("211.165")

RESUMED = Resumption("the washer was mended")


def series(marks: str) -> list[InspectedLot | Resumption]:
    """Return lots from marks: ``+`` accepted, ``-`` not, ``a`` and ``r`` the same submitted again, ``!`` resumed."""
    return [
        RESUMED if mark == "!" else InspectedLot(f"L{place}", mark in "+a", is_original=mark in "+-")
        for place, mark in enumerate(marks, 1)
    ]


def severity_after(marks: str) -> str:
    return find_severity(series(marks)).severity


def test_a_series_begins_with_normal_inspection():
    assert find_severity([]) == START
    assert START.severity == "normal"


@pytest.mark.parametrize(
    ("marks", "severity"),
    [
        ("-", "normal"),  # one is not two
        ("--", "tightened"),  # two of fewer than five are two of five
        ("-+++-", "tightened"),  # the first and the fifth of five
        ("-++++-", "normal"),  # the first and the sixth: never two within five
        ("-++++-+++-", "tightened"),  # the sixth and the tenth
        ("+" * 40, "normal"),
    ],
)
def test_two_of_five_consecutive_lots_not_accepted_lead_to_tightened_inspection(marks: str, severity: str):
    assert severity_after(marks) == severity


@pytest.mark.parametrize(
    ("marks", "severity"),
    [
        ("--++++", "tightened"),  # four accepted
        ("--+++++", "normal"),  # the fifth
        ("--++++-++++", "tightened"),  # a refusal begins the row anew
        ("--++++-+++++", "normal"),
        ("--+++++-", "normal"),  # what led to tightened inspection does not count again
        ("--+++++--", "tightened"),
    ],
)
def test_five_accepted_in_a_row_lead_back_to_normal_inspection(marks: str, severity: str):
    assert severity_after(marks) == severity


@pytest.mark.parametrize(
    ("marks", "severity"),
    [
        ("--" + "----", "tightened"),  # four on tightened; the two that led there were inspected normally
        ("--" + "-----", "discontinued"),
        ("--" + "-+" * 4 + "-", "discontinued"),  # cumulative: accepted ones between do not clear them
        ("--" + "----" + "+++++" + "--" + "----", "tightened"),  # counted anew after normal inspection
    ],
)
def test_five_not_accepted_on_tightened_inspection_end_it(marks: str, severity: str):
    assert severity_after(marks) == severity


def test_discontinued_inspection_stays_so_whatever_is_inspected_until_it_is_resumed_tightened():
    ended = "-------"
    assert severity_after(ended + "+" * 20) == "discontinued"
    assert severity_after(ended + "!") == "tightened"
    assert severity_after(ended + "+" * 20 + "!") == "tightened"  # lots of before do not count
    assert severity_after(ended + "!" + "++++") == "tightened"
    assert severity_after(ended + "!" + "+++++") == "normal"
    assert severity_after(ended + "!" + "-----") == "discontinued"


def test_a_resumption_where_nothing_was_discontinued_changes_nothing():
    assert severity_after("+!+") == "normal"
    assert severity_after("--++!+++") == "normal"  # the row of five goes on


@pytest.mark.parametrize("marks", ["-rrrr", "-r+r+r", "-aaaa"])
def test_a_lot_submitted_again_counts_for_nothing(marks: str):
    assert severity_after(marks) == "normal"
    assert severity_after("--++++a") == "tightened"


def test_the_reason_names_the_lots_that_decided():
    assert find_severity(series("+-++-")).reason == "2 of 5 consecutive lots were not accepted"
    assert find_severity(series("+-++-")).lots == ("L2", "L5")
    assert find_severity(series("--+++++")).lots == ("L3", "L4", "L5", "L6", "L7")
    assert find_severity(series("-------")).lots == ("L3", "L4", "L5", "L6", "L7")
    assert "the washer was mended" in find_severity(series("-------!")).reason


@given(st.text(alphabet="+-", max_size=60))
def test_only_neighbouring_severities_follow_each_other(marks: str):
    steps = [severity_after(marks[:place]) for place in range(len(marks) + 1)]
    allowed = {("normal", "tightened"), ("tightened", "normal"), ("tightened", "discontinued")}
    assert {pair for pair in pairwise(steps) if pair[0] != pair[1]} <= allowed


@given(st.text(alphabet="+-", max_size=60))
def test_a_lot_that_is_accepted_never_makes_inspection_stricter(marks: str):
    order = ("normal", "tightened", "discontinued")
    assert order.index(severity_after(marks + "+")) <= order.index(severity_after(marks))
