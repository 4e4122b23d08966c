"""A batch counted: accepted, rejected by class, open, and the rates against the limits.

Pure: counts what it is handed. A unit found defective in the AQL sample counts as a
reject with the class found. Rates are compared as exact fractions, never as floats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

SEVERITIES: Final = ("critical", "major", "minor")


@dataclass(frozen=True, slots=True)
class Defect:
    """One class of the defect library as counting needs it."""

    id: int
    code: str
    name: str
    severity: str


@dataclass(frozen=True, slots=True)
class CountedUnit:
    """One unit's share of the count: its verdict, the class of a reject, whether it is settled."""

    verdict: str
    defect: Defect | None = None
    is_open: bool = False
    is_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of a batch. Units: units; ``by_defect`` by the class's id."""

    inspected: int = 0
    accepted: int = 0
    rejected: int = 0
    undecided: int = 0
    open: int = 0
    waiting: int = 0
    by_defect: Mapping[int, int] = field(default_factory=dict)
    by_severity: Mapping[str, int] = field(default_factory=dict)

    @property
    def critical(self) -> int:
        """Return how many rejects are critical."""
        return self.by_severity.get("critical", 0)


def count_batch(units: Iterable[CountedUnit]) -> Tally:
    """Return the counts of a batch's units."""
    rows = list(units)
    rejects = [row for row in rows if row.verdict == "reject"]
    classes = [row.defect for row in rejects if row.defect is not None]
    return Tally(
        inspected=len(rows),
        accepted=sum(row.verdict == "good" for row in rows),
        rejected=len(rejects),
        undecided=sum(row.verdict == "" for row in rows),
        open=sum(row.is_open for row in rows),
        waiting=sum(row.is_waiting for row in rows),
        by_defect=dict(Counter(defect.id for defect in classes)),
        by_severity=dict(Counter(defect.severity for defect in classes)),
    )


def exceeds(count: int, *, inspected: int, limit: Decimal) -> bool:
    """Tell whether a count is more than a limit in percent of the inspected units."""
    return count * 100 > limit * inspected


def percent(count: int, whole: int) -> Decimal:
    """Return a share in percent, rounded half up to two digits, for showing only."""
    if whole == 0:
        return Decimal("0.00")
    return (Decimal(count) * 100 / whole).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
