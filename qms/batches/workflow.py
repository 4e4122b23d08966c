"""The states of a batch record, as one table."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from qms.batches.dispositions import close_batch, write_disposition
from qms.batches.readiness import (
    begin_inspection,
    check_challenge_concluded,
    check_challenge_passed,
    check_images_present,
    check_model_ready,
    check_station_ready,
    fix_fileset,
)
from qms.batches.review_guards import (
    nothing_blocks_release,
    review_is_complete,
    review_is_signed,
    was_not_reinspected,
)
from records.workflow import State, Transition, Workflow, register_workflow
from signatures.routes import Route, Seat

OPERATORS = ("operator",)
QA = ("qa_manager",)

REVIEW_ROUTE = Route(
    name="batch review",
    seats=(Seat("operator", OPERATORS, "review", "Operator"),),
    author_excluded=False,
)
TRAIL_ROUTE = Route(
    name="audit trail review",
    seats=(Seat("trail_reviewer", ("reviewer", "qa_manager"), "verification", "Independent reviewer"),),
    decline_meaning="disagreement",
    decline_target="in_review",
    apart_from=("sign_review",),
    actors_excluded=True,
)


def qa_route(name: str, meaning: str) -> Route:
    """Return the route of a disposition: one QA manager, apart from review and trail review."""
    return Route(
        name=name,
        seats=(Seat("quality", QA, meaning, "QA manager"),),
        decline_meaning="disagreement",
        decline_target="in_review",
        apart_from=("sign_review", "sign_trail_review"),
        reason_required=meaning != "release",
    )


# fmt: off
BATCH_WORKFLOW = register_workflow(
    Workflow(
        kind="batches.batchrecord",
        initial="open",
        states=(
            State("open", "Waiting for images", "draft"),
            State("ready", "Ready to inspect", "draft"),
            State("inspecting", "Inspecting", "in_review"),
            State("quarantined", "On hold: challenge failed", "on_hold"),
            State("in_review", "In review", "in_review"),
            State("reviewed", "Awaiting audit trail review", "awaiting"),
            State("awaiting_disposition", "Awaiting disposition", "awaiting"),
            State("on_hold", "On hold", "on_hold"),
            State("released", "Released", "approved", is_final=True),
            State("rejected", "Rejected", "rejected", is_final=True),
            State("reinspect", "To be inspected again", "superseded", is_final=True),
            State("withdrawn", "Withdrawn", "closed", is_final=True),
        ),
        editable_states=("open", "ready"),
        transitions=(
            Transition("complete_import", "Take the images", ("open",), "ready", (*OPERATORS, "system"), "batches.import.completed", guards=(check_images_present,), effect=fix_fileset),
            Transition("withdraw", "Withdraw", ("open", "ready"), "withdrawn", OPERATORS, "batches.batch.withdrawn", needs_reason=True),
            Transition("start_inspection", "Start inspection", ("ready",), "inspecting", OPERATORS, "batches.inspection.started", guards=(check_images_present, check_station_ready, check_model_ready, check_challenge_passed), effect=begin_inspection),
            Transition("quarantine", "Put on hold", ("inspecting",), "quarantined", ("system",), "batches.inspection.quarantined"),
            Transition("lift_quarantine", "Open for review", ("quarantined",), "in_review", QA, "batches.quarantine.lifted", guards=(check_challenge_concluded,), needs_reason=True),
            Transition("finish_inspection", "Finish inspection", ("inspecting",), "in_review", ("system",), "batches.inspection.finished"),
            Transition("sign_review", "Sign the review", ("in_review",), "reviewed", OPERATORS, "batches.review.signed", guards=(review_is_complete,), route=REVIEW_ROUTE),
            Transition("sign_trail_review", "Sign the audit trail review", ("reviewed",), "awaiting_disposition", ("reviewer", "qa_manager"), "batches.trail.reviewed", route=TRAIL_ROUTE),
            Transition("return_to_review", "Return to review", ("reviewed", "awaiting_disposition", "on_hold"), "in_review", ("reviewer", "qa_manager"), "batches.batch.returned", needs_reason=True, effect=write_disposition),
            Transition("release", "Release", ("awaiting_disposition", "on_hold"), "released", QA, "batches.batch.released", guards=(review_is_signed, nothing_blocks_release), route=qa_route("release", "release"), effect=close_batch),
            Transition("reject", "Reject", ("awaiting_disposition", "on_hold", "quarantined"), "rejected", QA, "batches.batch.rejected", route=qa_route("rejection", "rejection"), effect=close_batch),
            Transition("hold", "Hold", ("awaiting_disposition",), "on_hold", QA, "batches.batch.held", route=qa_route("hold", "responsibility"), effect=write_disposition),
            Transition("reinspect", "Inspect again", ("awaiting_disposition", "on_hold", "quarantined"), "reinspect", QA, "batches.batch.sent_back", guards=(was_not_reinspected,), route=qa_route("re-inspection", "responsibility"), effect=close_batch),
        ),
    )
)
