"""The states of every record of validation, one table per kind."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from typing import Any

from records.models import ControlledRecord
from records.workflow import Move, State, Transition, Workflow, perform_transition, register_workflow
from signatures.routes import Route, Seat
from validation.comment_threads import comments_are_settled
from validation.document_readiness import (
    OWNER_SEAT,
    owner_signs_second,
    plan_is_whole,
    report_is_whole,
    report_shows_system,
)
from validation.models import RequirementSet, SummaryReport, ValidationPlan
from validation.readiness import (
    as_kind,
    author_signs_first,
    deviation_is_investigated,
    execution_is_complete,
    holder_acts,
    nothing_runs,
    protocol_is_whole,
    requirements_are_whole,
    reviewer_did_not_execute,
)

ENGINEERS = ("validation_engineer",)
QA = ("qa_manager",)
REVIEWERS = ("reviewer", "qa_manager", "validation_engineer")
OWNERS = ("qa_manager", "reviewer", "data_scientist", "validation_engineer")
"""Roles in which the owner of a process or system may sign; administrators hold none and sign nothing."""


def approval_route(name: str) -> Route:
    """Return the route of a document: its engineer for authorship, then quality for approval."""
    return Route(
        name=name,
        seats=(
            Seat("author", ENGINEERS, "authorship", "Validation engineer"),
            Seat("quality", QA, "approval", "QA manager"),
        ),
        author_excluded=False,  # the author signs for authorship; the guard keeps them from the second seat
    )


def retirement_route(name: str) -> Route:
    """Return the route by which quality takes a record out of use; it waits for nobody."""
    seats = (Seat("quality", QA, "responsibility", "QA manager"),)
    return Route(name=name, seats=seats, reason_required=True, on_demand=True)


EXECUTION_ROUTE = Route(
    name="execution",
    seats=(Seat("executor", ENGINEERS, "execution", "Executor"),),
    author_excluded=False,
)
REVIEW_ROUTE = Route(
    name="execution review",
    seats=(Seat("reviewer", REVIEWERS, "review", "Reviewer"),),
    decline_meaning="disagreement",
    decline_target="running",
    apart_from=("finish",),
)
DISPOSITION_ROUTE = Route(
    name="deviation disposition",
    seats=(Seat("quality", QA, "approval", "QA manager"),),
    reason_required=True,
)


REPORT_ROUTE = Route(
    name="validation report",
    seats=(
        Seat("author", ENGINEERS, "authorship", "Validation engineer"),
        Seat(OWNER_SEAT, OWNERS, "responsibility", "Process or system owner"),
        Seat("quality", QA, "approval", "QA manager"),
    ),
    author_excluded=False,
)


def keep_baseline(record: ControlledRecord, move: Move) -> None:
    """Remember the version that the signatures made the baseline. Writes: validation_requirementset."""
    requirement_set = as_kind(record, RequirementSet)
    requirement_set.baseline_id = move.authorisation.version_id if move.authorisation else None
    requirement_set.save(update_fields=["baseline"])


def note_reopening(record: ControlledRecord, move: Move) -> None:
    """Keep why a record was opened again in its content, so that what is signed next is new. Writes: the record."""
    found: Any = record.concrete()
    found.reopenings = [*found.reopenings, {"by": move.actor.printed_name, "reason": move.reason}]
    found.save(update_fields=["reopenings"])


def begin_validation(record: ControlledRecord, move: Move) -> None:
    """Let an approved plan begin the validation of its system. Writes: the system, `validation.system.begun`."""
    system = as_kind(record, ValidationPlan).system
    if system is not None and system.state == "registered":
        perform_transition(system, "begin", actor=move.actor, details={"plan": record.number})


def conclude_validation(record: ControlledRecord, move: Move) -> None:
    """Let an approved report call its system validated. Writes: the system, `validation.system.validated`."""
    system = as_kind(record, SummaryReport).system
    perform_transition(system, "validate", actor=move.actor, details={"report": record.number})


# fmt: off
SYSTEM_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.system",
        initial="registered",
        states=(
            State("registered", "Not validated", "draft"),
            State("in_validation", "In validation", "in_review"),
            State("validated", "Validated", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("registered", "in_validation", "validated"),
        transitions=(
            Transition("begin", "Begin validation", ("registered",), "in_validation", (*ENGINEERS, *QA), "validation.system.begun"),
            Transition("validate", "Call validated", ("registered", "in_validation", "validated"), "validated", QA, "validation.system.validated", guards=(report_shows_system,)),
            Transition("retire", "Retire", ("registered", "in_validation", "validated"), "retired", QA, "validation.system.retired", route=retirement_route("system retirement")),
        ),
    )
)
MATRIX_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.matrixversion",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        transitions=(
            Transition("approve", "Sign the matrix", ("draft",), "approved", (*ENGINEERS, *QA), "validation.matrix.approved", guards=(author_signs_first,), route=approval_route("risk matrix")),
            Transition("retire", "Retire", ("approved",), "retired", QA, "validation.matrix.retired", route=retirement_route("risk matrix retirement")),
        ),
    )
)
REQUIREMENTS_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.requirementset",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("baselined", "Baseline approved", "approved"),
            State("amending", "Being amended", "draft"),
        ),
        editable_states=("draft", "amending"),
        transitions=(
            Transition("baseline", "Sign the baseline", ("draft", "amending"), "baselined", (*ENGINEERS, *QA), "validation.requirements.baselined", guards=(requirements_are_whole, author_signs_first), route=approval_route("requirements baseline"), effect=keep_baseline),
            Transition("amend", "Amend", ("baselined",), "amending", ENGINEERS, "validation.requirements.reopened", needs_reason=True, effect=note_reopening),
        ),
    )
)
PROTOCOL_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.protocol",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the protocol", ("draft",), "approved", (*ENGINEERS, *QA), "validation.protocol.approved", guards=(protocol_is_whole, comments_are_settled, author_signs_first), route=approval_route("protocol approval")),
            Transition("revise", "Revise", ("approved",), "draft", ENGINEERS, "validation.protocol.revised", guards=(nothing_runs,), needs_reason=True, effect=note_reopening),
            Transition("retire", "Retire", ("approved",), "retired", QA, "validation.protocol.retired", guards=(nothing_runs,), route=retirement_route("protocol retirement")),
        ),
    )
)
EXECUTION_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.execution",
        initial="running",
        states=(
            State("running", "Running", "in_review"),
            State("executed", "Awaiting review", "awaiting"),
            State("reviewed", "Reviewed", "closed", is_final=True),
        ),
        editable_states=("running",),
        transitions=(
            Transition("finish", "Sign the execution", ("running",), "executed", ENGINEERS, "validation.execution.finished", guards=(holder_acts, execution_is_complete), route=EXECUTION_ROUTE),
            Transition("return_to_executor", "Return to the executor", ("executed",), "running", REVIEWERS, "validation.execution.returned", guards=(reviewer_did_not_execute,), needs_reason=True, effect=note_reopening),
            Transition("review", "Sign the review", ("executed",), "reviewed", REVIEWERS, "validation.execution.reviewed", guards=(reviewer_did_not_execute,), route=REVIEW_ROUTE),
        ),
    )
)
DEVIATION_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.deviation",
        initial="open",
        states=(
            State("open", "Open", "in_review"),
            State("disposed", "Disposed of", "closed", is_final=True),
        ),
        editable_states=("open",),
        transitions=(
            Transition("dispose", "Sign the disposition", ("open",), "disposed", QA, "validation.deviation.disposed", guards=(deviation_is_investigated,), route=DISPOSITION_ROUTE),
        ),
    )
)
PLAN_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.validationplan",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the plan", ("draft",), "approved", (*ENGINEERS, *QA), "validation.plan.approved", guards=(plan_is_whole, comments_are_settled, author_signs_first), route=approval_route("plan approval"), follow_up=begin_validation),
            Transition("revise", "Revise", ("approved",), "draft", ENGINEERS, "validation.plan.revised", needs_reason=True, effect=note_reopening),
            Transition("retire", "Retire", ("approved",), "retired", QA, "validation.plan.retired", route=retirement_route("plan retirement")),
        ),
    )
)
REPORT_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.summaryreport",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved", is_final=True),
            State("withdrawn", "Withdrawn", "closed", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the report", ("draft",), "approved", OWNERS, "validation.report.approved", guards=(report_is_whole, comments_are_settled, owner_signs_second, author_signs_first), route=REPORT_ROUTE, follow_up=conclude_validation),
            Transition("withdraw", "Withdraw", ("draft",), "withdrawn", ENGINEERS, "validation.report.withdrawn", needs_reason=True),
        ),
    )
)
