"""Tables that people paste from a spreadsheet or a CSV file, read into rows with every fault named. Pure.

The first line holds the headings; tabs, semicolons or commas part the cells. Nothing is
guessed: an unknown heading or level is a fault of its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from validation.errors_records import TableNotReadable

MAX_ROWS = 2_000
MAX_CELL = 4_000
SEPARATORS = ("\t", ";", ",")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One line of a table: its number in the text, its cells by heading, what is wrong with it."""

    line: int
    cells: Mapping[str, str]
    faults: tuple[str, ...] = field(default=())


def read_table(text: str, *, headings: Sequence[str], needed: Sequence[str]) -> list[ReadRow]:
    """Return the rows of a pasted table. Raises: `TableNotReadable` where no row could be told from another."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").strip("\n")
    head = lines.partition("\n")[0]
    separator = next((sign for sign in SEPARATORS if sign in head), "\t")
    try:
        rows = list(csv.reader(io.StringIO(lines), delimiter=separator, strict=True))
    except csv.Error as error:
        raise TableNotReadable(why=f"a quotation mark is not closed or stands in the wrong place ({error})") from error
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    check_headings(names, headings=headings, needed=needed)
    if len(rows) - 1 > MAX_ROWS:
        raise TableNotReadable(why=f"it has more than {MAX_ROWS} rows; import it in parts")
    found = [read_row(number, names, cells) for number, cells in enumerate(rows[1:], 2) if any(map(str.strip, cells))]
    if not found:
        raise TableNotReadable(why="below its headings there is no row")
    return found


def check_headings(names: Sequence[str], *, headings: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse headings that are unknown, doubled or missing. Raises: `TableNotReadable`."""
    known = f"known headings are {', '.join(headings)}"
    unknown = [name for name in names if name not in headings]
    if unknown:
        raise TableNotReadable(why=f"the first line must hold the headings; “{unknown[0][:40]}” is none ({known})")
    if len(set(names)) != len(names):
        raise TableNotReadable(why="a heading stands there twice")
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise TableNotReadable(why=f"the heading “{lacking[0]}” is missing ({known})")


def read_row(line: int, names: Sequence[str], cells: Sequence[str]) -> ReadRow:
    """Return one line with the faults that any table could have."""
    faults = []
    if len(cells) != len(names):
        faults.append(f"it has {len(cells)} cells under {len(names)} headings")
    found = dict.fromkeys(names, "") | dict(zip(names, (cell.strip() for cell in cells), strict=False))
    faults += [f"{name} is longer than {MAX_CELL} characters" for name, cell in found.items() if len(cell) > MAX_CELL]
    return ReadRow(line, found, tuple(faults))
