"""The Part 11 matrix is generated, current, and names no clause that does not exist."""

from tests.architecture.matrix import TARGET, all_marks, write_matrix
from validation.clauses import BY_ID, OTHER_RULES


def test_the_matrix_in_the_documentation_is_the_one_the_tests_make():
    assert TARGET.read_text(encoding="utf-8") == write_matrix(all_marks()), "run `make matrix`"


def test_every_clause_that_a_test_carries_exists():
    unknown = {
        (mark.id, mark.test) for mark in all_marks() if mark.kind == "clause" and mark.id not in BY_ID | OTHER_RULES
    }
    assert not unknown
