"""Interleaved rounds, medians and the table that ``make bench`` prints and keeps."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEADING = "# Benchmarks"
INTRODUCTION = (
    "Ratios between neighbouring measurements of one `make bench` run on two cores; absolute times on a shared\n"
    "machine mean little, so none are kept. `kept` says whether the goal of the design was reached in that run.\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what, the ratio or time measured, the goal, whether it was reached."""

    what: str
    measured: str
    goal: str
    is_reached: bool

    def line(self) -> str:
        """Return the line as Markdown."""
        return f"| {self.what} | {self.measured} | {self.goal} | {'kept' if self.is_reached else 'MISSED'} |"


ROWS: list[Row] = []


def compare_rounds(variants: Mapping[str, Callable[[int], None]], *, rounds: int) -> dict[str, list[float]]:
    """Run each variant once a round, in turn, and return its seconds per round.

    The first round warms up and is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, run in variants.items():
            started = time.perf_counter()
            run(number)
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def median_ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the median of the round-by-round speed of ``one`` relative to ``other``."""
    return statistics.median(reference / measured for measured, reference in zip(one, other, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(what: str, measured: str, goal: str, *, is_reached: bool) -> None:
    """Print one row and remember it for the page."""
    row = Row(what, measured, goal, is_reached)
    ROWS.append(row)
    sys.stdout.write(f"\n{row.line()}")
    sys.stdout.flush()


def write_page(rows: Sequence[Row]) -> None:
    """Write the table that the documentation keeps."""
    head = f"{HEADING}\n\n{INTRODUCTION}\n| what | measured | goal | |\n| --- | --- | --- | --- |\n"
    RESULTS.write_text(head + "\n".join(row.line() for row in rows) + "\n", encoding="utf-8")
