"""What became of the requirements since their last approved baseline, requirement by requirement. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from records.versions import read_content
from validation.models import RequirementSet


@dataclass(frozen=True, slots=True)
class Amendment:
    """One requirement that differs from the baseline: what happened, the text before and now."""

    ref: str
    what: str
    before: str
    after: str


def find_amendments(requirement_set: RequirementSet) -> list[Amendment]:
    """Return what differs from the approved baseline; nothing while there is none."""
    if requirement_set.baseline is None:
        return []
    approved = {row["id"]: row for row in read_content(requirement_set.baseline)["requirements"]}
    found = []
    for row in requirement_set.content()["requirements"]:
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
