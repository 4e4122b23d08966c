"""How far a gap assessment has come, and what an answer still lacks. Reads nothing, writes nothing.

Pure of the database: it is given the rows. Serves: EU GMP Annex 11 §1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Closure(Protocol):
    """A closure as the database keeps it."""

    answer_revision: int


class Row(Protocol):
    """An answer as the database keeps it."""

    position: int
    revision: int
    risk: str
    remediation: str
    control: str
    owner_id: int | None
    due_on: dt.date | None

    @property
    def is_gap(self) -> bool:
        """Tell whether the clause is not or only partly met."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of clauses. ``open_remediations`` are the gaps not closed; ``overdue`` are those past their day."""

    total: int
    answered: int
    gaps: int
    open_remediations: int
    overdue: int

    @property
    def open_clauses(self) -> int:
        """Return how many clauses have no answer yet."""
        return self.total - self.answered


def count_progress(total: int, rows: Iterable[Row], *, closed: Iterable[int], today: dt.date) -> Progress:
    """Count the answers of an assessment; ``closed`` are the places whose remediation is done. Units: clauses."""
    found = list(rows)
    gaps = [row for row in found if row.is_gap]
    done = set(closed)
    still_open = [row for row in gaps if row.position not in done]
    overdue = sum(row.due_on is not None and row.due_on < today for row in still_open)
    return Progress(total, len(found), len(gaps), len(still_open), overdue)


def closed_places(closures: Mapping[int, Iterable[Closure]], rows: Iterable[Row]) -> set[int]:
    """Return the places of gaps whose remediation was closed since their answer last changed."""
    return {
        row.position
        for row in rows
        if row.is_gap and any(made.answer_revision == row.revision for made in closures.get(row.position, ()))
    }


def lacking_plan(row: Row) -> str:
    """Return what a gap still needs before it may be approved, in words; nothing where it has all."""
    if not row.is_gap:
        return ""
    if not row.risk:
        return "its risk is not rated"
    if not (row.remediation.strip() or row.control.strip()):
        return "it names neither a remediation nor a procedural control"
    if row.owner_id is None:
        return "nobody is named who answers for it"
    if row.due_on is None:
        return "it has no due date"
    return ""
