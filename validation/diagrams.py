"""Data-flow diagrams as plain values: stages, the flows between them, and what a diagram lacks. Pure.

Serves: EU GMP Annex 11 §4.3 (data flows, interfaces and security of critical systems).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

CREATE, PROCESS, STORE, INTERFACE = "create", "process", "store", "interface"
KINDS: Final = {
    CREATE: "Create",
    PROCESS: "Process",
    STORE: "Store",
    INTERFACE: "Interface",
}
AUDIT_TRAIL, INTEGRITY_CHECK = "audit_trail", "integrity_check"
CONTROLS: Final = {
    "access_control": "access control",
    AUDIT_TRAIL: "audit trail",
    INTEGRITY_CHECK: "integrity check",
    "encryption": "encryption",
    "time_stamp": "time stamp",
    "signature": "electronic signature",
    "second_person": "second person",
    "reconciliation": "reconciliation",
    "backup": "backup",
    "archive": "write-once archive",
}
"""What protects data at a stage or on a flow, in the order in which it is told."""

FLOW_CONTROLS: Final = (INTEGRITY_CHECK, "encryption", "access_control", "time_stamp", "reconciliation")
"""Those that can sit on a flow."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where data come into being, change, lie, or leave the system. ``id`` is its name on the diagram: ``S3``."""

    id: str
    name: str
    kind: str
    records: str = ""
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A flow of data from one stage to another, by their ids."""

    id: str
    source: str
    target: str
    data: str = ""
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """Stages and flows, in the order of their ids."""

    stages: tuple[Stage, ...] = ()
    links: tuple[Link, ...] = ()


def read_diagram(content: Mapping[str, Any]) -> Diagram:
    """Return the diagram that a record's content holds."""
    return Diagram(
        tuple(
            Stage(row["id"], row["name"], row["kind"], row["records"], tuple(row["controls"]))
            for row in content["stages"]
        ),
        tuple(Link(row["id"], row["from"], row["to"], row["data"], tuple(row["controls"])) for row in content["flows"]),
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a diagram lacks: a sentence with places, and what stands in them."""

    message: str
    facts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """Return the sentence; the same words are the same finding."""
        return self.tell(str)

    def tell(self, say: Callable[[str], str]) -> str:
        """Return the sentence in the words that ``say`` gives it, its facts put in as they are."""
        return say(self.message).format_map(dict(self.facts))


NO_TRAIL: Final = "{stage} stores data without an audit trail."
NO_CHECK: Final = "{flow}, from {source} to {target}, has no integrity check."
NO_FLOW: Final = "{stage} has no flow."
NOT_DRAWN: Final = "The interface {name} of the inventory is not drawn."


def find_findings(diagram: Diagram, *, interfaces: Iterable[str] = ()) -> list[Finding]:
    """Return what a diagram lacks. ``interfaces`` are the outside systems that the inventory knows."""
    names = {row.id: f"{row.id} {row.name}" for row in diagram.stages}
    ends = {end for row in diagram.links for end in (row.source, row.target)}
    drawn = {fold(row.name) for row in diagram.stages if row.kind == INTERFACE}
    return [
        *(
            Finding(NO_TRAIL, (("stage", names[row.id]),))
            for row in diagram.stages
            if row.kind == STORE and AUDIT_TRAIL not in row.controls
        ),
        *(
            Finding(NO_CHECK, (("flow", row.id), ("source", names[row.source]), ("target", names[row.target])))
            for row in diagram.links
            if INTEGRITY_CHECK not in row.controls
        ),
        *(Finding(NO_FLOW, (("stage", names[row.id]),)) for row in diagram.stages if row.id not in ends),
        *(Finding(NOT_DRAWN, (("name", name),)) for name in dict.fromkeys(interfaces) if fold(name) not in drawn),
    ]


def fold(name: str) -> str:
    """Return a name as it is compared."""
    return " ".join(name.split()).casefold()


def words_of(controls: Iterable[str]) -> list[str]:
    """Return controls in words, in their usual order."""
    found = set(controls)
    return [word for name, word in CONTROLS.items() if name in found]
