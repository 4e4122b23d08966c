"""Build the Part 11 matrix from the clause data and the markers that the tests carry.

``python -m tests.architecture.matrix`` writes ``docs/part11-matrix.md``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from validation.clauses import CLAUSES, EDITION

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "part11-matrix.md"


@dataclass(frozen=True, order=True)
class Mark:
    """One marker: its kind (clause or assurance), its id and the test that carries it."""

    kind: str
    id: str
    test: str


def markers_of(node: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of each ``pytest.mark.clause("…")`` inside an expression."""
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in ("clause", "assurance")
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


if __name__ == "__main__":
    TARGET.write_text(write_matrix(all_marks()), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
