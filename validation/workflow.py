"""The states of every record of validation, one table per kind."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from typing import Any

from records.models import ControlledRecord
from records.workflow import Move, State, Transition, Workflow, register_workflow
from signatures.routes import Route, Seat
from validation.models import RequirementSet
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


# fmt: off
SYSTEM_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.system",
        initial="registered",
        states=(
            State("registered", "Not validated", "draft"),
            State("in_validation", "In validation", "in_review"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("registered", "in_validation"),
        transitions=(
            Transition("begin", "Begin validation", ("registered",), "in_validation", ENGINEERS, "validation.system.begun"),
            Transition("retire", "Retire", ("registered", "in_validation"), "retired", QA, "validation.system.retired", route=retirement_route("system retirement")),
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
            Transition("approve", "Sign the protocol", ("draft",), "approved", (*ENGINEERS, *QA), "validation.protocol.approved", guards=(protocol_is_whole, author_signs_first), route=approval_route("protocol approval")),
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
