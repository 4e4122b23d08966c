"""What the report of a Knapp study says: every number beside the verdict, as text that can be signed. Pure.

Fractions are written as they are and as percent rounded half up to one place; nothing is
decided on the rounded figure. Serves: EU GMP Annex 1 §8.31, 8.32.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from validation.knapp import (
    REJECT_FACTOR,
    ContainerCounts,
    KnappResult,
    Reading,
    compare_inspections,
    lower_bound,
    machine_factor,
    quality_factor,
)


@dataclass(frozen=True, slots=True)
class TakenRun:
    """One whole run: who or what inspected, and which containers were rejected."""

    run: str
    inspector: str
    is_machine: bool
    rejected: frozenset[str]


def count_rejections(containers: Iterable[Mapping[str, Any]], runs: Sequence[TakenRun]) -> list[ContainerCounts]:
    """Return how often each container was rejected by people and by the machine."""
    manual = [run.rejected for run in runs if not run.is_machine]
    machine = [run.rejected for run in runs if run.is_machine]
    return [
        ContainerCounts(
            row["container"],
            row["class"],
            row["severity"] == "critical",
            sum(row["container"] in rejected for rejected in manual),
            len(manual),
            sum(row["container"] in rejected for rejected in machine),
            len(machine),
        )
        for row in containers
    ]


def report_study(
    containers: Sequence[Mapping[str, Any]], runs: Sequence[TakenRun], *, reading: Reading, limit: Decimal
) -> dict[str, Any]:
    """Return the whole result as content. Units: ``limit`` in percent. Raises: as `compare_inspections`."""
    counts = count_rejections(containers, runs)
    result = compare_inspections(counts, reading=reading)
    allowed = Fraction(limit) / 100
    by_name = {found.container: found for found in counts}
    rejects = [by_name[name] for name in result.reject_set]
    return {
        "passes": result.passes(false_reject_limit=allowed),
        "zones": {zone: sum(found == zone for found in result.zones.values()) for zone in ("accept", "gray", "reject")},
        "manual_sum": result.manual_sum,
        "machine_sum": result.machine_sum,
        "manual_efficiency": show_fraction(result.manual_efficiency),
        "machine_efficiency": show_fraction(result.machine_efficiency),
        "ratio": show_fraction(result.ratio),
        "is_equal_or_better": result.is_equal_or_better,
        "critical_misses": list(result.critical_misses),
        "never_rejected": list(result.never_rejected),
        "false_rejects": {
            "rejections": result.false_rejections,
            "inspections": result.accept_inspections,
            "rate": show_fraction(result.false_reject_rate),
            "limit": f"{limit.normalize():f} %",
            "is_within": result.false_reject_rate <= allowed,
        },
        "detected": show_detection(rejects),
        "classes": [class_row(row.defect_class, rejects) for row in result.by_class],
        "gray": [container_row(by_name[name]) for name, zone in result.zones.items() if zone == "gray"],
        "surprises": find_surprises(containers, result),
        "inspectors": score_inspectors(runs, result),
        "grid": draw_grid(counts),
        "containers": [container_row(found) | {"zone": result.zones[found.container]} for found in counts],
    }


def class_row(name: str, rejects: Sequence[ContainerCounts]) -> dict[str, Any]:
    """Return one defect class of the reject zone: both sums, their ratio, and how many containers are detected."""
    group = [found for found in rejects if found.defect_class == name]
    manual = sum(quality_factor(found.manual_rejections, found.manual_inspections) for found in group)
    machine = sum(machine_factor(found) for found in group)
    return {
        "class": name or "put in as good",
        "containers": len(group),
        "manual_sum": manual,
        "machine_sum": machine,
        "ratio": show_fraction(Fraction(machine, manual)),
        "detected": show_detection(group),
    }


def show_detection(group: Sequence[ContainerCounts]) -> dict[str, Any]:
    """Return how many containers the machine detects, and the exact lower bound of that probability.

    A container counts once, as detected where the machine's factor is 7 or more: repeated runs
    of one container are not independent containers.
    """
    detected = sum(machine_factor(found) >= REJECT_FACTOR for found in group)
    return {
        "detected": detected,
        "containers": len(group),
        "lower_bound": f"{floor_percent(lower_bound(detected, len(group)))} %",
    }


def container_row(found: ContainerCounts) -> dict[str, Any]:
    """Return one container's counts and factors."""
    return {
        "container": found.container,
        "class": found.defect_class,
        "manual": f"{found.manual_rejections}/{found.manual_inspections}",
        "machine": f"{found.machine_rejections}/{found.machine_inspections}",
        "manual_factor": quality_factor(found.manual_rejections, found.manual_inspections),
        "machine_factor": machine_factor(found),
    }


def find_surprises(containers: Iterable[Mapping[str, Any]], result: KnappResult) -> dict[str, list[str]]:
    """Return the known rejects outside the reject zone and the good containers inside it."""
    known = {row["container"] for row in containers if row["kind"] == "reject"}
    rejects = set(result.reject_set)
    order = list(result.zones)
    return {
        "known_rejects_outside": [name for name in order if name in known - rejects],
        "good_ones_inside": [name for name in order if name in rejects - known],
    }


def score_inspectors(runs: Sequence[TakenRun], result: KnappResult) -> list[dict[str, Any]]:
    """Return how much of the reject zone each inspector found, and how much of the accept zone they rejected."""
    rejects = set(result.reject_set)
    accepts = {name for name, zone in result.zones.items() if zone == "accept"}
    rows = []
    for inspector in dict.fromkeys(run.inspector for run in runs if not run.is_machine):
        own = [run.rejected for run in runs if run.inspector == inspector and not run.is_machine]
        found = Fraction(sum(len(rejected & rejects) for rejected in own), len(own) * len(rejects))
        wrong = Fraction(sum(len(rejected & accepts) for rejected in own), max(len(own) * len(accepts), 1))
        rows.append({"inspector": inspector, "found": show_fraction(found), "false_rejects": show_fraction(wrong)})
    return rows


def draw_grid(counts: Sequence[ContainerCounts]) -> list[list[int]]:
    """Return how many containers have each pair of factors: rows the machine's 0 to 10, columns people's."""
    grid = [[0] * 11 for _ in range(11)]
    for found in counts:
        grid[machine_factor(found)][quality_factor(found.manual_rejections, found.manual_inspections)] += 1
    return grid


def show_fraction(value: Fraction) -> str:
    """Return a fraction as percent, half up to one place, and as it is: “102.2 % (46/45)”."""
    tenths = (value.numerator * 2_000 + value.denominator) // (2 * value.denominator)
    return f"{tenths // 10}.{tenths % 10} % ({value.numerator}/{value.denominator})"


def floor_percent(value: Decimal) -> Decimal:
    """Return a probability as percent to one place, rounded down: a bound is never shown better than it is."""
    return (value * 100).quantize(Decimal("0.1"), rounding=decimal.ROUND_DOWN)
