"""What the shared table and tab parts need to know. Pure; never reads the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """One column: its heading and, where it can be sorted, the name of its ordering."""

    label: str
    sort: str = ""
    is_numeric: bool = False
    direction: str = ""

    @property
    def next_sort(self) -> str:
        """The ordering that a click on the heading asks for: up first, then down."""
        return f"-{self.sort}" if self.direction == "ascending" else self.sort


@dataclass(frozen=True)
class Table:
    """A list of rows under headings; ``row_template`` writes the cells of ``row``."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[object]
    row_template: str
    empty: str = "Nothing to show."
    is_caption_hidden: bool = True

    def sorted_by(self, ordering: str) -> Table:
        """Return the table with the heading of the current ordering marked."""
        name, direction = ordering.removeprefix("-"), "descending" if ordering.startswith("-") else "ascending"
        columns = [
            replace(column, direction=direction) if column.sort and column.sort == name else column
            for column in self.columns
        ]
        return replace(self, columns=columns)


@dataclass(frozen=True)
class Tab:
    """One part of a record's pages."""

    label: str
    url: str
    is_current: bool = False
    count: int | None = None


def choose_sort(asked: str | None, allowed: Sequence[str], default: str) -> str:
    """Return the ordering asked for if it is one of the allowed, otherwise the default."""
    return asked if asked and asked.removeprefix("-") in allowed else default
