"""Single sampling plans by attributes, and samples that anyone can draw again.

Owns the facts of ISO 2859-1 (ANSI/ASQ Z1.4): general levels I, II, III, normal
inspection, AQL 0.010 to 10 percent nonconforming. Tightened and reduced inspection are
not here: their tables were not checked against the standard, and a guess is worse than
a refusal; `validation.switching` says when the standard asks for tightened. The master
table is held as its diagonal: along one, sample size times AQL is nearly constant, so
letter position + AQL position alone fix the acceptance number. A site checks
``master_table()`` against its own copy of the standard before use.

Pure: no Django, no clock, no random source.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, cast

from validation.errors import (
    AqlNotInTable,
    DefectCountInvalid,
    InspectionLevelUnknown,
    LotSizeInvalid,
    SampleLargerThanLot,
    SamplingFrameInvalid,
)

Level = Literal["I", "II", "III"]
Arrow = Literal["", "up", "down"]
Decision = Literal["accept", "reject"]

LETTERS: Final = "ABCDEFGHJKLMNPQR"
SAMPLE_SIZES: Final = dict(
    zip(LETTERS, (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000), strict=True)
)
AQLS: Final = tuple(
    Decimal(text)
    for text in (
        "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25",
        "0.40", "0.65", "1.0", "1.5", "2.5", "4.0", "6.5", "10",
    )
)  # fmt: skip

#: Largest lot of each row of the code letter table; the last row has no end.
_LOT_ENDS: Final = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
_LETTERS_BY_LEVEL: Final[dict[Level, str]] = {
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}

#: Letter position + AQL position of the cells with acceptance number 0 (L at 0.065).
_ZERO_DIAGONAL: Final = 14
#: Acceptance numbers of the diagonals from there on; the two arrows lie between 0 and 1.
_DIAGONALS: Final[tuple[int | Literal["up", "down"], ...]] = (0, "up", "down", 1, 2, 3, 5, 7, 10, 14, 21)

SAMPLE_METHOD: Final = "countersign-sample-1"


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How many units of a lot to inspect for one class of defects, and what decides.

    ``letter`` is the code letter of the lot; ``plan_letter`` that of the plan used, which
    differs where the table shows an ``arrow``. ``n`` is never more than the lot.
    Units: ``aql`` in percent nonconforming; ``n``, ``accept``, ``reject`` in units.
    """

    lot_size: int
    level: Level
    aql: Decimal
    letter: str
    plan_letter: str
    n: int
    accept: int
    reject: int
    arrow: Arrow

    @property
    def is_whole_lot(self) -> bool:
        """Tell whether the plan's sample is the whole lot (100 % inspection)."""
        return self.n == self.lot_size


def code_letter(lot_size: int, *, level: str = "II") -> str:
    """Return the sample size code letter of a lot.

    Raises: LotSizeInvalid below one unit; InspectionLevelUnknown for another level.
    """
    if lot_size < 1:
        raise LotSizeInvalid(lot_size=lot_size)
    if level not in _LETTERS_BY_LEVEL:
        raise InspectionLevelUnknown(level=level)
    row = sum(1 for end in _LOT_ENDS if lot_size > end)
    return _LETTERS_BY_LEVEL[level][row]


def plan_for(lot_size: int, *, aql: Decimal | str, level: str = "II") -> SamplingPlan:
    """Return the single sampling plan, normal inspection, for one AQL.

    At an arrow the first plan in its direction is used including its own sample size; a
    sample as large as the lot or larger means every unit.
    Serves: 21 CFR 211.165(d), USP <790>. Units: AQL in percent nonconforming.
    Raises: LotSizeInvalid, InspectionLevelUnknown, AqlNotInTable.
    """
    letter = code_letter(lot_size, level=level)
    column = _aql_position(aql)
    plan_letter, accept, arrow = _follow_arrows(LETTERS.index(letter), column)
    return SamplingPlan(
        lot_size=lot_size,
        level=cast(Level, level),
        aql=AQLS[column],
        letter=letter,
        plan_letter=plan_letter,
        n=min(SAMPLE_SIZES[plan_letter], lot_size),
        accept=accept,
        reject=accept + 1,
        arrow=arrow,
    )


