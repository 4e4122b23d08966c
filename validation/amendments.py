"""The requirements of a system, and what became of each since their last approved baseline. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from records.versions import read_content
from validation.models import Requirement, RequirementSet, System


@dataclass(frozen=True, slots=True)
class Amendment:
    """One requirement that differs from the baseline: what happened, the text before and now."""

    ref: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RequirementReading:
    """The requirements of a system as one reading found them, withdrawn ones too; ``record`` is None before any."""

    record: RequirementSet | None
    rows: Sequence[Requirement] = ()
    amendments: Sequence[Amendment] = ()


def read_requirements(system: System) -> RequirementReading:
    """Read the requirements of a system once, for everything that a matrix or a report says of them."""
    record = system.requirement_sets.select_related("baseline").first()
    if record is None:
        return RequirementReading(None)
    rows = record.list_requirements()
    return RequirementReading(record, rows, compare_rows(record, rows))


def find_amendments(requirement_set: RequirementSet) -> list[Amendment]:
    """Return what differs from the approved baseline; nothing while there is none."""
    return compare_rows(requirement_set, requirement_set.list_requirements() if requirement_set.baseline else ())


def compare_rows(requirement_set: RequirementSet, rows: Sequence[Requirement]) -> list[Amendment]:
    """Return what of these rows of a set differs from its approved baseline; nothing while there is none."""
    if requirement_set.baseline is None:
        return []
    approved = {row["id"]: row for row in read_content(requirement_set.baseline)["requirements"]}
    found = []
    for row in (one.content() for one in rows):
        earlier = approved.get(row["id"])
        if earlier is None:
            found.append(Amendment(row["id"], "added", "", row["text"]))
        elif row["withdrawn"] and not earlier["withdrawn"]:
            found.append(Amendment(row["id"], "withdrawn", earlier["text"], row["text"]))
        elif row["text"] != earlier["text"]:
            found.append(Amendment(row["id"], "changed", earlier["text"], row["text"]))
        elif row != earlier:
            found.append(Amendment(row["id"], "source or risk changed", earlier["text"], row["text"]))
    return found
