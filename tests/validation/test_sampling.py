"""ISO 2859-1 plans say what the standard says, and samples can be drawn again."""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation import sampling
from validation.errors import (
    AqlNotInTable,
    DefectCountInvalid,
    InspectionLevelUnknown,
    LotSizeInvalid,
    SampleLargerThanLot,
    SamplingFrameInvalid,
)
from validation.sampling import AQLS, SAMPLE_SIZES, code_letter, decide, draw_sample, plan_for

LEVEL_II = [
    (2, 8, "A", 2),
    (9, 15, "B", 3),
    (16, 25, "C", 5),
    (26, 50, "D", 8),
    (51, 90, "E", 13),
    (91, 150, "F", 20),
    (151, 280, "G", 32),
    (281, 500, "H", 50),
    (501, 1_200, "J", 80),
    (1_201, 3_200, "K", 125),
    (3_201, 10_000, "L", 200),
    (10_001, 35_000, "M", 315),
    (35_001, 150_000, "N", 500),
    (150_001, 500_000, "P", 800),
    (500_001, 5_000_000, "Q", 1_250),
]
LEVEL_I = "AABCCDEFGHJKLMN"
LEVEL_III = "BCDEFGHJKLMNPQR"

# first lot, last lot, AQL, code letter, letter of the plan used, n, Ac, Re, arrow
PLANS = [
    (501, 1_200, "0.065", "J", "L", 200, 0, 1, "down"),
    (501, 1_200, "0.65", "J", "J", 80, 1, 2, ""),
    (501, 1_200, "4.0", "J", "J", 80, 7, 8, ""),
    (1_201, 3_200, "0.065", "K", "L", 200, 0, 1, "down"),
    (1_201, 3_200, "0.65", "K", "K", 125, 2, 3, ""),
    (1_201, 3_200, "4.0", "K", "K", 125, 10, 11, ""),
    (3_201, 10_000, "0.065", "L", "L", 200, 0, 1, ""),
    (3_201, 10_000, "0.65", "L", "L", 200, 3, 4, ""),
    (3_201, 10_000, "4.0", "L", "L", 200, 14, 15, ""),
    (10_001, 35_000, "0.065", "M", "L", 200, 0, 1, "up"),
    (10_001, 35_000, "0.65", "M", "M", 315, 5, 6, ""),
    (10_001, 35_000, "4.0", "M", "M", 315, 21, 22, ""),
    (35_001, 150_000, "0.065", "N", "P", 800, 1, 2, "down"),
    (35_001, 150_000, "0.65", "N", "N", 500, 7, 8, ""),
    (35_001, 150_000, "4.0", "N", "M", 315, 21, 22, "up"),
    (150_001, 500_000, "0.065", "P", "P", 800, 1, 2, ""),
    (150_001, 500_000, "0.65", "P", "P", 800, 10, 11, ""),
    (150_001, 500_000, "4.0", "P", "M", 315, 21, 22, "up"),
    (500_001, 9_999_999, "0.065", "Q", "Q", 1_250, 2, 3, ""),
    (500_001, 9_999_999, "0.65", "Q", "Q", 1_250, 14, 15, ""),
    (500_001, 9_999_999, "4.0", "Q", "M", 315, 21, 22, "up"),
    # worked examples published elsewhere
    (35_001, 150_000, "0.10", "N", "N", 500, 1, 2, ""),
    (35_001, 150_000, "2.5", "N", "N", 500, 21, 22, ""),
    (3_201, 10_000, "2.5", "L", "L", 200, 10, 11, ""),
    # the corner of the first letter: nothing lies above it
    (6, 8, "10", "A", "C", 5, 1, 2, "down"),
    (6, 8, "6.5", "A", "A", 2, 0, 1, ""),
]


