"""Where each step of a run stands: its entries in order, the one that counts, evidence, deviation. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from validation.models import Deviation, Execution, StepEntry, StepEvidence

WORDS = {"pass": "passed", "fail": "failed", "na": "not applicable", "": "open"}


@dataclass(slots=True)
class StepState:
    """One step of a run as it stands. ``entries`` are all, oldest first; the last one counts."""

    plan: dict[str, Any]
    entries: list[StepEntry] = field(default_factory=list)
    evidence: list[StepEvidence] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Return the step's number in the protocol."""
        return int(self.plan["step"])

    @property
    def entry(self) -> StepEntry | None:
        """Return the entry that counts."""
        return self.entries[-1] if self.entries else None

    @property
    def earlier(self) -> list[StepEntry]:
        """Return the entries that were corrected, oldest first."""
        return self.entries[:-1]

    @property
    def in_force(self) -> list[StepEvidence]:
        """Return the evidence that nobody withdrew."""
        return [row for row in self.evidence if not row.is_withdrawn]

    @property
    def result(self) -> str:
        """Return ``pass``, ``fail``, ``na`` or nothing."""
        return self.entry.result if self.entry else ""

    @property
    def word(self) -> str:
        """Return the result in words."""
        return WORDS[self.result]

    @property
    def deviation(self) -> Deviation | None:
        """Return the deviation of the entry that counts."""
        return next((row for row in self.deviations if self.entry and row.entry_id == self.entry.pk), None)

    @property
    def needs_deviation(self) -> bool:
        """Tell whether the step failed and nobody raised a deviation."""
        return self.result == "fail" and self.deviation is None


def states_of(execution: Execution) -> list[StepState]:
    """Return every step of a run as it stands, in the protocol's order."""
    states = {row["step"]: StepState(row) for row in execution.planned_steps()}
    for entry in execution.entries.select_related("entered_by").order_by("pk"):
        states[entry.step].entries.append(entry)
    for file in execution.evidence.select_related("attachment__file", "added_by", "withdrawal__withdrawn_by").order_by(
        "pk"
    ):
        states[file.step].evidence.append(file)
    for deviation in execution.deviations.select_related("entry").order_by("pk"):
        states[deviation.entry.step].deviations.append(deviation)
    return list(states.values())


def first_open(states: Sequence[StepState], *, after: int = 0) -> int:
    """Return the next step without a result behind a step, else the first one, else the last step."""
    waiting = [row.step for row in states if row.entry is None]
    behind = [step for step in waiting if step > after]
    return (behind or waiting or [states[-1].step])[0]


def name_steps(steps: Iterable[int]) -> str:
    """Return steps in words: "step 3", "steps 3, 4 and 9"."""
    names = [str(step) for step in steps]
    if len(names) == 1:
        return f"step {names[0]}"
    return f"steps {', '.join(names[:-1])} and {names[-1]}"
