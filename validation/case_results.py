"""Test cases of an automated run, read from JUnit XML or JSON, and which steps of a protocol they answer. Pure.

A case names what it proves: `step-3` or `URS-001` in its name, its class or a property.
Nothing is guessed: a step passes only where each of its requirements was tested and no
case of it failed or was skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from records.uploads.markup import walk_xml
from validation.errors_automation import ResultFileUnreadable

FORMAT: Final = "countersign-results-1"
MAX_CASES: Final = 5_000
MAX_MESSAGE: Final = 500
MAX_ACTUAL: Final = 4_000

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
VERDICTS = (PASSED, FAILED, SKIPPED)
#: What a JUnit case holds where it did not simply pass; a case that failed first and passed when repeated failed.
_FAULTS: Final = {"failure", "error", "rerunFailure", "rerunError", "flakyFailure", "flakyError"}
_STEP: Final = re.compile(r"(?<![A-Za-z0-9])step[-_ ]?(\d{1,6})(?![A-Za-z0-9])", re.IGNORECASE)
_REQUIREMENT: Final = re.compile(r"(?<![A-Za-z0-9])URS[-_ ]?(\d{3,6})(?![A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: its name, ``passed``, ``failed`` or ``skipped``, what the tool said, what it names."""

    name: str
    verdict: str
    message: str = ""
    steps: frozenset[int] = frozenset()
    requirements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What the cases say about a step: ``result`` is ``pass`` or ``fail``, or nothing and ``why`` says why not."""

    step: int
    cases: tuple[Case, ...]
    result: str = ""
    why: str = ""


@dataclass(slots=True)
class _Draft:
    """A case while its file is read."""

    name: str
    marks: list[str] = field(default_factory=list)
    verdict: str = PASSED
    message: str = ""

    def case(self) -> Case:
        """Return the case as it was read."""
        text = " ".join(self.marks)
        return Case(
            self.name[:300],
            self.verdict,
            self.message.strip()[:MAX_MESSAGE],
            frozenset(int(found) for found in _STEP.findall(text)),
            frozenset(f"URS-{int(found):03d}" for found in _REQUIREMENT.findall(text)),
        )


def read_junit(content: bytes, *, name: str) -> list[Case]:
    """Return the cases of a JUnit report. Raises: `ResultFileUnreadable`, the refusals of `walk_xml`."""
    reader = _JUnitReader(name)
    walk_xml(content, name=name, start=reader.start, end=reader.end, text=reader.text)
    return check_cases(reader.cases, name=name)


class _JUnitReader:
    """Gathers the cases of a report while it is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path: list[str] = []
        self.cases: list[Case] = []
        self.draft: _Draft | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        if not self.path and tag not in ("testsuites", "testsuite"):
            raise ResultFileUnreadable(name=self.name, why=f"its first element is “{tag[:40]}”, not testsuites")
        self.path.append(tag)
        if tag == "testcase":
            parts = [attributes.get("classname", ""), attributes.get("name", "")]
            self.draft = _Draft(".".join(part for part in parts if part) or "a case without a name", list(parts))
        elif self.draft is not None:
            self.enter(self.draft, tag, attributes)

    def enter(self, draft: _Draft, tag: str, attributes: Mapping[str, str]) -> None:
        """Take what stands inside a case."""
        if tag in _FAULTS:
            draft.verdict = FAILED
            draft.message = draft.message or attributes.get("message", "")
        elif tag == "skipped" and draft.verdict == PASSED:
            draft.verdict = SKIPPED
            draft.message = attributes.get("message", "")
        elif tag == "property":
            draft.marks += [attributes.get("name", ""), attributes.get("value", "")]

    def end(self, tag: str) -> None:
        """Close an element."""
        self.path.pop()
        if tag == "testcase" and self.draft is not None:
            self.cases.append(self.draft.case())
            self.draft = None

    def text(self, found: str) -> None:
        """Take the text of a fault without message, or of a property."""
        if self.draft is None or not self.path:
            return
        if self.path[-1] in _FAULTS and len(self.draft.message) < MAX_MESSAGE:
            self.draft.message += found
        elif self.path[-1] == "property":
            self.draft.marks.append(found)


