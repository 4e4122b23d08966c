"""Nothing grows past what a reader takes in at once; the limits are in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parent.parent.parent
FLOORS = ("records", "signatures", "validation", "qms")
MODULE_LINES = 400
# An inspector carries it alone: it has to be one file, and reads nothing of ours.
STANDALONE_LINES = {"signatures/capsules/verify.py": 1000}
SETTINGS_LINES = 250
FUNCTION_LINES = 40
VIEW_LINES = 25
TEMPLATE_LINES = 120


def list_modules() -> Iterator[Path]:
    """Yield the modules of the product, without what Django generates."""
    for floor in FLOORS:
        for path in sorted((BASE_DIR / floor).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def count_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def count_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines from its head to its end, its docstring left out."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def find_long_functions(path: Path, limit: int) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(BASE_DIR)}:{node.lineno} {node.name} ({count_body(node)})"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and count_body(node) > limit
    ]


def test_modules_fit_their_budget():
    counts = {path.relative_to(BASE_DIR).as_posix(): count_lines(path) for path in list_modules()}
    assert {path: count for path, count in counts.items() if count > STANDALONE_LINES.get(path, MODULE_LINES)} == {}
    assert STANDALONE_LINES.keys() <= counts.keys()


def test_the_settings_fit_their_budget():
    assert count_lines(BASE_DIR / "qms" / "settings.py") <= SETTINGS_LINES


def test_functions_fit_their_budget():
    assert [found for path in list_modules() for found in find_long_functions(path, FUNCTION_LINES)] == []


def test_views_fit_their_budget():
    views = [path for path in list_modules() if path.name == "views.py" or path.parent.name == "views"]
    assert [found for path in views for found in find_long_functions(path, VIEW_LINES)] == []


def test_templates_fit_their_budget():
    templates = sorted((BASE_DIR / "templates").rglob("*.html"))
    assert [f"{path} ({count_lines(path)})" for path in templates if count_lines(path) > TEMPLATE_LINES] == []


def test_a_function_over_its_budget_is_found(tmp_path: Path):
    body = "\n".join(f"    x = {number}" for number in range(FUNCTION_LINES))
    module = tmp_path / "module.py"
    module.write_text(f'def fits():\n    """A docstring\n\n    of some lines."""\n{body[: body.rindex(chr(10))]}\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.architecture.test_budgets.BASE_DIR", tmp_path)
        assert find_long_functions(module, FUNCTION_LINES) == []
        module.write_text(f"def grows():\n{body}\n")
        assert find_long_functions(module, FUNCTION_LINES) == [f"module.py:1 grows ({FUNCTION_LINES + 1})"]
