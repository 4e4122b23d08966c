"""The states of a model version, as one table: draft, released, retired."""

from __future__ import annotations

from qms.releases.readiness import check_artefact_intact, check_author_signs_first
from records.workflow import State, Transition, Workflow, register_workflow
from signatures.routes import Route, Seat

DATA_SCIENTISTS = ("data_scientist",)
QA = ("qa_manager",)

RELEASE_ROUTE = Route(
    name="model release",
    seats=(
        Seat("author", DATA_SCIENTISTS, "authorship", "Data scientist"),
        Seat("quality", QA, "release", "QA manager"),
    ),
    author_excluded=False,  # the author signs for authorship; the guard keeps them from the second seat
)
RETIRE_ROUTE = Route(
    name="model retirement",
    seats=(Seat("quality", QA, "responsibility", "QA manager"),),
    reason_required=True,
    on_demand=True,
)

MODEL_WORKFLOW = register_workflow(
    Workflow(
        kind="releases.modelversion",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("released", "Released", "approved"),
            State("retired", "Retired", "superseded", is_final=True),
        ),
        transitions=(
            Transition(
                "release",
                "Release",
                ("draft",),
                "released",
                (*DATA_SCIENTISTS, *QA),
                "releases.model.released",
                guards=(check_artefact_intact, check_author_signs_first),
                route=RELEASE_ROUTE,
            ),
            Transition("retire", "Retire", ("released",), "retired", QA, "releases.model.retired", route=RETIRE_ROUTE),
        ),
    )
)
