"""The states of Knapp studies and data sets, one table per kind."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from records.canonical import canonical_bytes, content_hash
from records.models import ControlledRecord
from records.workflow import Move, State, Transition, Workflow, register_workflow
from signatures.models import Signature
from signatures.routes import Route, Seat
from validation.models import DataSet, DataSetOpening, KnappStudy
from validation.readiness import as_kind
from validation.readiness_studies import (
    author_keeps_first_seat,
    criteria_are_open,
    developer_leaves_the_seal,
    developer_opens_in_pair,
    is_no_test_set,
    is_test_set,
    no_run_is_taken,
    set_is_independent,
    set_is_whole,
    study_is_complete,
    study_is_whole,
    witness_is_no_developer,
)
from validation.workflow import ENGINEERS, QA, approval_route, note_reopening, retirement_route

SCIENTISTS = ("data_scientist",)
SETTERS = (*ENGINEERS, *SCIENTISTS)
OPENERS = (*ENGINEERS, *QA, *SCIENTISTS)

SET_ROUTE = Route(
    name="data set approval",
    seats=(
        Seat("author", SETTERS, "authorship", "Who put the set together"),
        Seat("quality", QA, "approval", "QA manager"),
    ),
    author_excluded=False,
)
OPENING_ROUTE = Route(
    name="opening of a test set",
    seats=(Seat("opener", OPENERS, "responsibility", "Opener"),),
    author_excluded=False,
    reason_required=True,
    on_demand=True,
)
PAIR_ROUTE = Route(
    name="opening of a test set by two people",
    seats=(
        Seat("opener", OPENERS, "responsibility", "Opener"),
        Seat("witness", (*ENGINEERS, *QA), "verification", "Second person"),
    ),
    author_excluded=False,
    reason_required=True,
    on_demand=True,
)


def keep_design(record: ControlledRecord, move: Move) -> None:
    """Remember the version of the design that was signed. Writes: validation_knappstudy."""
    study = as_kind(record, KnappStudy)
    study.design_id = move.authorisation.version_id if move.authorisation else None
    study.save(update_fields=["design"])


def log_opening(record: ControlledRecord, move: Move) -> None:
    """Keep who opened the set, who verified it, and under which criteria. Writes: validation_datasetopening."""
    numbers = move.authorisation.signatures if move.authorisation else ()
    signatures = list(Signature.objects.filter(number__in=numbers).order_by("id"))
    first, second = signatures[0], signatures[1] if len(signatures) > 1 else None
    DataSetOpening.objects.create(
        data_set=as_kind(record, DataSet),
        opened_by=first.printed_name,
        witness=second.printed_name if second else "",
        reason=first.reason,
        criteria_sha256=criteria_hash(as_kind(record, DataSet)),
    )


def criteria_hash(data_set: DataSet) -> str:
    """Return the SHA-256 of what a test set is to show, as canonical JSON."""
    return content_hash(canonical_bytes({"criteria": data_set.criteria, "incumbent": data_set.incumbent}))


def note_consumption(record: ControlledRecord, move: Move) -> None:
    """Keep what the results of the set informed. Writes: validation_dataset."""
    data_set = as_kind(record, DataSet)
    data_set.consumed_because = move.reason
    data_set.save(update_fields=["consumed_because"])


# fmt: off
STUDY_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.knappstudy",
        initial="draft",
        states=(
            State("draft", "Design in draft", "draft"),
            State("approved", "Design approved", "in_review"),
            State("reported", "Report approved", "closed", is_final=True),
            State("abandoned", "Abandoned", "rejected", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the design", ("draft",), "approved", (*ENGINEERS, *QA), "validation.study.approved", guards=(study_is_whole, author_keeps_first_seat("approve")), route=approval_route("study design"), effect=keep_design),
            Transition("revise", "Revise the design", ("approved",), "draft", ENGINEERS, "validation.study.revised", guards=(no_run_is_taken,), needs_reason=True, effect=note_reopening),
            Transition("report", "Sign the report", ("approved",), "reported", (*ENGINEERS, *QA), "validation.study.reported", guards=(study_is_complete, author_keeps_first_seat("report")), route=approval_route("study report")),
            Transition("abandon", "Abandon", ("draft", "approved"), "abandoned", QA, "validation.study.abandoned", route=retirement_route("study abandonment")),
        ),
    )
)
SET_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.dataset",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("approved", "Approved", "approved"),
            State("sealed", "Sealed", "approved"),
            State("opened", "Opened", "in_review"),
            State("consumed", "Consumed", "superseded"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        editable_states=("draft",),
        transitions=(
            Transition("approve", "Sign the set", ("draft",), "approved", (*SETTERS, *QA), "validation.dataset.approved", guards=(is_no_test_set, set_is_whole, set_is_independent, author_keeps_first_seat("approve")), route=SET_ROUTE),
            Transition("seal", "Seal with its criteria", ("draft",), "sealed", (*SETTERS, *QA), "validation.dataset.sealed", guards=(is_test_set, set_is_whole, set_is_independent, author_keeps_first_seat("seal")), route=SET_ROUTE),
            Transition("revise", "Revise", ("approved", "sealed", "opened"), "draft", SETTERS, "validation.dataset.revised", guards=(criteria_are_open, developer_leaves_the_seal), needs_reason=True, effect=note_reopening),
            Transition("open", "Open", ("sealed", "opened"), "opened", OPENERS, "validation.dataset.opened", guards=(developer_opens_in_pair,), route=OPENING_ROUTE, effect=log_opening),
            Transition("open_in_pair", "Open with a second person", ("sealed", "opened"), "opened", OPENERS, "validation.dataset.opened", guards=(witness_is_no_developer,), route=PAIR_ROUTE, effect=log_opening),
            Transition("consume", "Mark as consumed", ("opened",), "consumed", OPENERS, "validation.dataset.consumed", needs_reason=True, effect=note_consumption),
            Transition("retire", "Retire", ("approved", "sealed", "opened", "consumed"), "retired", QA, "validation.dataset.retired", route=retirement_route("data set retirement")),
        ),
    )
)
