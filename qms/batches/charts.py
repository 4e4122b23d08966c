"""Small bar charts as numbers for SVG attributes: shares against their limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

WIDTH: Final = 680
LABEL: Final = 150
NUMBER: Final = 170
ROW: Final = 30
BAR: Final = 16


@dataclass(frozen=True, slots=True)
class Share:
    """One thing to draw: its words, its count and share, and its limit if it has one. Units: percent."""

    label: str
    count: int
    percent: Decimal
    limit: Decimal | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether the share is above its limit."""
        return self.limit is not None and self.percent > self.limit


@dataclass(frozen=True, slots=True)
class Bar:
    """One drawn bar. Units: SVG user units."""

    share: Share
    y: int
    text_y: int
    width: int
    limit_x: int | None


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart with one scale for all bars."""

    bars: tuple[Bar, ...]
    height: int
    width: int = WIDTH
    label: int = LABEL
    bar: int = BAR


def draw_bars(shares: Sequence[Share]) -> BarChart:
    """Return bars on one scale, from 0 to the largest share or limit."""
    most = max((max(share.percent, share.limit or Decimal(0)) for share in shares), default=Decimal(0)) or Decimal(1)
    room = WIDTH - LABEL - NUMBER

    def place(value: Decimal) -> int:
        return int(value * room / most)

    bars = tuple(
        Bar(
            share=share,
            y=row * ROW + (ROW - BAR) // 2,
            text_y=row * ROW + ROW // 2 + 4,
            width=max(place(share.percent), 1 if share.count else 0),
            limit_x=None if share.limit is None else LABEL + place(share.limit),
        )
        for row, share in enumerate(shares)
    )
    return BarChart(bars=bars, height=max(len(shares) * ROW, ROW))
