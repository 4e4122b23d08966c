"""The review grid as one page of it is shown: chips with counts, the page's units, the pages.

Reads only; the state is in the URL (``show``, ``sort``, ``page``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qms.batches.models import BatchRecord
from qms.batches.review_units import (
    DEFAULT_FILTER,
    FILTERS,
    PAGE_SIZE,
    Filter,
    ReviewUnit,
    count_units,
    list_units,
    select_units,
    sort_units,
)

ORDERS = {"place": "as inspected", "score": "least certain first"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter with its count."""

    filter: Filter
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class GridPage:
    """One page of the grid."""

    chips: Sequence[Chip]
    show: str
    order: str
    units: Sequence[ReviewUnit]
    page: int
    pages: int
    total: int
    to_do: int
    required: int

    @property
    def current(self) -> Chip:
        """Return the chip that is shown."""
        return next(chip for chip in self.chips if chip.is_current)

    @property
    def first(self) -> int:
        """Return the place of the page's first unit, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1 if self.units else 0

    @property
    def last(self) -> int:
        """Return the place of the page's last unit."""
        return self.first + len(self.units) - 1 if self.units else 0


def read_choice(query: Mapping[str, str]) -> tuple[str, str]:
    """Return the filter and the order that a query asks for, or the defaults."""
    show = query.get("show", DEFAULT_FILTER)
    order = query.get("sort", "place")
    known = {row.name for row in FILTERS}
    return (show if show in known else DEFAULT_FILTER, order if order in ORDERS else "place")


def make_page(batch: BatchRecord, *, query: Mapping[str, str]) -> GridPage:
    """Return the page of the grid that a query asks for."""
    show, order = read_choice(query)
    units = list_units(batch)
    counts = count_units(units)
    chosen = sort_units(select_units(units, show), order)
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(max(read_number(query.get("page", "1")), 1), pages)
    return GridPage(
        chips=[Chip(row, counts[row.name], row.name == show) for row in FILTERS],
        show=show,
        order=order,
        units=chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        page=page,
        pages=pages,
        total=len(chosen),
        to_do=counts["todo"],
        required=sum(unit.is_required for unit in units),
    )


def read_number(text: str) -> int:
    """Return a page number from a query, 1 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the keys lead from one unit in a filter: back, on, and to the next open one."""

    before: str
    after: str
    next_open: str
    place: int
    total: int


def find_neighbours(units: Sequence[ReviewUnit], unit_id: str, *, query: Mapping[str, str]) -> Neighbours:
    """Return the unit's neighbours in the filter and order of a query; by place where it is not in it."""
    show, order = read_choice(query)
    here = next(unit for unit in units if unit.unit_id == unit_id)
    chosen = sort_units([*select_units(units, show), here], order)
    ids = list(dict.fromkeys(unit.unit_id for unit in chosen))
    place = ids.index(unit_id)
    by_id = {unit.unit_id: unit for unit in units}
    later = [*ids[place + 1 :], *ids[:place]]
    return Neighbours(
        before=ids[place - 1] if place else "",
        after=ids[place + 1] if place + 1 < len(ids) else "",
        next_open=next((name for name in later if by_id[name].is_open), ""),
        place=place + 1,
        total=len(ids),
    )
