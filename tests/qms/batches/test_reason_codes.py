"""An override is explained from a fixed list, or in words that say something."""

import pytest

from qms.batches.reason_codes import REASON_CODES, find_reason, is_text_enough, reasons_for, write_reason


def test_each_code_is_there_once_and_fits_its_column():
    codes = [reason.code for reason in REASON_CODES]
    assert len(set(codes)) == len(codes)
    assert all(len(code) <= 4 for code in codes)


@pytest.mark.parametrize("verdict", ["good", "reject"])
def test_the_number_keys_reach_every_reason_of_a_verdict_and_other_is_last(verdict):
    shown = reasons_for(verdict)
    assert 2 <= len(shown) <= 9
    assert shown[-1].code == "R9"


def test_a_reason_explains_only_the_verdict_it_is_meant_for():
    assert find_reason("R1", verdict="good")
    assert find_reason("R1", verdict="reject") is None
    assert find_reason("R99", verdict="good") is None


@pytest.mark.parametrize(
    ("code", "text", "is_enough"),
    [
        ("R1", "", True),
        ("R9", "", False),
        ("R9", "too short", False),
        ("R9", "aaaaaaaaaaaaaa", False),
        ("R9", "scratch on the tray", True),
    ],
)
def test_other_needs_at_least_ten_characters_that_say_something(code, text, is_enough):
    assert is_text_enough(code, text) is is_enough


def test_the_reason_reads_as_one_line():
    assert write_reason("R1", "") == "R1 Reflection or glare"
    assert write_reason("R1", " top left ") == "R1 Reflection or glare: top left"
    assert write_reason("R9", "scratch on the tray") == "R9 Other: scratch on the tray"
