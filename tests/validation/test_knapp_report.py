"""The report of a Knapp study shows every number beside the verdict, and none better than it is."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from validation.knapp_design import Container, plan_runs, read_containers, read_inspectors, tells_labels
from validation.knapp_report import TakenRun, report_study, show_fraction

RUNS = 10


def study_of(machine_sum: int) -> tuple[list[dict[str, str]], list[TakenRun]]:
    """Return 60 rejects of manual factor 9 and 170 good ones, in 50 manual and 10 machine runs."""
    rejects = [Container(f"V-{n:03}", "reject", ("crack", "fibre")[n % 2], "major") for n in range(60)]
    good = [Container(f"V-{n:03}", "good") for n in range(60, 230)]
    names = [row.container for row in rejects]
    manual = [
        TakenRun(f"I{person}-{number:02}", f"I{person}", False, frozenset(names if number < 10 else []))
        for person in range(1, 6)
        for number in range(1, 11)
    ]  # found in nine of ten rounds: a factor of 9 each, 540 in all
    factors = [machine_sum // 60 + (1 if place < machine_sum % 60 else 0) for place in range(60)]
    machine = [
        TakenRun(
            f"M-{number:02}",
            "M",
            True,
            frozenset(name for name, factor in zip(names, factors, strict=True) if number <= factor),
        )
        for number in range(1, 11)
    ]
    return [row.content() for row in (*rejects, *good)], [*manual, *machine]


@pytest.mark.clause("Annex 1 8.32")
@pytest.mark.parametrize(
    ("machine_sum", "ratio", "passes"), [(552, "102.2 % (46/45)", True), (531, "98.3 % (59/60)", False)]
)
def test_the_worked_example_is_reported_as_it_was_computed(machine_sum, ratio, passes):
    containers, runs = study_of(machine_sum)
    found = report_study(containers, runs, reading="exact", limit=Decimal(0))
    assert (found["manual_sum"], found["machine_sum"], found["ratio"]) == (540, machine_sum, ratio)
    assert found["manual_efficiency"] == "90.0 % (9/10)"
    assert found["machine_efficiency"].startswith("92.0 %" if passes else "88.5 %")
    assert found["passes"] is passes
    assert found["zones"] == {"accept": 170, "gray": 0, "reject": 60}


def test_a_bound_stands_beside_every_share_and_counts_containers_not_runs():
    containers, runs = study_of(600)
    found = report_study(containers, runs, reading="exact", limit=Decimal(0))
    assert found["detected"] == {"detected": 60, "containers": 60, "lower_bound": "95.1 %"}  # 0.05 ** (1 / 60)
    assert [row["detected"]["containers"] for row in found["classes"]] == [30, 30]
    assert {row["detected"]["lower_bound"] for row in found["classes"]} == {"90.4 %"}  # 0.05 ** (1 / 30)


def test_what_the_machine_never_rejected_is_named_even_where_the_total_passes():
    containers, runs = study_of(600)
    blind = [run if not run.is_machine else without(run, "V-007") for run in runs]
    found = report_study(containers, blind, reading="exact", limit=Decimal(0))
    assert found["is_equal_or_better"]
    assert found["never_rejected"] == ["V-007"]
    assert found["critical_misses"] == []
    containers[7]["severity"] = "critical"
    assert report_study(containers, blind, reading="exact", limit=Decimal(0))["critical_misses"] == ["V-007"]


def test_false_rejects_are_held_against_the_limit_without_rounding():
    containers, runs = study_of(600)
    wrong = [with_also(run, "V-100") if run.run == "M-01" else run for run in runs]
    found = report_study(containers, wrong, reading="exact", limit=Decimal("0.058"))
    assert found["false_rejects"]["rate"] == "0.1 % (1/1700)"
    assert not found["passes"]
    assert report_study(containers, wrong, reading="exact", limit=Decimal("0.059"))["passes"]


def test_gray_containers_and_surprises_are_reported_and_do_not_decide():
    containers, runs = study_of(600)
    half = [with_also(run, "V-100") if not run.is_machine and int(run.run[-2:]) <= 5 else run for run in runs]
    always = [with_also(run, "V-101") if not run.is_machine else run for run in half]
    found = report_study(containers, always, reading="exact", limit=Decimal(0))
    assert [(row["container"], row["manual"], row["manual_factor"]) for row in found["gray"]] == [("V-100", "25/50", 5)]
    assert found["surprises"] == {"known_rejects_outside": [], "good_ones_inside": ["V-101"]}
    assert found["never_rejected"] == ["V-101"]


@pytest.mark.clause("Annex 1 8.31")
def test_each_inspector_is_scored_on_what_they_found_and_wrongly_rejected():
    containers, runs = study_of(600)
    found = report_study(containers, runs, reading="exact", limit=Decimal(0))
    assert len(found["inspectors"]) == 5
    assert found["inspectors"][0] == {"inspector": "I1", "found": "90.0 % (9/10)", "false_rejects": "0.0 % (0/1)"}


def test_the_grid_counts_every_container_once():
    containers, runs = study_of(552)
    grid = report_study(containers, runs, reading="exact", limit=Decimal(0))["grid"]
    assert sum(map(sum, grid)) == 230
    assert grid[0][0] == 170
    assert (grid[10][9], grid[9][9]) == (12, 48)


@pytest.mark.parametrize(("value", "shown"), [(Fraction(1, 2000), "0.1 %"), (Fraction(1, 2001), "0.0 %")])
def test_half_a_tenth_of_a_percent_rounds_up(value, shown):
    assert show_fraction(value).startswith(shown)


def without(run: TakenRun, name: str) -> TakenRun:
    return TakenRun(run.run, run.inspector, run.is_machine, run.rejected - {name})


def with_also(run: TakenRun, name: str) -> TakenRun:
    return TakenRun(run.run, run.inspector, run.is_machine, run.rejected | {name})


def test_the_usual_plan_is_fifty_inspections_of_each_container_and_ten_by_the_machine():
    people, _ = read_inspectors("code;name;qualified\n" + "\n".join(f"I{n};N{n};2026-01-01" for n in range(1, 6)))
    plan = plan_runs(people, rounds=10, machine_runs=10)
    assert [sum(not row.is_machine for row in plan), sum(row.is_machine for row in plan)] == [50, 10]
    assert (plan[0].run, plan[-1].run, len({row.run for row in plan})) == ("I1-01", "M-10", 60)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("V-1;maybe;;", "good or reject"),
        ("V-1;good;crack;", "a good container has no class"),
        ("V-1;reject;;major", "names its class"),
        ("V-1;reject;crack;awful", "critical, major or minor"),
        ("V 1;good;;", "letters, digits and hyphens"),
    ],
)
def test_every_fault_of_a_container_is_named(line, said):
    (row, _), *_ = read_containers("container;kind;class;severity\n" + line)
    assert any(said in fault for fault in row.faults)


@pytest.mark.parametrize("code", ["M", "1", "TOOLONGX", "A B"])
def test_a_code_that_could_be_mistaken_is_named(code):
    _, faults = read_inspectors(f"code;name;qualified\n{code};Ana;2026-01-01")
    assert "a code is a letter" in faults[0]


@pytest.mark.clause("Annex 1 8.31")
@pytest.mark.parametrize(
    ("good", "reject", "tells"),
    [
        (("V-1", "V-3"), ("V-2", "V-4"), False),
        (("V-1", "V-2"), ("V-3", "V-4"), True),
        (("V-8", "V-9"), ("V-10", "V-11"), True),
        (("V-1", "V-3"), ("D-2", "D-4"), True),
    ],
)
def test_numbers_that_tell_the_rejects_are_not_blind(good, reject, tells):
    rows = [Container(name, "good").content() for name in good]
    rows += [Container(name, "reject", "crack", "major").content() for name in reject]
    assert tells_labels(rows) is tells