def decide(plan: SamplingPlan, *, defects: int) -> Decision:
    """Return what the count of defective units in the sample means for the lot.

    A critical defect opens an investigation whatever this returns (Annex 1, 8.30); that
    is the caller's rule. Serves: 21 CFR 211.165(d).
    Raises: DefectCountInvalid when the count cannot come from this sample.
    """
    if not 0 <= defects <= plan.n:
        raise DefectCountInvalid(defects=defects, n=plan.n)
    return "accept" if defects <= plan.accept else "reject"


def pooled_size(plans: Iterable[SamplingPlan]) -> int:
    """Return the size of one sample that serves several classes, each on its own first n."""
    return max((plan.n for plan in plans), default=0)


def draw_sample(ids: Sequence[str], *, n: int, seed: str) -> tuple[str, ...]:
    r"""Draw n units so that anyone with the list and the seed can draw them again.

    Units are ranked by the SHA-256 of three lines, ``countersign-sample-1``, the seed and
    the unit's id, joined by line feeds and without one at the end; the n lowest, in that
    order, are the sample. The order of ``ids`` does not matter, and a smaller sample is
    the beginning of a larger one. In a shell, one unit's rank:
    ``printf 'countersign-sample-1\nSEED\nUNIT' | sha256sum``.
    Raises: SampleLargerThanLot; SamplingFrameInvalid for an empty seed, or ids that are
    repeated, empty or hold control characters.
    """
    if not 0 <= n <= len(ids):
        raise SampleLargerThanLot(n=n, available=len(ids))
    _check_frame(ids, seed)
    return tuple(sorted(ids, key=lambda unit: sample_rank(unit, seed=seed))[:n])


def sample_rank(unit: str, *, seed: str) -> str:
    """Return a unit's rank, a SHA-256 in hexadecimal, under a seed."""
    return hashlib.sha256(f"{SAMPLE_METHOD}\n{seed}\n{unit}".encode()).hexdigest()


def master_table() -> dict[tuple[str, Decimal], tuple[int, int] | Arrow]:
    """Return the table as printed in the standard: (Ac, Re) or an arrow for each cell."""
    table: dict[tuple[str, Decimal], tuple[int, int] | Arrow] = {}
    for (row, letter), (column, aql) in itertools.product(enumerate(LETTERS), enumerate(AQLS)):
        cell = _cell(row, column)
        table[letter, aql] = (cell, cell + 1) if isinstance(cell, int) else cell
    return table


def _aql_position(aql: Decimal | str) -> int:
    try:
        return AQLS.index(Decimal(aql))
    except (ArithmeticError, ValueError):
        known = ", ".join(str(value) for value in AQLS)
        raise AqlNotInTable(aql=aql, known=known) from None


def _cell(row: int, column: int) -> int | Literal["up", "down"]:
    diagonal = row + column - _ZERO_DIAGONAL
    if diagonal < 0:
        return "down"
    if diagonal >= len(_DIAGONALS):
        return "up"
    value = _DIAGONALS[diagonal]
    # There is no plan beyond the first and the last letter: the arrow points back.
    if value == "down" and row == len(LETTERS) - 1:
        return "up"
    if value == "up" and row == 0:
        return "down"
    return value


def _follow_arrows(row: int, column: int) -> tuple[str, int, Arrow]:
    arrow: Arrow = ""
    cell = _cell(row, column)
    while not isinstance(cell, int):
        arrow = cell
        row += 1 if cell == "down" else -1
        cell = _cell(row, column)
    return LETTERS[row], cell, arrow


def _check_frame(ids: Sequence[str], seed: str) -> None:
    if not seed or not seed.isprintable():
        raise SamplingFrameInvalid(why="the seed is empty or holds control characters")
    if len(set(ids)) != len(ids):
        raise SamplingFrameInvalid(why="a unit is listed more than once")
    if not all(unit and unit.isprintable() for unit in ids):
        raise SamplingFrameInvalid(why="a unit's id is empty or holds control characters")
