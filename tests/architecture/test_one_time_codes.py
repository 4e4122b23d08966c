"""One-time codes and passwords are checked in one place only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("records", "signatures", "validation", "qms")
BANNED_CALLS = {
    "verify_token": "django_otp",  # the device's own method takes no lock and accepts a code twice
    "match_token": "",
    "check_password": "",
}


def find_calls(path: Path) -> Iterator[str]:
    """Yield each banned call of a module as file:line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_CALLS:
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else "?"
            if owner != BANNED_CALLS[node.func.attr]:
                yield f"{path}:{node.lineno} {node.func.attr}"


@pytest.mark.assurance("B3")
def test_codes_are_verified_only_through_the_locking_function() -> None:
    modules = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    assert [found for path in modules for found in find_calls(path)] == []


def test_negative_control_a_direct_call_is_found(tmp_path: Path) -> None:
    module = tmp_path / "sly.py"
    module.write_text("import django_otp\ndjango_otp.verify_token(user, pid, code)\ndevice.verify_token(code)\n")
    assert [found.rpartition(":")[2] for found in find_calls(module)] == ["3 verify_token"]
