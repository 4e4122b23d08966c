"""Requirements: automatic ids, risk rated by the approved matrix, a signed baseline, visible amendments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records.errors import ReasonMissing, RecordNotEditable, SigningRequired, StaleRevision
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SeatNeedsRole
from tests.validation.desk import REASON, ROWS, Desk, make_system, sign
from validation.amendments import find_amendments
from validation.errors_records import (
    MatrixNotApproved,
    RequirementsEmpty,
    RequirementsExist,
    RequirementTextMissing,
    RequirementWithdrawn,
    RiskNotWhole,
    TableNotReadable,
)
from validation.matrices import propose_matrix
from validation.models import MatrixVersion, Requirement, RequirementSet, System
from validation.requirements import (
    RequirementRow,
    begin_requirements,
    import_rows,
    read_requirements,
    rows_to_import,
    save_rows,
    withdraw_requirement,
)
from validation.risk import USUAL_MATRIX, Level, RiskMatrix

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 4.4")]

TABLE = "Requirement\tSource\tFailure mode\tSeverity\tProbability\tDetectability\n"


@pytest.fixture
def draft(desk: Desk) -> RequirementSet:
    system = make_system(desk.engineer, owner=desk.qa, title="Another system")
    return begin_requirements(system, actor=desk.engineer.actor())


def save(desk: Desk, requirement_set: RequirementSet, *rows: RequirementRow) -> RequirementSet:
    return save_rows(requirement_set, rows, actor=desk.engineer.actor(), revision=desk.fresh(requirement_set).revision)


def amend(desk: Desk) -> RequirementSet:
    perform_transition(desk.requirements, "amend", actor=desk.engineer.actor(), reason="the camera is replaced")
    return RequirementSet.objects.get(pk=desk.requirements.pk)


def test_ids_are_given_in_order_and_never_again(desk: Desk, draft: RequirementSet):
    save(desk, draft, *ROWS[:2])
    withdraw_requirement(draft.requirements.get(position=2), actor=desk.engineer.actor(), reason="said twice")
    save(desk, draft, ROWS[2])
    assert [str(row) for row in draft.requirements.order_by("position")] == ["URS-001", "URS-002", "URS-003"]


def test_beginning_the_requirements_begins_the_validation(desk: Desk, draft: RequirementSet):
    assert System.objects.get(pk=draft.system_id).state == "in_validation"
    with pytest.raises(RequirementsExist):
        begin_requirements(draft.system, actor=desk.engineer.actor())


@pytest.mark.clause("Annex 11 1")
def test_a_risk_is_rated_by_the_matrix_in_force(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    risk = draft.requirements.get().risks.get()
    assert (risk.risk_class, risk.priority, risk.matrix_id) == (2, "medium", desk.matrix.pk)


@pytest.mark.clause("Annex 11 1")
def test_another_approved_matrix_rates_what_is_saved_from_then_on(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    stricter = RiskMatrix(
        classes=USUAL_MATRIX.classes, priorities={**USUAL_MATRIX.priorities, (2, Level.MEDIUM): Level.HIGH}
    )
    matrix = propose_matrix(stricter, actor=desk.engineer.actor(), title="Stricter", reason=REASON)
    save(desk, draft, ROWS[1])
    sign(matrix, "approve", desk.engineer)
    sign(matrix, "approve", desk.qa)
    save(desk, draft, RequirementRow("Kept twice.", "", "lost", "high", "low", "medium"))
    found = [row.risks.get() for row in draft.requirements.order_by("position")]
    assert [risk.matrix.number for risk in found] == [desk.matrix.number, desk.matrix.number, matrix.number]
    assert [risk.priority for risk in (found[0], found[2])] == ["medium", "high"]


def test_without_an_approved_matrix_no_risk_is_rated(desk: Desk, draft: RequirementSet):
    for matrix in MatrixVersion.objects.filter(state="approved"):
        sign(matrix, "retire", desk.qa, reason="found to be wrong")
    with pytest.raises(MatrixNotApproved):
        save(desk, draft, ROWS[0])
    save(desk, draft, RequirementRow("It is fast."))


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        (RequirementRow("", "Quality"), RequirementTextMissing),
        (RequirementRow("It works.", "", "it fails", "high", "", ""), RiskNotWhole),
    ],
)
def test_a_row_that_says_too_little_saves_nothing(
    desk: Desk, draft: RequirementSet, row: RequirementRow, refusal: type[Exception]
):
    with pytest.raises(refusal):
        save(desk, draft, ROWS[0], row)
    assert not draft.requirements.exists()


def test_a_rated_risk_is_not_taken_away_by_emptying_its_cells(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    with pytest.raises(RiskNotWhole):
        save(desk, draft, RequirementRow(ROWS[0].text, "Process", position=1))


@pytest.mark.clause("11.10(e)")
def test_a_table_that_somebody_else_saved_meanwhile_is_refused(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    with pytest.raises(StaleRevision, match="Vera Lind"):
        save_rows(draft, ROWS[1:], actor=desk.colleague.actor(), revision=1)


def test_saving_an_unchanged_table_writes_no_event(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    before = draft.events.count()
    same = replace(ROWS[0], position=1)
    save(desk, draft, same, RequirementRow(""))
    assert draft.events.count() == before


def test_a_pasted_table_shows_every_fault_before_anything_is_saved(desk: Desk, draft: RequirementSet):
    text = (
        TABLE + "It keeps images\tProcess\tlost\thigh\tlow\tmedium\n\tQuality\t\t\t\t\nFast\t\tslow\tsevere\tlow\tlow\n"
    )
    found = read_requirements(text)
    assert [line.faults for line, _ in found] == [
        (),
        ("it has no requirement",),
        ("severity is “severe”, not low, medium or high",),
    ]
    with pytest.raises(TableNotReadable, match="line 3"):
        rows_to_import(text)
    good = rows_to_import(text.split("\n\t")[0])
    import_rows(draft, good, actor=desk.engineer.actor(), revision=desk.fresh(draft).revision)
    assert draft.requirements.get().risks.get().risk_class == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Text;Source\na;b\n", "“text” is none"),
        ("Requirement;Requirement\na;b\n", "twice"),
        ("Source\nx\n", "“requirement” is missing"),
        ("Requirement\n", "no row"),
        ('Requirement,Source\n"open,x\n', "quotation mark"),
        ("Requirement;Source\nx;y;z\n", "3 cells under 2 headings"),
    ],
)
def test_a_table_that_cannot_be_told_apart_is_refused_in_words(text: str, said: str):
    with pytest.raises(TableNotReadable, match=said):
        rows_to_import(text)


@pytest.mark.clause("11.10(f)", "11.10(g)")
def test_a_baseline_needs_the_engineers_and_then_the_quality_units_signature(desk: Desk, draft: RequirementSet):
    with pytest.raises(RequirementsEmpty):
        open_ceremony(draft, "baseline", actor=desk.engineer.actor())
    save(desk, draft, *ROWS)
    with pytest.raises(SigningRequired):
        perform_transition(draft, "baseline", actor=desk.engineer.actor())
    with pytest.raises(SeatNeedsRole):
        open_ceremony(desk.fresh(draft), "baseline", actor=desk.qa.actor())
    sign(draft, "baseline", desk.engineer)
    assert desk.fresh(draft).state == "draft"
    sign(draft, "baseline", desk.qa)
    found = desk.fresh(draft)
    assert (found.state, found.baseline.number) == ("baselined", 1)


@pytest.mark.clause("11.10(f)")
def test_a_baseline_is_changed_only_after_it_was_opened_with_a_reason(desk: Desk):
    with pytest.raises(RecordNotEditable):
        save(desk, desk.requirements, ROWS[0])
    with pytest.raises(ReasonMissing):
        perform_transition(desk.requirements, "amend", actor=desk.engineer.actor())


def test_amendments_are_told_from_the_baseline(desk: Desk):
    amended = amend(desk)
    assert find_amendments(amended) == []
    save(
        desk,
        amended,
        RequirementRow("Every image is kept for 10 years.", "Process", "image lost", "high", "low", "medium", 1),
        RequirementRow(ROWS[1].text, "Audit", "reject hidden", "high", "medium", "low", position=2),
        RequirementRow("The camera is calibrated."),
    )
    withdraw_requirement(amended.requirements.get(position=3), actor=desk.engineer.actor(), reason="said elsewhere")
    assert [(row.ref, row.what) for row in find_amendments(amended)] == [
        ("URS-001", "changed"),
        ("URS-002", "source or risk changed"),
        ("URS-003", "withdrawn"),
        ("URS-004", "added"),
    ]
    with pytest.raises(RequirementWithdrawn):
        save(desk, amended, RequirementRow("Changed.", position=3))
    sign(amended, "baseline", desk.engineer)
    sign(amended, "baseline", desk.qa)
    found = desk.fresh(amended)
    assert (found.baseline.number, find_amendments(found)) == (2, [])


def test_a_set_opened_by_mistake_is_signed_again_with_the_reason_in_it(desk: Desk):
    amended = amend(desk)
    sign(amended, "baseline", desk.engineer)
    sign(amended, "baseline", desk.qa)
    assert desk.fresh(amended).state == "baselined"
    assert desk.fresh(amended).content()["reopenings"][0]["reason"] == "the camera is replaced"


def test_the_requirements_of_a_system_stay_its_own(desk: Desk, draft: RequirementSet):
    save(desk, draft, ROWS[0])
    assert Requirement.objects.filter(requirement_set=desk.requirements).count() == len(ROWS)
