"""Build the Part 11 matrix and the pipeline's requirements from data and the markers that the tests carry.

``python -m tests.architecture.matrix`` writes ``docs/part11-matrix.md`` and ``docs/validation/requirements.md``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from examples.validation.pipeline import REQUIREMENTS
from validation.clauses import CLAUSES, EDITION, PART11
from validation.risk import USUAL_MATRIX, Level

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "part11-matrix.md"
REQUIREMENTS_TARGET = ROOT / "docs" / "validation" / "requirements.md"
KINDS = ("clause", "assurance", "requirement")


@dataclass(frozen=True, order=True)
class Mark:
    """One marker: its kind, one of `KINDS`, its id and the test that carries it."""

    kind: str
    id: str
    test: str


def markers_of(node: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of each ``pytest.mark.clause("…")`` inside an expression."""
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in KINDS
            and isinstance(call.func.value, ast.Attribute)
            and call.func.value.attr == "mark"
        ):
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield call.func.attr, argument.value


def read_marks(path: Path) -> Iterator[Mark]:
    """Yield the markers of one test file, those of the module for each of its tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = [
        mark
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in statement.targets)
        for mark in markers_of(statement.value)
    ]
    where = path.relative_to(ROOT).as_posix()
    for statement in ast.walk(tree):
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_"):
            own = [mark for decorator in statement.decorator_list for mark in markers_of(decorator)]
            for kind, identifier in {*module, *own}:
                yield Mark(kind, identifier, f"{where}::{statement.name}")


def all_marks() -> list[Mark]:
    """Return every marker of every test, sorted."""
    return sorted({mark for path in (ROOT / "tests").rglob("test_*.py") for mark in read_marks(path)})


def write_matrix(marks: list[Mark]) -> str:
    """Return the matrix as Markdown: clause, demand, behaviour, tests, state."""
    tests: dict[str, list[str]] = {}
    for mark in marks:
        if mark.kind == "clause":
            tests.setdefault(mark.id, []).append(mark.test)
    lines = [
        "# Part 11 matrix",
        "",
        f"Generated from `validation/clauses.py` and the markers of the tests (`make matrix`). Edition: {EDITION}.",
        "Countersign is Part 11 *capable*; the last column names what only a customer's procedures can do.",
        f"{PART11.context[0].id} to {PART11.context[-1].id} ask nothing of a system: scope, use, definitions.",
        "",
        "| Clause | Asks | What the product does | Tests | State | The customer's part |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for clause in CLAUSES:
        number = len(tests.get(clause.id, []))
        state = "tested" if number else "procedural or later release"
        lines.append(f"| {clause.id} | {clause.asks} | {clause.behaviour} | {number} | {state} | {clause.procedure} |")
    lines += ["", "## The tests of each clause", ""]
    for clause in CLAUSES:
        if clause.id in tests:
            lines += [f"### {clause.id}", "", *(f"- `{test}`" for test in tests[clause.id]), ""]
    return "\n".join(lines).rstrip() + "\n"


def write_requirements(marks: list[Mark]) -> str:
    """Return the requirements of the shipped pipeline as Markdown: text, source, risk by the usual matrix, tests."""
    lines = [
        "# Requirements of the shipped vial pipeline, and their risks",
        "",
        "Generated from `examples/validation/pipeline.py` and the markers of the tests (`make matrix`).",
        "`make oq-results` runs these tests and keeps their report, which the demonstration's OQ takes as evidence.",
        "A site writes its own requirements; these show the form, and what the product's own tests can prove of them.",
        "",
        "| Id | Requirement | Source | Failure mode | S / P / D | Class | Priority | Tests |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    tests: dict[str, list[str]] = {}
    for mark in marks:
        if mark.kind == "requirement":
            tests.setdefault(mark.id, []).append(mark.test)
    for number, (text, source, failure, *levels) in enumerate(REQUIREMENTS, 1):
        severity, probability, detectability = (Level(level) for level in levels)
        risk = USUAL_MATRIX.classes[severity, probability]
        priority, identifier = USUAL_MATRIX.priorities[risk, detectability], f"URS-{number:03d}"
        proof = len(tests.get(identifier, [])) or "by the PQ"
        rated = f"{severity} / {probability} / {detectability}"
        lines.append(f"| {identifier} | {text} | {source} | {failure} | {rated} | {risk} | {priority} | {proof} |")
    lines += ["", "## The tests of each requirement", ""]
    for identifier, named in sorted(tests.items()):
        lines += [f"### {identifier}", "", *(f"- `{test}`" for test in named), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    for target, write in ((TARGET, write_matrix), (REQUIREMENTS_TARGET, write_requirements)):
        target.parent.mkdir(exist_ok=True)
        target.write_text(write(all_marks()), encoding="utf-8")
        sys.stdout.write(f"{target.relative_to(ROOT)} written\n")
