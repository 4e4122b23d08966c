"""The states of data-flow diagrams, and what must be answered before one is approved."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import State, Transition, Workflow, register_workflow
from validation.data_flows import DRAFT, unanswered
from validation.errors_data_flows import DiagramEmpty, FindingsUnanswered
from validation.models import DataFlow
from validation.readiness import as_kind, author_signs_first
from validation.workflow import ENGINEERS, QA, approval_route, note_reopening, retirement_route


def findings_are_answered(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a diagram that is empty or lacks something without a reason.

    Raises: `DiagramEmpty`, `FindingsUnanswered`. Serves: EU GMP Annex 11 §4.3.
    """
    data_flow = as_kind(record, DataFlow)
    if not data_flow.stages.exists():
        raise DiagramEmpty(number=data_flow.number)
    if waiting := unanswered(data_flow):
        raise FindingsUnanswered(number=data_flow.number, count=len(waiting), first=waiting[0].text)


# fmt: off
DATA_FLOW_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.dataflow",
        initial=DRAFT,
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=(DRAFT,),
        transitions=(
            Transition("approve", "Sign the diagram", ("draft",), "approved", (*ENGINEERS, *QA), "validation.data_flow.approved", guards=(findings_are_answered, author_signs_first), route=approval_route("data-flow approval")),
            Transition("revise", "Revise", ("approved",), "draft", ENGINEERS, "validation.data_flow.revised", needs_reason=True, effect=note_reopening),
            Transition("retire", "Retire", ("approved",), "retired", QA, "validation.data_flow.retired", route=retirement_route("data-flow retirement")),
        ),
    )
)
