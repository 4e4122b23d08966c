"""A frozen batch content read back into what a page or a PDF prints: counts, overrides, classes.

Pure: everything comes from the content itself, nothing from the database, so a rendition
made years later says what was signed. Serves: 21 CFR 11.10(b), 11.50(b).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qms.batches.reason_codes import write_reason
from qms.batches.tallies import SEVERITIES, percent
from qms.batches.verdicts import GOOD, REJECT, STATEMENTS
from validation.sampling import draw_sample

Content = Mapping[str, Any]
WORDS = {"good": "Good", "reject": "Reject", "undecided": "Undecided", None: "No result", "": "Open"}


@dataclass(frozen=True, slots=True)
class PrintedOverride:
    """One override as the PDF prints it; ``picture`` is a data address, empty where there is none."""

    unit: str
    sha256: str
    region: Mapping[str, str] | None
    was: str
    verdict: str
    defect: str
    reason: str
    by: str
    at: str
    verified_by: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts and lists of a content."""

    inspected: int
    accepted: int
    rejected: int
    open: int
    yield_percent: str
    classes: Sequence[tuple[str, str, int, str]]
    confusion: Sequence[tuple[str, int, int, int]]
    overrides: Sequence[PrintedOverride]
    people: Sequence[tuple[str, int]]
    random_check: Sequence[str]


def summarise_content(content: Content) -> Summary:
    """Return what a batch's content says in counts and lists."""
    units = content["units"]
    found = {row["unit"]: row["defect"] for row in (content["aql"] or {}).get("findings", ())}
    verdicts = {unit["unit"]: REJECT if unit["unit"] in found else unit["verdict"] for unit in units}
    counts = Counter(verdicts.values())
    return Summary(
        inspected=len(units),
        accepted=counts[GOOD],
        rejected=counts[REJECT],
        open=counts[""],
        yield_percent=f"{percent(counts[GOOD], len(units))} %",
        classes=count_classes(content, found),
        confusion=confuse_content(units),
        overrides=[row for unit in units if (row := read_override(content, unit)) is not None],
        people=count_people(units),
        random_check=redraw_random_check(content),
    )


def count_classes(content: Content, found: Mapping[str, str]) -> list[tuple[str, str, int, str]]:
    """Return name, severity, count and share of each class of rejects, worst first."""
    codes = Counter(
        found.get(unit["unit"]) or defect_of(unit)
        for unit in content["units"]
        if unit["unit"] in found or unit["verdict"] == REJECT
    )
    whole = len(content["units"])
    rows = [(*name_class(content, code), number, f"{percent(number, whole)} %") for code, number in codes.items()]
    return sorted(rows, key=lambda row: (SEVERITIES.index(row[1]) if row[1] in SEVERITIES else 9, -row[2], row[0]))


def defect_of(unit: Mapping[str, Any]) -> str:
    """Return the class that a rejected unit counts under: the last one that a person named, else the model's."""
    named = [row["defect"] for row in standing_statements(unit) if row["verdict"] == REJECT and row["defect"]]
    return str(named[-1] if named else unit["defect"] or "")


def standing_statements(unit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the statements that stand, oldest first: what was taken back or refused is gone.

    The rules answer only what stands on top, so the order alone says what an answer means.
    """
    stack: list[Mapping[str, Any]] = []
    for row in unit["decisions"]:
        if row["kind"] in STATEMENTS:
            stack.append({**row, "verified_by": ""})
        elif row["kind"] in ("undo", "refusal") and stack:
            stack.pop()
        elif row["kind"] == "verification" and stack:
            stack[-1] = {**stack[-1], "verified_by": row["by"]}
    return stack


def name_class(content: Content, code: str) -> tuple[str, str]:
    """Return a defect class's name and severity as the recipe holds them; the code where it does not."""
    row = ((content["recipe"] or {}).get("defect_library") or {}).get(code)
    return (row["name"], row["severity"]) if row else (code or "not named", "")


def confuse_content(units: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, int]]:
    """Return, for each outcome of the model, how many units count as good, as reject, and are open."""
    cells = Counter((unit["outcome"], unit["verdict"]) for unit in units)
    rows = [
        (word, cells[outcome, GOOD], cells[outcome, REJECT], cells[outcome, ""])
        for outcome, word in WORDS.items()
        if outcome != ""
    ]
    return [row for row in rows if any(row[1:])]


def read_override(content: Content, unit: Mapping[str, Any]) -> PrintedOverride | None:
    """Return the override that stands on a unit, or None."""
    stack = standing_statements(unit)
    if not stack or (stack[-1]["kind"] != "override" and not stack[-1]["verified_by"]):
        return None
    top = stack[-1]
    return PrintedOverride(
        unit=unit["unit"],
        sha256=unit["sha256"],
        region=unit["region"],
        was=WORDS[unit["outcome"]].lower(),
        verdict=top["verdict"],
        defect=name_class(content, top["defect"])[0] if top["defect"] else "",
        reason=write_reason(top["reason_code"], top["reason"]),
        by=top["by"],
        at=top["at"],
        verified_by=top["verified_by"],
    )


def count_people(units: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return who decided how many units, by what stands, most first."""
    counted = Counter(stack[-1]["by"] for unit in units if (stack := standing_statements(unit)))
    return counted.most_common()


def redraw_random_check(content: Content) -> list[str]:
    """Return the random check, drawn again from the seed in the content."""
    if not content["random_check_seed"]:
        return []
    accepted = [unit["unit"] for unit in content["units"] if unit["outcome"] == GOOD]
    size = min(int((content["recipe"] or {}).get("random_check_size", 0)), len(accepted))
    return sorted(draw_sample(accepted, n=size, seed=content["random_check_seed"]))
