"""Every registered act is written by a rule: a sentence that no event can ever have promises what is not kept."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from records.acts import all_acts
from tests.architecture.test_budgets import FLOORS

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [pytest.mark.clause("11.10(e)"), pytest.mark.assurance("C6")]


def words_of_rules() -> set[str]:
    """Return every text in the product's code outside the lists of acts."""
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if not path.stem.startswith("acts")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_each_act_of_the_product_is_written_by_a_rule():
    of_tests = "papers."
    ours = {act.name for act in all_acts() if not act.name.startswith(of_tests)}
    assert len(ours) > 200
    assert ours - words_of_rules() == set()
