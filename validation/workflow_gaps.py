"""The states of gap assessments and record determinations, one table per kind."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from records.workflow import State, Transition, Workflow, register_workflow
from signatures.routes import Route, Seat
from validation.readiness_gaps import determination_is_sound, gaps_are_answered
from validation.workflow import ENGINEERS, QA, REVIEWERS, note_reopening, retirement_route

GAP_ROUTE = Route(
    name="gap assessment approval",
    seats=(
        Seat("reviewer", REVIEWERS, "review", "Reviewer"),
        Seat("quality", QA, "approval", "QA manager"),
    ),
)
DETERMINATION_ROUTE = Route(
    name="record determination",
    seats=(Seat("quality", QA, "approval", "QA manager"),),
)

# fmt: off
GAP_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.gapassessment",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the gap assessment", ("draft",), "approved", REVIEWERS, "validation.gaps.approved", guards=(gaps_are_answered,), route=GAP_ROUTE),
            Transition("revise", "Revise", ("approved",), "draft", ENGINEERS, "validation.gaps.revised", needs_reason=True, effect=note_reopening),
            Transition("retire", "Retire", ("approved",), "retired", QA, "validation.gaps.retired", route=retirement_route("gap assessment retirement")),
        ),
    )
)
DETERMINATION_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.recorddetermination",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("determined", "Determined", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("determine", "Sign the determination", ("draft",), "determined", QA, "validation.determination.decided", guards=(determination_is_sound,), route=DETERMINATION_ROUTE),
            Transition("revise", "Revise", ("determined",), "draft", (*ENGINEERS, *QA), "validation.determination.revised", needs_reason=True, effect=note_reopening),
            Transition("retire", "Retire", ("determined",), "retired", QA, "validation.determination.retired", route=retirement_route("record determination retirement")),
        ),
    )
)
# fmt: on
