"""The numbers of the demonstration's Knapp study: made for the demonstration; no vial was ever inspected for them.

Each answer follows from a hash of run and container against the probability of its class, so that
every start makes the same study. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from validation.knapp_design import Container, PlannedRun

GOOD: Final = 170
MADE_FOR: Final = "made for the demonstration"

# class, severity, containers; probability of rejection by people and by the machine, in thousandths
CLASSES: Final = (
    ("wrong product", "critical", 20, 960, 1000),
    ("crack", "critical", 20, 905, 990),
    ("fibre", "major", 20, 800, 900),
    ("scratch", "minor", 20, 720, 760),
)
GOOD_CHANCES: Final = (9, 4)
SPREAD: Final = 160


def draw(*words: object, below: int) -> int:
    """Return a number that follows from the words alone."""
    text = "\n".join(map(str, (MADE_FOR, *words)))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8]) % below


def made_up_containers() -> list[Container]:
    """Return 250 numbered containers, good ones and known rejects mixed."""
    kinds: list[tuple[str, str]] = [("", "")] * GOOD
    for name, severity, count, *_ in CLASSES:
        kinds += [(name, severity)] * count
    mixed = sorted(enumerate(kinds), key=lambda row: draw("mix", row[0], below=2**32))
    return [
        Container(f"C-{number:03}", "reject" if name else "good", name, severity)
        for number, (_, (name, severity)) in enumerate(mixed, 1)
    ]


def chance(row: Container, *, is_machine: bool) -> int:
    """Return how often in a thousand inspections a container is rejected: harder ones less often than easy ones."""
    if row.kind == "good":
        return GOOD_CHANCES[is_machine]
    base = next(chances[is_machine] for name, _, _, *chances in CLASSES if name == row.defect_class)
    if base > 950:
        return base
    return base + draw("hard", row.container, below=SPREAD) - SPREAD // 2


def made_up_table(containers: list[Container], runs: Iterable[PlannedRun]) -> str:
    """Return the answers of all runs as the table that the product imports."""
    planned = list(runs)
    unseen = next(row.container for row in containers if row.defect_class == "scratch")
    lines = [";".join(("container", *(run.run for run in planned)))]
    for row in containers:
        answers = (
            not (run.is_machine and row.container == unseen)
            and draw(run.run, row.container, below=1000) < chance(row, is_machine=run.is_machine)
            for run in planned
        )
        lines.append(";".join((row.container, *("reject" if answer else "accept" for answer in answers))))
    return "\n".join(lines) + "\n"
