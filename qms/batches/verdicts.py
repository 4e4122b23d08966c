"""What counts for one unit: the model's outcome and people's decisions, read in their order.

Owns the rule of the second person and of taking back. Decisions form a stack: a decision
goes on top; taking it back, or a second person's refusal, takes it off, and what stood
before it stands again. A *good* that goes against a *reject*, the model's or another
person's, counts only when a second person has verified it; until then the unit is a
reject. On an undecided unit one person's *good* counts, as in manual inspection, where
one qualified inspector decides; the random check and the AQL sample stand behind it.

Pure: no Django. Serves: 21 CFR 211.188(b)(11); draft Annex 22 §9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["good", "reject", "undecided", ""]
Verdict = Literal["good", "reject", ""]

GOOD: Final = "good"
REJECT: Final = "reject"
UNDECIDED: Final = "undecided"

#: Kinds that say what a unit is; the others answer one of them.
STATEMENTS: Final = frozenset({"agreement", "override", "decision"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision as the rule reads it. ``of`` is the entry that a verification or undo answers."""

    id: int
    kind: str
    verdict: str
    by: int
    of: int | None = None
    defect: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A statement on the stack, and whether and by whom it was verified."""

    entry: Entry
    needs_second: bool
    verified_by: int | None = None

    @property
    def counts(self) -> bool:
        """Tell whether the statement counts, or still waits for a second person."""
        return not self.needs_second or self.verified_by is not None


@dataclass(frozen=True, slots=True)
class UnitState:
    """What stands for one unit. ``verdict`` is empty while nobody has decided an undecided unit."""

    outcome: str
    stack: tuple[Standing, ...] = ()
    last_id: int = 0

    @property
    def top(self) -> Standing | None:
        """Return the statement that stands, if a person made one."""
        return self.stack[-1] if self.stack else None

    @property
    def is_waiting(self) -> bool:
        """Tell whether a second person must still verify."""
        return self.top is not None and not self.top.counts

    @property
    def is_reviewed(self) -> bool:
        """Tell whether a person's statement stands, verified or not."""
        return self.top is not None

    @property
    def is_overridden(self) -> bool:
        """Tell whether the statement that stands goes against the model."""
        return self.top is not None and self.top.entry.kind == "override"

    @property
    def verdict(self) -> Verdict:
        """Return what the unit counts as: good, reject, or nothing while it is open."""
        return _verdict_of(self.outcome, self.stack)

    @property
    def defect(self) -> int | None:
        """Return the defect class a person named for a reject; None means the model's."""
        if self.verdict != REJECT:
            return None
        return next((row.entry.defect for row in reversed(self.stack) if row.entry.verdict == REJECT), None)


def read_unit(outcome: str, entries: Iterable[Entry]) -> UnitState:
    """Return what stands for a unit after these decisions, oldest first.

    Entries that answer nothing that stands change nothing.
    """
    stack: tuple[Standing, ...] = ()
    last = 0
    for entry in entries:
        stack = _apply(outcome, stack, entry)
        last = entry.id
    return UnitState(outcome, stack, last)


def needs_second_person(before: UnitState, *, verdict: str, by: int) -> bool:
    """Tell whether a statement made now would wait for a second person."""
    return _needs_second(before.outcome, before.stack, verdict=verdict, by=by)


def keeps_sample(before: UnitState, after: UnitState) -> bool:
    """Tell whether a decision is possible after the AQL sample was drawn from the accepted units.

    A unit may leave the accepted ones, never join them, and none may become open again.
    """
    if after.is_waiting and not before.is_waiting:
        return False
    return after.verdict == REJECT or after.verdict == before.verdict


def _apply(outcome: str, stack: tuple[Standing, ...], entry: Entry) -> tuple[Standing, ...]:
    if entry.kind in STATEMENTS:
        needs = _needs_second(outcome, stack, verdict=entry.verdict, by=entry.by)
        return (*stack, Standing(entry, needs))
    if not stack or entry.of != stack[-1].entry.id:
        return stack
    top = stack[-1]
    if entry.kind == "undo" and entry.by == top.entry.by:
        return stack[:-1]
    if top.counts or entry.by == top.entry.by:
        return stack
    if entry.kind == "refusal":
        return stack[:-1]
    if entry.kind == "verification":
        return (*stack[:-1], Standing(top.entry, top.needs_second, entry.by))
    return stack


def _needs_second(outcome: str, stack: tuple[Standing, ...], *, verdict: str, by: int) -> bool:
    if verdict != GOOD:
        return False
    if outcome == REJECT:
        return True
    return any(row.entry.verdict == REJECT and row.entry.by != by for row in stack)


def _verdict_of(outcome: str, stack: tuple[Standing, ...]) -> Verdict:
    if stack and stack[-1].counts:
        return GOOD if stack[-1].entry.verdict == GOOD else REJECT
    if stack:
        return REJECT  # a good that waits for a second person goes against a reject, which holds
    if outcome == GOOD:
        return GOOD
    return REJECT if outcome == REJECT else ""
