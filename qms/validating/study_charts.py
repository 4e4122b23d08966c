"""The pictures of a Knapp study as numbers for SVG attributes. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CELL: Final = 34
LEFT: Final = 56
TOP: Final = 26
SIZE: Final = 11 * CELL
WIDEST: Final = CELL // 2 - 1
NARROWEST: Final = 9
BAR: Final = 12
ROW: Final = 46
LABEL: Final = 190
ROOM: Final = 360


@dataclass(frozen=True, slots=True)
class Bubble:
    """All containers with one pair of factors. Units: SVG user units."""

    x: int
    y: int
    radius: int
    text_y: int
    count: int
    manual: int
    machine: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Containers by people's factor, across, and the machine's, upwards; ``zones`` are (class, x, width, label)."""

    bubbles: tuple[Bubble, ...]
    zones: tuple[tuple[str, int, int, str], ...]
    columns: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, int], ...]
    left: int = LEFT
    top: int = TOP
    size: int = SIZE
    middle: int = LEFT + SIZE // 2
    width: int = LEFT + SIZE + 8
    height: int = TOP + SIZE + 44
    foot: int = TOP + SIZE + 16
    title_y: int = TOP + SIZE + 36


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One defect class: both sums as lengths, and where its lines stand. Units: SVG user units."""

    name: str
    manual: int
    machine: int
    manual_width: int
    machine_width: int
    manual_y: int
    machine_y: int
    manual_text_y: int
    machine_text_y: int
    manual_x: int
    machine_x: int
    is_worse: bool


@dataclass(frozen=True, slots=True)
class ClassBars:
    """Both sums of each class on one scale."""

    bars: tuple[ClassBar, ...]
    height: int
    label: int = LABEL
    bar: int = BAR
    width: int = LABEL + ROOM + 60


def draw_grid(counts: Sequence[Sequence[int]]) -> Grid:
    """Return the grid of a report as bubbles that grow with the count, none too small for its number."""
    most = max((count for row in counts for count in row), default=0) or 1
    bubbles = tuple(
        Bubble(
            x=LEFT + manual * CELL + CELL // 2,
            y=TOP + (10 - machine) * CELL + CELL // 2,
            radius=NARROWEST + round((WIDEST - NARROWEST) * math.sqrt(count / most)),
            text_y=TOP + (10 - machine) * CELL + CELL // 2 + 4,
            count=count,
            manual=manual,
            machine=machine,
        )
        for machine, row in enumerate(counts)
        for manual, count in enumerate(row)
        if count
    )
    return Grid(
        bubbles=bubbles,
        zones=(
            ("accept", LEFT, 4 * CELL, "Accept"),
            ("gray", LEFT + 4 * CELL, 3 * CELL, "Gray"),
            ("reject", LEFT + 7 * CELL, 4 * CELL, "Reject"),
        ),
        columns=tuple((factor, LEFT + factor * CELL + CELL // 2) for factor in range(11)),
        rows=tuple((factor, TOP + (10 - factor) * CELL + CELL // 2 + 4) for factor in range(11)),
    )


def draw_classes(classes: Sequence[Mapping[str, Any]]) -> ClassBars:
    """Return two bars for each class of the reject zone, people's above the machine's."""
    most = max((max(row["manual_sum"], row["machine_sum"]) for row in classes), default=0) or 1

    def bar(place: int, row: Mapping[str, Any]) -> ClassBar:
        manual, machine = (row[name] * ROOM // most for name in ("manual_sum", "machine_sum"))
        top = place * ROW + 6
        return ClassBar(
            name=row["class"],
            manual=row["manual_sum"],
            machine=row["machine_sum"],
            manual_width=manual,
            machine_width=machine,
            manual_y=top,
            machine_y=top + BAR + 4,
            manual_text_y=top + BAR - 1,
            machine_text_y=top + 2 * BAR + 3,
            manual_x=LABEL + manual + 6,
            machine_x=LABEL + machine + 6,
            is_worse=row["machine_sum"] < row["manual_sum"],
        )

    return ClassBars(tuple(bar(place, row) for place, row in enumerate(classes)), height=max(len(classes) * ROW, ROW))
