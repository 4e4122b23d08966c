"""The design of a Knapp study: which containers, who inspects, which runs. Pure: no Django, no clock.

Serves: EU GMP Annex 1 §8.31, 8.32.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from validation.tables import ReadRow, read_table

CONTAINERS: Final = ("container", "kind", "class", "severity")
INSPECTORS: Final = ("code", "name", "qualified")
KINDS: Final = ("good", "reject")
SEVERITIES: Final = ("critical", "major", "minor")
MACHINE: Final = "M"
QUALIFIED_DAYS: Final = 366
MAX_CONTAINERS: Final = 2_000
_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}\Z")
_CODE = re.compile(r"[A-Z][A-Z0-9]{0,5}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True, slots=True)
class Container:
    """One numbered container as it was put in: good from production, or a known reject of a class."""

    container: str
    kind: str
    defect_class: str = ""
    severity: str = ""

    def content(self) -> dict[str, str]:
        """Return the container as part of the design."""
        return {
            "container": self.container,
            "kind": self.kind,
            "class": self.defect_class,
            "severity": self.severity,
        }


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of the plan: ``run`` is its id, such as I1-03 or M-07; ``inspector`` is M for the machine."""

    run: str
    inspector: str
    round_number: int
    is_machine: bool = field(default=False)


def read_containers(text: str) -> list[tuple[ReadRow, Container]]:
    """Return the containers of a pasted table with every fault named. Raises: `TableNotReadable`."""
    found: list[tuple[ReadRow, Container]] = []
    seen: set[str] = set()
    for line in read_table(text, headings=CONTAINERS, needed=("container", "kind")):
        cells = line.cells
        read = Container(
            cells["container"].upper(),
            cells["kind"].lower(),
            cells.get("class", "").lower(),
            cells.get("severity", "").lower(),
        )
        faults = (*line.faults, *faults_of(read, seen))
        seen.add(read.container)
        found.append((ReadRow(line.line, cells, faults), read))
    return found


def faults_of(read: Container, seen: set[str]) -> Iterable[str]:
    """Yield what is wrong with one container."""
    if not _NAME.match(read.container):
        yield "the container's number holds letters, digits and hyphens only, 20 at most"
    if read.container in seen:
        yield f"{read.container} stands there twice"
    if read.kind not in KINDS:
        yield f"the kind is good or reject, not “{read.kind[:20]}”"
    elif read.kind == "good" and (read.defect_class or read.severity):
        yield "a good container has no class and no severity"
    elif read.kind == "reject" and not read.defect_class:
        yield "a known reject names its class"
    if read.kind == "reject" and read.severity not in SEVERITIES:
        yield "the severity of a known reject is critical, major or minor"


def read_inspectors(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """Return the inspectors of a table and the faults of its lines. Raises: `TableNotReadable`."""
    found: list[dict[str, str]] = []
    faults: list[str] = []
    for line in read_table(text, headings=INSPECTORS, needed=INSPECTORS):
        row = {"code": line.cells["code"].upper(), "name": line.cells["name"], "qualified": line.cells["qualified"]}
        problems = list(line.faults)
        if not _CODE.match(row["code"]) or row["code"] == MACHINE:
            problems.append("a code is a letter and up to five letters or digits, and M is the machine's")
        if any(other["code"] == row["code"] for other in found):
            problems.append(f"{row['code']} stands there twice")
        if not row["name"] or not _DAY.match(row["qualified"]):
            problems.append("it needs a name and the day of the qualification as YYYY-MM-DD")
        faults += [f"line {line.line}: {problem}" for problem in problems]
        found.append(row)
    return found, faults


def plan_runs(inspectors: Sequence[Mapping[str, str]], *, rounds: int, machine_runs: int) -> tuple[PlannedRun, ...]:
    """Return every run of a study: each inspector's rounds, then the machine's."""
    people = [
        PlannedRun(f"{row['code']}-{number:02}", row["code"], number)
        for row in inspectors
        for number in range(1, rounds + 1)
    ]
    return (
        *people,
        *(PlannedRun(f"{MACHINE}-{n:02}", MACHINE, n, is_machine=True) for n in range(1, machine_runs + 1)),
    )


def tells_labels(containers: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the numbers alone say which containers are rejects: by their letters, or by one block each.

    Serves: EU GMP Annex 1 §8.31 (blind).
    """
    stems: dict[str, set[str]] = {kind: set() for kind in KINDS}
    numbers: dict[str, list[tuple[str, int]]] = {kind: [] for kind in KINDS}
    for row in containers:
        stem = row["container"].rstrip("0123456789")
        digits = row["container"][len(stem) :]
        stems[row["kind"]].add(stem)
        numbers[row["kind"]].append((stem, int(digits or 0)))
    good, reject = numbers["good"], numbers["reject"]
    if not good or not reject:
        return False
    return stems["good"] != stems["reject"] or max(good) < min(reject) or max(reject) < min(good)