@pytest.mark.parametrize(("first", "last", "letter", "size"), LEVEL_II)
def test_level_two_letters_and_sizes_at_both_ends_of_each_row(first: int, last: int, letter: str, size: int) -> None:
    assert (code_letter(first), code_letter(last)) == (letter, letter)
    assert SAMPLE_SIZES[letter] == size


@pytest.mark.parametrize("row", range(len(LEVEL_II)))
def test_levels_one_and_three_have_their_own_letters(row: int) -> None:
    for lot_size in LEVEL_II[row][:2]:
        assert code_letter(lot_size, level="I") == LEVEL_I[row]
        assert code_letter(lot_size, level="III") == LEVEL_III[row]


@pytest.mark.parametrize(("first", "last", "aql", "letter", "plan_letter", "n", "ac", "re", "arrow"), PLANS)
def test_plans_of_the_domain_table_at_both_ends_of_each_row(
    first: int, last: int, aql: str, letter: str, plan_letter: str, n: int, ac: int, re: int, arrow: str
) -> None:
    for lot_size in (first, last):
        plan = plan_for(lot_size, aql=aql)
        assert (plan.letter, plan.plan_letter, plan.n, plan.accept, plan.reject, plan.arrow) == (
            letter, plan_letter, n, ac, re, arrow,
        )  # fmt: skip


def test_the_corner_of_the_last_letter_points_back_up() -> None:
    plan = plan_for(500_001, aql="0.015", level="III")
    assert (plan.letter, plan.plan_letter, plan.n, plan.accept, plan.arrow) == ("R", "P", 800, 0, "up")


def test_every_cell_of_the_master_table_leads_to_a_plan_on_its_own_column() -> None:
    """Walk the table by its arrows as a person would, without the module's own walk."""
    table = sampling.master_table()
    for (letter, aql), cell in table.items():
        row = sampling.LETTERS.index(letter)
        steps = 0
        while isinstance(cell, str):
            row += 1 if cell == "down" else -1
            assert 0 <= row < len(sampling.LETTERS), (letter, aql)
            cell = table[sampling.LETTERS[row], aql]
            steps += 1
        assert steps <= 14
        assert isinstance(cell, tuple)


def test_a_lot_of_100_is_inspected_whole_for_critical_defects() -> None:
    plan = plan_for(100, aql="0.065")
    assert (plan.letter, plan.plan_letter, plan.n, plan.accept) == ("F", "L", 100, 0)
    assert plan.is_whole_lot


def test_a_lot_of_100_has_small_samples_for_major_and_minor_defects() -> None:
    major, minor = plan_for(100, aql="0.65"), plan_for(100, aql="4.0")
    assert (major.n, major.accept, major.reject) == (20, 0, 1)
    assert (minor.n, minor.accept, minor.reject) == (20, 2, 3)
    assert sampling.pooled_size([plan_for(100, aql="0.065"), major, minor]) == 100


def test_the_sample_is_never_larger_than_the_lot() -> None:
    assert plan_for(1, aql="10").n == 1
    assert plan_for(200, aql="0.065").n == 200
    assert not plan_for(201, aql="0.065").is_whole_lot


@given(st.integers(1, 10**7), st.sampled_from(AQLS), st.sampled_from(("I", "II", "III")))
def test_every_lot_has_a_plan(lot_size: int, aql: Decimal, level: str) -> None:
    plan = plan_for(lot_size, aql=aql, level=level)
    assert 1 <= plan.n <= lot_size
    assert plan.reject == plan.accept + 1
    cell = sampling.master_table()[plan.letter, aql]
    if plan.arrow:
        assert cell == plan.arrow
        assert (plan.plan_letter > plan.letter) == (plan.arrow == "down")
    else:
        assert cell == (plan.accept, plan.reject)


def test_the_boundary_of_acceptance_is_the_acceptance_number() -> None:
    plan = plan_for(10_001, aql="0.65")
    assert decide(plan, defects=5) == "accept"
    assert decide(plan, defects=6) == "reject"


