"""The Part 11 matrix and the requirements are generated, current, and name nothing that does not exist."""

from examples.validation.pipeline import REQUIREMENTS
from tests.architecture.matrix import REQUIREMENTS_TARGET, TARGET, all_marks, write_matrix, write_requirements
from validation.clauses import BY_ID, OTHER_RULES

PROVEN_BY_PQ = {"URS-007"}


def test_the_matrix_in_the_documentation_is_the_one_the_tests_make():
    assert TARGET.read_text(encoding="utf-8") == write_matrix(all_marks()), "run `make matrix`"


def test_the_requirements_in_the_documentation_are_those_the_tests_carry():
    assert REQUIREMENTS_TARGET.read_text(encoding="utf-8") == write_requirements(all_marks()), "run `make matrix`"


def test_every_clause_that_a_test_carries_exists():
    unknown = {
        (mark.id, mark.test) for mark in all_marks() if mark.kind == "clause" and mark.id not in BY_ID | OTHER_RULES
    }
    assert not unknown


def test_every_requirement_has_its_tests_and_no_test_carries_another():
    written = {f"URS-{number:03d}" for number in range(1, len(REQUIREMENTS) + 1)}
    assert {mark.id for mark in all_marks() if mark.kind == "requirement"} == written - PROVEN_BY_PQ