def read_json(content: bytes, *, name: str) -> list[Case]:
    """Return the cases of a JSON file of our own form. Raises: `ResultFileUnreadable` naming the first fault."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ResultFileUnreadable(name=name, why="it is not valid JSON") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("results"), list):
        raise ResultFileUnreadable(name=name, why=f"it needs “format”: “{FORMAT}” and a list “results”")
    return check_cases(
        [read_entry(row, number, name=name) for number, row in enumerate(found["results"], 1)], name=name
    )


def read_entry(row: Any, number: int, *, name: str) -> Case:
    """Return one entry of a JSON file. Raises: `ResultFileUnreadable`."""
    faults = "" if isinstance(row, dict) else "is no object"
    if not faults:
        title, proves, message = row.get("name"), row.get("proves", []), row.get("message", "")
        if not isinstance(title, str) or not title.strip():
            faults = "has no name"
        elif row.get("result") not in VERDICTS:
            faults = f"has a result other than {', '.join(VERDICTS)}"
        elif not isinstance(proves, list) or not all(isinstance(mark, str) for mark in proves):
            faults = "has something other than a list of texts in “proves”"
        elif not isinstance(message, str):
            faults = "has a message that is no text"
    if faults:
        raise ResultFileUnreadable(name=name, why=f"result {number} {faults}")
    return _Draft(title.strip(), [title, *proves], row["result"], message).case()


def check_cases(cases: list[Case], *, name: str) -> list[Case]:
    """Refuse a file without cases or with too many. Raises: `ResultFileUnreadable`."""
    if not cases:
        raise ResultFileUnreadable(name=name, why="it holds no test case")
    if len(cases) > MAX_CASES:
        raise ResultFileUnreadable(name=name, why=f"it holds {len(cases)} test cases; {MAX_CASES} are allowed")
    return cases


def match_cases(cases: Iterable[Case], plans: Sequence[Mapping[str, Any]]) -> tuple[list[StepOutcome], list[Case]]:
    """Return what each named step's cases say, in the order of the steps, and the cases that name no step of the run.

    ``plans`` are the steps of the run with their requirements. A step named outright is
    meant alone; else every step of a named requirement is.
    """
    known = {int(plan["step"]): frozenset(plan["requirements"]) for plan in plans}
    found: dict[int, list[Case]] = {}
    loose = []
    for case in cases:
        steps = case.steps & set(known) if case.steps else {n for n, refs in known.items() if refs & case.requirements}
        for step in steps:
            found.setdefault(step, []).append(case)
        if not steps:
            loose.append(case)
    return [judge_step(step, found[step], known[step]) for step in known if step in found], loose


def judge_step(step: int, cases: Sequence[Case], requirements: frozenset[str]) -> StepOutcome:
    """Return what the cases of a step say: a failure counts, a pass needs all of them and every requirement."""
    kept = tuple(cases)
    if any(case.verdict == FAILED for case in kept):
        return StepOutcome(step, kept, "fail")
    if skipped := [case.name for case in kept if case.verdict == SKIPPED]:
        return StepOutcome(step, kept, why=f"skipped: {', '.join(skipped)}")
    tested = frozenset().union(*(case.requirements for case in kept))
    if not any(step in case.steps for case in kept) and (untested := sorted(requirements - tested)):
        return StepOutcome(step, kept, why=f"no test case names {', '.join(untested)}")
    return StepOutcome(step, kept, "pass")


def describe_outcome(outcome: StepOutcome, *, file: str, sha256: str, key: str = "") -> str:
    """Return what the run saw, as the step's actual result keeps it. At most 4000 characters.

    ``key`` names the key with which a tool delivered the file itself.
    """
    passed = sum(case.verdict == PASSED for case in outcome.cases)
    by = f", delivered with the key “{key}”" if key else ""
    head = f"Automated: {passed} of {len(outcome.cases)} test cases passed, read from {file} (SHA-256 {sha256}){by}."
    return "\n".join(clip([head, *tell_cases(outcome.cases)]))


def tell_cases(cases: Iterable[Case]) -> Iterator[str]:
    """Yield a line per case, what did not pass first."""
    for case in sorted(cases, key=lambda row: (row.verdict == PASSED, row.name)):
        yield f"{case.verdict}: {case.name}" + (f": {case.message}" if case.message else "")


def clip(lines: Sequence[str]) -> list[str]:
    """Return as many lines as fit, with how many do not; the file has them all."""
    kept: list[str] = []
    used = 0
    for number, line in enumerate(lines):
        used += len(line) + 1
        if used > MAX_ACTUAL - 60:
            return [*kept, f"and {len(lines) - number} more in the file"]
        kept.append(line)
    return kept
