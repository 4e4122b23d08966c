"""What still keeps a system from being reported as validated, each point by name. Pure.

Reads the facts of a report (`validation.assembling`) and nothing else, so that whoever holds
a report's content can find the same points again. Serves: EU GMP Annex 15 §2.8–2.10; Annex 11 §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from validation.item_changes import find_changes, key_of
from validation.traceability import AMENDED, DEVIATION_OPEN, NOT_REVIEWED

REFS_NAMED = 8
SAID_OF_THE_RECORD = frozenset({AMENDED, DEVIATION_OPEN, NOT_REVIEWED})
"""Gaps of a requirement that stand in the list under the record that causes them."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """One thing to be done: its code, its sentence and facts, the record where (kind and number)."""

    code: str
    message: str
    kind: str
    number: str
    facts: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Return the sentence."""
        return self.message.format_map({"number": self.number, **self.facts})


def find_open_points(facts: Facts) -> list[OpenPoint]:
    """Return everything that is still open, in the order in which it is done."""
    return [
        *plan_points(facts),
        *requirement_points(facts),
        *protocol_points(facts),
        *study_points(facts),
        *execution_points(facts),
        *deviation_points(facts),
        *trace_points(facts),
        *item_points(facts),
    ]


def plan_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield what the plan lacks."""
    plan = facts["plan"]
    if not plan:
        system = facts["system"]["number"]
        yield OpenPoint("plan_missing", "{number} has no validation plan.", "validation.system", system, {})
    elif plan["state"] != "approved":
        yield OpenPoint(
            "plan_not_approved", "The plan {number} is not approved.", "validation.validationplan", plan["number"], {}
        )


def requirement_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield what the requirements lack as a whole."""
    found, kind = facts["requirements"], "validation.requirementset"
    if not found:
        system = facts["system"]["number"]
        yield OpenPoint("requirements_missing", "{number} has no requirements.", "validation.system", system, {})
    elif not found["version"]:
        yield OpenPoint("baseline_missing", "{number} has no approved baseline.", kind, found["number"], {})
    elif found["amended"]:
        refs = name_refs(found["amended"])
        message = "{number} is amended since its baseline: {refs}."
        yield OpenPoint("requirements_amended", message, kind, found["number"], {"refs": refs})


def protocol_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield protocols that are not approved, and stages of the plan that no protocol covers; a Knapp study is a PQ."""
    kind = "validation.protocol"
    for row in facts["protocols"]:
        if row["state"] != "approved":
            yield OpenPoint("protocol_not_approved", "The protocol {number} is not approved.", kind, row["number"], {})
    written = {row["stage"] for row in facts["protocols"]} | ({"pq"} if facts["studies"] else set())
    for stage in facts["plan"]["stages"] if facts["plan"] else ():
        if stage not in written:
            message = "The plan {number} asks for {stage}, and there is no protocol of it."
            named = {"stage": stage.upper()}
            yield OpenPoint("stage_missing", message, "validation.validationplan", facts["plan"]["number"], named)


def study_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield Knapp studies that are not reported, and the last reported one if it did not pass."""
    kind = "validation.knappstudy"
    for row in facts["studies"]:
        if row["state"] != "reported":
            yield OpenPoint("study_open", "The Knapp study {number} is not reported.", kind, row["number"], {})
    reported = [row for row in facts["studies"] if row["state"] == "reported"]
    if reported and not reported[-1]["passes"]:
        yield OpenPoint("study_failed", "The Knapp study {number} did not pass.", kind, reported[-1]["number"], {})


def execution_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield runs that are not reviewed."""
    for row in facts["executions"]:
        if row["state"] != "reviewed":
            message = "The execution {number} is not reviewed."
            yield OpenPoint("execution_not_reviewed", message, "validation.execution", row["number"], {})


def deviation_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield deviations that quality has not disposed of."""
    for row in facts["deviations"]:
        if row["state"] != "disposed":
            yield OpenPoint(
                "deviation_open", "The deviation {number} is open.", "validation.deviation", row["number"], {}
            )


def trace_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield the gaps of the trace matrix, each with the requirements that have it."""
    gaps: dict[str, list[str]] = {}
    for row in facts["trace"]:
        named = [gap for gap in row["gaps"] if gap not in SAID_OF_THE_RECORD]
        if not row["gaps"] and not row["is_passed"]:
            named = ["no test passed"]
        for gap in named:
            gaps.setdefault(gap, []).append(row["id"])
    for gap, refs in gaps.items():
        given = {"gap": gap, "refs": name_refs(refs)}
        number = facts["requirements"]["number"] if facts["requirements"] else facts["system"]["number"]
        kind = "validation.requirementset" if facts["requirements"] else "validation.system"
        yield OpenPoint("requirement_gap", "{refs}: {gap}.", kind, number, given)


def item_points(facts: Facts) -> Iterator[OpenPoint]:
    """Yield items that are not what was tested: replaced, ended or altered since, or in no test that counts."""
    in_use = {key_of(item): item for item in facts["items"]}
    tested: set[tuple[str, str]] = set()
    for row in facts["executions"]:
        if not row["counts"]:
            continue
        keys = {key_of(item) for item in row["items"]}
        tested |= keys
        present = [item for key, item in in_use.items() if key in keys]
        for change in find_changes(row["items"], present):
            message = "{change} It was tested in {number}; run that protocol again."
            given = {"change": change.text}
            yield OpenPoint("item_changed", message, "validation.execution", row["number"], given)
    for key, item in in_use.items():
        if key not in tested:
            message = "{name} {version} is in use, and no execution that counts has tested it."
            named = {"name": item["name"], "version": item["version"]}
            yield OpenPoint("item_untested", message, "validation.system", facts["system"]["number"], named)


def name_refs(refs: list[str]) -> str:
    """Return requirement ids in words, the rest as a number."""
    shown = ", ".join(refs[:REFS_NAMED])
    return f"{shown} and {len(refs) - REFS_NAMED} more" if len(refs) > REFS_NAMED else shown