@pytest.mark.parametrize("defects", [-1, 21])
def test_a_count_that_the_sample_cannot_hold_is_refused(defects: int) -> None:
    with pytest.raises(DefectCountInvalid):
        decide(plan_for(100, aql="0.65"), defects=defects)


@pytest.mark.parametrize("aql", ["0.66", "15", "zero", "", "NaN"])
def test_an_aql_outside_the_table_is_refused(aql: str) -> None:
    with pytest.raises(AqlNotInTable, match=r"0\.065"):
        plan_for(100, aql=aql)


def test_a_level_or_lot_outside_the_standard_is_refused() -> None:
    with pytest.raises(InspectionLevelUnknown):
        plan_for(100, aql="1.0", level="S-4")
    with pytest.raises(LotSizeInvalid):
        plan_for(0, aql="1.0")


def test_the_sample_can_be_computed_again_with_sha256_alone() -> None:
    units = [f"V-{number:03}" for number in range(50)]
    ranked = sorted(units, key=lambda unit: hashlib.sha256(b"countersign-sample-1\nBR-1\n" + unit.encode()).digest())
    assert draw_sample(units, n=7, seed="BR-1") == tuple(ranked[:7])
    assert draw_sample(["V-001", "V-002", "V-003"], n=2, seed="BR-2026-0001") == ("V-001", "V-003")


@given(
    st.lists(st.text("abcdef0123456789-", min_size=1, max_size=8), unique=True, max_size=40),
    st.data(),
)
def test_samples_depend_on_seed_and_units_only(units: list[str], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(units)))
    shuffled = data.draw(st.permutations(units))
    sample = draw_sample(units, n=n, seed="seed")
    assert len(set(sample)) == n
    assert set(sample) <= set(units)
    assert draw_sample(shuffled, n=n, seed="seed") == sample
    assert draw_sample(units, n=len(units), seed="seed")[:n] == sample


def test_different_seeds_draw_different_samples() -> None:
    units = [str(number) for number in range(1000)]
    samples = {draw_sample(units, n=5, seed=str(seed)) for seed in range(50)}
    assert len(samples) == 50


def test_every_unit_is_drawn_about_equally_often() -> None:
    units = [str(number) for number in range(20)]
    counts = dict.fromkeys(units, 0)
    for seed in range(2000):
        for unit in draw_sample(units, n=5, seed=f"lot {seed}"):
            counts[unit] += 1
    assert all(400 < count < 600 for count in counts.values()), counts


@pytest.mark.parametrize("units", [["a", "a"], ["a", ""], ["a", "b\n"]])
def test_a_list_that_cannot_be_ranked_without_doubt_is_refused(units: list[str]) -> None:
    with pytest.raises(SamplingFrameInvalid):
        draw_sample(units, n=1, seed="s")


@pytest.mark.parametrize("seed", ["", "a\nb"])
def test_a_seed_must_be_one_line(seed: str) -> None:
    with pytest.raises(SamplingFrameInvalid):
        draw_sample(["a"], n=1, seed=seed)


def test_more_than_there_is_cannot_be_drawn() -> None:
    with pytest.raises(SampleLargerThanLot):
        draw_sample(["a"], n=2, seed="s")


@pytest.mark.parametrize(("percent", "accepted"), [("0.65", "0.98"), ("2.9", "0.10")])
def test_an_aql_is_no_guarantee(percent: str, accepted: str) -> None:
    """Plan M at 0.65 takes 98 % of lots at the AQL, and one in ten of those that are far worse."""
    plan, share = plan_for(20_000, aql=Decimal("0.65"), level="II"), Decimal(percent) / 100
    chance = sum(
        math.comb(plan.n, found) * share**found * (1 - share) ** (plan.n - found) for found in range(plan.accept + 1)
    )
    assert (plan.n, plan.accept) == (315, 5)
    assert abs(chance - Decimal(accepted)) < Decimal("0.01")
