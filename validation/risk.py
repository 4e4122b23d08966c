"""Functional risk in two steps: severity and probability give a class, class and detectability a priority.

Owns the rule, not the cells: a matrix is approved, versioned data, and the one here is the
usual GAMP 5 shape. Levels are ordinal, so nothing is ever multiplied; high detectability
lowers a priority, it never raises one. Pure: no Django.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from validation.errors import RiskMatrixIncomplete, RiskMatrixInverted


class Level(enum.StrEnum):
    """An ordinal level of severity, probability, detectability or priority."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 for low; for comparing only, never for arithmetic."""
        return ("low", "medium", "high").index(self.value)


RISK_CLASSES: Final = (1, 2, 3)
"""1 is the most serious class."""


@dataclass(frozen=True, slots=True)
class RiskMatrix:
    """The cells of both steps: class of (severity, probability), priority of (class, detectability)."""

    classes: Mapping[tuple[Level, Level], int]
    priorities: Mapping[tuple[int, Level], Level]

    def check(self) -> RiskMatrix:
        """Return the matrix itself, if every cell is there and none runs against the order.

        Serves: EU GMP Annex 15 §10. Raises: RiskMatrixIncomplete; RiskMatrixInverted where a
        worse input gives a milder result, or better detectability a higher priority.
        """
        pairs = set(itertools.product(Level, Level))
        cells = set(itertools.product(RISK_CLASSES, Level))
        if set(self.classes) != pairs or set(self.priorities) != cells:
            raise RiskMatrixIncomplete
        if not set(self.classes.values()) <= set(RISK_CLASSES):
            raise RiskMatrixIncomplete
        self._check_classes()
        self._check_priorities()
        return self

    def _check_classes(self) -> None:
        for (severity, probability), found in self.classes.items():
            for (other_severity, other_probability), other in self.classes.items():
                is_worse = other_severity.rank >= severity.rank and other_probability.rank >= probability.rank
                if is_worse and other > found:
                    raise RiskMatrixInverted(
                        worse=f"{other_severity} severity with {other_probability} probability",
                        milder=f"{severity} severity with {probability} probability",
                    )

    def _check_priorities(self) -> None:
        for (risk_class, detectability), found in self.priorities.items():
            for (other_class, other_detectability), other in self.priorities.items():
                is_worse = other_class <= risk_class and other_detectability.rank <= detectability.rank
                if is_worse and other.rank < found.rank:
                    raise RiskMatrixInverted(
                        worse=f"class {other_class} with {other_detectability} detectability",
                        milder=f"class {risk_class} with {detectability} detectability",
                    )


_H, _M, _L = Level.HIGH, Level.MEDIUM, Level.LOW

USUAL_MATRIX: Final = RiskMatrix(
    classes={
        (_H, _H): 1, (_H, _M): 1, (_M, _H): 1,
        (_H, _L): 2, (_M, _M): 2, (_L, _H): 2,
        (_M, _L): 3, (_L, _M): 3, (_L, _L): 3,
    },
    priorities={
        (1, _L): _H, (1, _M): _H, (1, _H): _M,
        (2, _L): _H, (2, _M): _M, (2, _H): _L,
        (3, _L): _M, (3, _M): _L, (3, _H): _L,
    },
).check()  # fmt: skip
"""The usual cells; a site approves its own copy."""


def cells_of(matrix: RiskMatrix) -> dict[str, dict[str, object]]:
    """Return a matrix as plain data, its cells under "severity/probability" and "class/detectability"."""
    return {
        "classes": {f"{severity}/{probability}": found for (severity, probability), found in matrix.classes.items()},
        "priorities": {f"{number}/{level}": str(found) for (number, level), found in matrix.priorities.items()},
    }


def matrix_of(cells: Mapping[str, Mapping[str, object]]) -> RiskMatrix:
    """Return the matrix that `cells_of` wrote, checked. Raises: as `RiskMatrix.check`, and RiskMatrixIncomplete."""
    try:
        classes = {_levels(name): int(str(found)) for name, found in cells["classes"].items()}
        priorities = {_cell(name): Level(str(found)) for name, found in cells["priorities"].items()}
    except (KeyError, ValueError) as error:
        raise RiskMatrixIncomplete from error
    return RiskMatrix(classes=classes, priorities=priorities).check()


def _levels(name: str) -> tuple[Level, Level]:
    severity, probability = name.split("/")
    return Level(severity), Level(probability)


def _cell(name: str) -> tuple[int, Level]:
    number, detectability = name.split("/")
    return int(number), Level(detectability)


@dataclass(frozen=True, slots=True)
class RiskResult:
    """What the two steps give for one failure mode."""

    risk_class: int
    priority: Level


def assess_risk(
    *, severity: Level, probability: Level, detectability: Level, matrix: RiskMatrix = USUAL_MATRIX
) -> RiskResult:
    """Return class and priority of one failure mode.

    Serves: EU GMP Annex 11 §1. Source: the two steps of GAMP 5, appendix M3.
    """
    risk_class = matrix.classes[severity, probability]
    return RiskResult(risk_class=risk_class, priority=matrix.priorities[risk_class, detectability])
