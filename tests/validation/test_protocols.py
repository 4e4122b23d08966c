"""Protocols: nothing is executed before its approval, and nothing approved that could not be judged."""

from __future__ import annotations

import pytest

from records.errors import RecordNotEditable
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from tests.validation.desk import ENVIRONMENT, STEPS, Desk, baseline_requirements, make_system, sign
from validation.errors_records import (
    AuthorCannotApprove,
    BaselineMissing,
    BaselineSuperseded,
    ProtocolInExecution,
    ProtocolNotApproved,
    StepIncomplete,
    StepsMissing,
    StepUnknown,
    TableNotReadable,
)
from validation.executions import begin_execution
from validation.models import Protocol
from validation.protocols import StepText, add_steps, draft_protocol, edit_protocol, edit_step, read_steps, remove_step
from validation.requirements import RequirementRow, save_rows

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 2.4")]


@pytest.fixture
def draft(desk: Desk) -> Protocol:
    return draft_protocol(
        desk.system, actor=desk.engineer.actor(), title="Second", stage="pq", purpose="Shows it in daily use."
    )


def test_a_protocol_is_executed_only_after_its_approval(desk: Desk, draft: Protocol):
    add_steps(draft, STEPS, actor=desk.engineer.actor())
    with pytest.raises(ProtocolNotApproved):
        begin_execution(draft, actor=desk.engineer.actor(), environment=ENVIRONMENT)
    sign(draft, "approve", desk.engineer)
    with pytest.raises(ProtocolNotApproved):
        begin_execution(draft, actor=desk.engineer.actor(), environment=ENVIRONMENT)
    sign(draft, "approve", desk.qa)
    begun = begin_execution(desk.fresh(draft), actor=desk.engineer.actor(), environment=ENVIRONMENT)
    assert (begun.run, begun.steps) == (1, [1, 2, 3])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (StepText((), "Do it.", "It is done."), "names no requirement"),
        (StepText(("URS-001",), "Do it."), "no expected result"),
        (StepText(("URS-001", "URS-099"), "Do it.", "It is done."), "URS-099 is not in the approved baseline"),
    ],
)
def test_a_step_that_proves_nothing_approved_blocks_the_approval(
    desk: Desk, draft: Protocol, step: StepText, said: str
):
    add_steps(draft, [*STEPS, step], actor=desk.engineer.actor())
    with pytest.raises(StepIncomplete, match=said):
        open_ceremony(draft, "approve", actor=desk.engineer.actor())


def test_a_protocol_without_steps_is_not_approved(desk: Desk, draft: Protocol):
    with pytest.raises(StepsMissing):
        open_ceremony(draft, "approve", actor=desk.engineer.actor())


def test_a_protocol_is_written_against_an_approved_baseline(desk: Desk):
    other = make_system(desk.engineer, owner=desk.qa, title="Bare system")
    with pytest.raises(BaselineMissing):
        draft_protocol(other, actor=desk.engineer.actor(), title="x", stage="iq", purpose="y")
    assert baseline_requirements(other, desk.engineer, desk.qa).baseline is not None
    assert draft_protocol(other, actor=desk.engineer.actor(), title="x", stage="iq", purpose="y").baseline is not None


def test_a_newer_baseline_is_taken_over_before_the_approval(desk: Desk, draft: Protocol):
    add_steps(draft, STEPS, actor=desk.engineer.actor())
    perform_transition(desk.requirements, "amend", actor=desk.engineer.actor(), reason="one more requirement")
    amended = desk.fresh(desk.requirements)
    new = RequirementRow("It counts the vials.")
    save_rows(amended, [new], actor=desk.engineer.actor(), revision=amended.revision)
    sign(amended, "baseline", desk.engineer)
    sign(amended, "baseline", desk.qa)
    with pytest.raises(BaselineSuperseded, match="version 2"):
        open_ceremony(desk.fresh(draft), "approve", actor=desk.engineer.actor())
    edit_protocol(draft, actor=desk.engineer.actor(), title=draft.title, purpose=draft.purpose)
    sign(draft, "approve", desk.engineer)


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
def test_the_author_of_a_protocol_never_signs_for_its_quality(desk: Desk):
    both = desk.crew.add("both", "validation_engineer", "qa_manager")
    draft = draft_protocol(desk.system, actor=both.actor(), title="Mine", stage="oq", purpose="Mine.")
    add_steps(draft, STEPS, actor=both.actor())
    sign(draft, "approve", desk.engineer)
    with pytest.raises(AuthorCannotApprove):
        open_ceremony(desk.fresh(draft), "approve", actor=both.actor())


@pytest.mark.clause("11.10(f)")
def test_an_approved_protocol_is_not_edited(desk: Desk):
    for change in (
        lambda: add_steps(desk.protocol, STEPS, actor=desk.engineer.actor()),
        lambda: edit_step(desk.protocol, 1, STEPS[0], actor=desk.engineer.actor()),
        lambda: remove_step(desk.protocol, 1, actor=desk.engineer.actor()),
        lambda: edit_protocol(desk.protocol, actor=desk.engineer.actor(), title="x", purpose="y"),
    ):
        with pytest.raises(RecordNotEditable):
            change()


def test_a_protocol_is_not_revised_while_it_is_executed(desk: Desk):
    begun = desk.begin()
    with pytest.raises(ProtocolInExecution, match=begun.number):
        perform_transition(desk.protocol, "revise", actor=desk.engineer.actor(), reason="a step is missing")


def test_a_run_keeps_the_wording_it_was_begun_with(desk: Desk):
    execution, _ = desk.failed_run()
    perform_transition(desk.protocol, "revise", actor=desk.engineer.actor(), reason="a step is unclear")
    edit_step(
        desk.protocol, 1, StepText(("URS-001",), "Import two images.", "Both agree."), actor=desk.engineer.actor()
    )
    sign(desk.protocol, "approve", desk.engineer)
    sign(desk.protocol, "approve", desk.qa)
    assert execution.planned_steps()[0]["instruction"] == "Import one image."
    assert desk.begin().planned_steps()[0]["instruction"] == "Import two images."


def test_steps_keep_their_numbers_when_one_is_taken_out(desk: Desk, draft: Protocol):
    add_steps(draft, STEPS, actor=desk.engineer.actor())
    remove_step(draft, 2, actor=desk.engineer.actor())
    add_steps(draft, STEPS[:1], actor=desk.engineer.actor())
    assert [row.position for row in draft.steps.order_by("position")] == [1, 3, 4]
    with pytest.raises(StepUnknown):
        remove_step(draft, 2, actor=desk.engineer.actor())


def test_steps_are_pasted_from_a_table(desk: Desk, draft: Protocol):
    text = "Requirements;Instruction;Expected\nurs-001, URS-002;Open it.;It opens.\n"
    assert read_steps(text) == [StepText(("URS-001", "URS-002"), "Open it.", "It opens.")]
    with pytest.raises(TableNotReadable, match="line 2: it has no instruction"):
        read_steps("Requirements;Instruction;Expected\nURS-001;;x\n")
