"""A Knapp study compares machine and people on whole numbers, and its traps are closed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.errors import ContainerCountsInvalid, ContainerTwice, RejectSetEmpty
from validation.knapp import (
    ContainerCounts,
    compare_inspections,
    lower_bound,
    order_run,
    quality_factor,
    zone_of,
)


def container(name: str, manual: int, machine: int, *, defect: str = "particle", critical: bool = False):
    return ContainerCounts(name, defect, critical, manual, 50, machine, 10)


def study(*, machine_sum: int) -> list[ContainerCounts]:
    """Sixty rejects whose manual factors sum to 540, and whose machine factors sum to what is asked."""
    factors = spread(machine_sum, 60)
    return [container(f"R-{number:03}", 45, next(factors)) for number in range(60)]


def spread(total: int, parts: int) -> Iterator[int]:
    for number in range(parts):
        yield total // parts + (1 if number < total % parts else 0)


@pytest.mark.clause("Annex 1 8.32")
@pytest.mark.parametrize(("machine_sum", "percent", "is_better"), [(552, "102.2", True), (531, "98.3", False)])
def test_the_worked_example_passes_with_552_and_fails_with_531(machine_sum, percent, is_better):
    found = compare_inspections(study(machine_sum=machine_sum), reading="exact")
    assert (len(found.reject_set), found.manual_sum, found.machine_sum) == (60, 540, machine_sum)
    assert found.manual_efficiency == Fraction(9, 10)
    assert found.machine_efficiency == Fraction(machine_sum, 600)
    assert f"{float(found.ratio) * 100:.1f}" == percent
    assert found.is_equal_or_better is is_better
    assert found.passes(false_reject_limit=Fraction(1, 100)) is is_better


def test_an_equal_machine_passes():
    assert compare_inspections(study(machine_sum=540), reading="exact").is_equal_or_better


@pytest.mark.parametrize(
    ("rejections", "inspections", "factor"), [(0, 50, 0), (2, 50, 0), (3, 50, 1), (13, 20, 7), (32, 50, 6), (33, 50, 7)]
)
def test_halves_round_up_where_a_processor_would_round_to_even(rejections, inspections, factor):
    assert quality_factor(rejections, inspections) == factor
    assert round(6.5) == 6


@pytest.mark.parametrize(
    ("rejections", "exact", "rounded"),
    [(35, "reject", "reject"), (34, "gray", "reject"), (33, "gray", "reject"), (32, "gray", "gray"),
     (18, "gray", "gray"), (17, "accept", "accept"), (0, "accept", "accept")],
)  # fmt: skip
def test_the_two_readings_differ_at_33_and_34_of_50(rejections, exact, rounded):
    assert zone_of(rejections, 50, reading="exact") == exact
    assert zone_of(rejections, 50, reading="rounded") == rounded


def test_the_shorter_study_rejects_from_21_of_30_on():
    assert [zone_of(count, 30, reading="exact") for count in (20, 21)] == ["gray", "reject"]


@given(st.integers(1, 60), st.data())
def test_zones_follow_the_count_of_rejections(inspections, data):
    fewer = data.draw(st.integers(0, inspections))
    more = data.draw(st.integers(fewer, inspections))
    order = ["accept", "gray", "reject"]
    for reading in ("exact", "rounded"):
        assert order.index(zone_of(fewer, inspections, reading=reading)) <= order.index(
            zone_of(more, inspections, reading=reading)
        )
    assert quality_factor(fewer, inspections) == math.floor(Fraction(10 * fewer, inspections) + Fraction(1, 2))


def test_people_alone_fix_the_reject_set():
    lenient_machine = [container("A", 50, 0), container("B", 0, 10)]
    found = compare_inspections(lenient_machine, reading="exact")
    assert found.reject_set == ("A",)
    assert found.never_rejected == ("A",)


def test_sums_are_of_factors_and_not_of_containers():
    found = compare_inspections([container("A", 50, 10), container("B", 35, 10)], reading="exact")
    assert (found.manual_sum, found.machine_sum) == (10 + 7, 20)


@pytest.mark.clause("Annex 1 8.32")
def test_a_critical_container_that_escapes_fails_a_study_whose_total_is_good():
    containers = [*study(machine_sum=600), container("C", 50, 6, defect="crack", critical=True)]
    found = compare_inspections(containers, reading="exact")
    assert found.is_equal_or_better
    assert found.critical_misses == ("C",)
    assert not found.passes(false_reject_limit=Fraction(1))


def test_each_class_is_told_apart():
    containers = [container("A", 50, 10, defect="crack"), container("B", 50, 2), container("C", 40, 9)]
    found = compare_inspections(containers, reading="exact")
    assert [(row.defect_class, row.containers, row.manual_sum, row.machine_sum) for row in found.by_class] == [
        ("crack", 1, 10, 10),
        ("particle", 2, 18, 11),
    ]


def test_false_rejects_are_counted_in_the_accept_zone_alone():
    containers = [container("R", 50, 10), container("G", 25, 10), *(container(f"A{n}", 0, n) for n in (0, 1, 2))]
    found = compare_inspections(containers, reading="exact")
    assert (found.false_rejections, found.accept_inspections) == (3, 30)
    assert found.passes(false_reject_limit=Fraction(1, 10))
    assert not found.passes(false_reject_limit=Fraction(99, 1000))


def test_a_study_without_rejects_is_refused():
    with pytest.raises(RejectSetEmpty):
        compare_inspections([container("A", 0, 0)], reading="exact")


def test_a_container_counted_twice_is_refused():
    with pytest.raises(ContainerTwice, match="A"):
        compare_inspections([container("A", 50, 10), container("A", 50, 10)], reading="exact")


@pytest.mark.parametrize(("rejections", "inspections"), [(1, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(rejections, inspections):
    with pytest.raises(ContainerCountsInvalid):
        quality_factor(rejections, inspections)


@pytest.mark.parametrize(("containers", "percent"), [(58, 94), (59, 95), (298, 98), (299, 99)])
def test_without_a_miss_59_containers_show_95_percent_and_299_show_99(containers, percent):
    assert math.floor(lower_bound(containers, containers) * 100) == percent


def test_the_bound_is_the_exact_one_where_something_was_missed():
    assert abs(lower_bound(95, 100) - Decimal("0.8977466223567255")) < Decimal("0.000001"), (
        "the 5 % point of Beta(95, 6)"
    )
    assert lower_bound(0, 20) == 0


@given(st.integers(2, 60), st.data())
def test_the_bound_lies_below_the_share_and_grows_with_it(containers, data):
    detected = data.draw(st.integers(1, containers - 1))
    bound = lower_bound(detected, containers)
    assert bound < Fraction(detected, containers)
    assert bound < lower_bound(detected + 1, containers)


@pytest.mark.clause("Annex 1 8.31")
def test_a_run_sheet_can_be_drawn_again_and_differs_by_round_and_inspector():
    names = [f"V-{number:03}" for number in range(250)]
    first = order_run(names, seed="study-7", inspector="I1", round_number=1)
    assert first == order_run(reversed(names), seed="study-7", inspector="I1", round_number=1)
    assert sorted(first) == names
    assert first != order_run(names, seed="study-7", inspector="I1", round_number=2)
    assert first != order_run(names, seed="study-7", inspector="I2", round_number=1)


def test_a_run_sheet_refuses_a_container_listed_twice():
    with pytest.raises(ContainerTwice):
        order_run(["A", "A"], seed="s", inspector="I1", round_number=1)
