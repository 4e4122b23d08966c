"""Risk has two ordinal steps, and being found easily never makes it worse."""

from __future__ import annotations

import itertools

import pytest

from validation.errors import RiskMatrixIncomplete, RiskMatrixInverted
from validation.risk import USUAL_MATRIX, Level, RiskMatrix, assess_risk, cells_of, matrix_of

H, M, L = Level.HIGH, Level.MEDIUM, Level.LOW


@pytest.mark.parametrize(
    ("severity", "probability", "risk_class"),
    [(H, H, 1), (H, M, 1), (M, H, 1), (H, L, 2), (M, M, 2), (L, H, 2), (M, L, 3), (L, M, 3), (L, L, 3)],
)
def test_severity_and_probability_give_the_class(severity, probability, risk_class):
    assert assess_risk(severity=severity, probability=probability, detectability=L).risk_class == risk_class


@pytest.mark.parametrize(
    ("severity", "probability", "detectability", "priority"),
    [
        (H, H, L, H), (H, H, M, H), (H, H, H, M),
        (M, M, L, H), (M, M, M, M), (M, M, H, L),
        (L, L, L, M), (L, L, M, L), (L, L, H, L),
    ],
)  # fmt: skip
def test_class_and_detectability_give_the_priority(severity, probability, detectability, priority):
    assert assess_risk(severity=severity, probability=probability, detectability=detectability).priority is priority


def test_better_detectability_never_raises_a_priority():
    for severity, probability in itertools.product(Level, Level):
        ranks = [
            assess_risk(severity=severity, probability=probability, detectability=found).priority.rank
            for found in (L, M, H)
        ]
        assert ranks == sorted(ranks, reverse=True)


def test_a_site_may_approve_other_cells_that_keep_the_order():
    stricter = RiskMatrix(
        classes={**USUAL_MATRIX.classes, (M, M): 1}, priorities={**USUAL_MATRIX.priorities, (1, H): H}
    ).check()
    found = assess_risk(severity=M, probability=M, detectability=H, matrix=stricter)
    assert (found.risk_class, found.priority) == (1, H)


def test_a_matrix_that_inverts_detectability_is_refused():
    upside_down = {(number, level): USUAL_MATRIX.priorities[number, flip(level)] for number, level in cells()}
    with pytest.raises(RiskMatrixInverted, match="detectability"):
        RiskMatrix(classes=USUAL_MATRIX.classes, priorities=upside_down).check()


def test_a_matrix_in_which_the_worse_case_is_the_milder_class_is_refused():
    with pytest.raises(RiskMatrixInverted, match="severity"):
        RiskMatrix(classes={**USUAL_MATRIX.classes, (H, H): 3}, priorities=USUAL_MATRIX.priorities).check()


@pytest.mark.parametrize("lost", [(H, H), (L, L)])
def test_a_matrix_with_an_empty_cell_is_refused(lost):
    classes = {cell: number for cell, number in USUAL_MATRIX.classes.items() if cell != lost}
    with pytest.raises(RiskMatrixIncomplete):
        RiskMatrix(classes=classes, priorities=USUAL_MATRIX.priorities).check()


def test_a_class_that_does_not_exist_is_refused():
    with pytest.raises(RiskMatrixIncomplete):
        RiskMatrix(classes={**USUAL_MATRIX.classes, (L, L): 4}, priorities=USUAL_MATRIX.priorities).check()


def test_a_matrix_comes_back_from_its_plain_data():
    assert matrix_of(cells_of(USUAL_MATRIX)) == USUAL_MATRIX


@pytest.mark.parametrize(
    "damage",
    [{"classes": {}}, {"classes": {"high/high": "x"}}, {"priorities": {"1/sometimes": "low"}}],
    ids=["no cells", "no class", "an unknown level"],
)
def test_plain_data_that_is_no_matrix_is_refused(damage):
    with pytest.raises(RiskMatrixIncomplete):
        matrix_of({**cells_of(USUAL_MATRIX), **damage})


def cells():
    return itertools.product((1, 2, 3), Level)


def flip(level):
    return {H: L, M: M, L: H}[level]
