"""The states of a paper: one transition for every kind of route."""

from __future__ import annotations

from django.db import transaction

from records.acting import acting
from records.acts import register
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import State, Transition, Workflow, lock_record, register_workflow
from signatures.routes import Route, Seat
from tests.papers.models import Note, Paper

register(
    {
        "papers.paper.submitted": ("submitted {number}", "change"),
        "papers.paper.approved": ("approved {number}", "change"),
        "papers.paper.checked": ("closed the independent check of {number}", "change"),
        "papers.paper.published": ("published {number}", "change"),
        "papers.paper.returned": ("returned {number}", "change", True),
        "papers.note.added": ("added a note to {number}", "change"),
    }
)

QUALITY = ("reviewer", "qa_manager")


class PaperUnfinished(Refusal):
    """The guard's refusal."""

    code = "papers.unfinished"
    status = 409
    message = "{number} is marked as unfinished."


def check_finished(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a paper whose text says that it is unfinished."""
    if isinstance(record, Paper) and "unfinished" in record.body:
        raise PaperUnfinished(number=record.number)


APPROVAL = Route(
    name="approval",
    seats=(
        Seat("review", ("reviewer",), "review", "reviewer"),
        Seat("quality", ("qa_manager",), "approval", "QA manager"),
    ),
    decline_target="draft",
)
CHECK = Route(
    name="independent check",
    seats=(Seat("checker", QUALITY, "verification", "independent checker"),),
    decline_meaning="disagreement",
    apart_from=("approve",),
    author_excluded=False,
    actors_excluded=True,
)
PUBLICATION = Route(
    name="publication", seats=(Seat("publisher", ("qa_manager",), "release", "QA manager"),), reason_required=True
)

PAPER_WORKFLOW = register_workflow(
    Workflow(
        kind="papers.paper",
        initial="draft",
        states=(
            State("draft", "Draft", "draft"),
            State("in_review", "In review", "in_review"),
            State("approved", "Approved", "approved"),
            State("checked", "Checked", "approved"),
            State("published", "Published", "approved", is_final=True),
        ),
        editable_states=("draft", "in_review", "approved", "checked"),
        transitions=(
            Transition("submit", "Submit", ("draft",), "in_review", ("operator",), "papers.paper.submitted"),
            Transition(
                "approve",
                "Approve",
                ("in_review",),
                "approved",
                QUALITY,
                "papers.paper.approved",
                guards=(check_finished,),
                route=APPROVAL,
            ),
            Transition(
                "return", "Return", ("in_review",), "draft", QUALITY, "papers.paper.returned", needs_reason=True
            ),
            Transition("check", "Check", ("approved",), "checked", QUALITY, "papers.paper.checked", route=CHECK),
            Transition(
                "publish",
                "Publish",
                ("in_review", "checked"),
                "published",
                ("qa_manager",),
                "papers.paper.published",
                route=PUBLICATION,
            ),
        ),
    )
)


def add_note(paper: Paper, *, actor: Actor, text: str) -> Note:
    """Add a note, under the record's lock."""
    with transaction.atomic():
        lock_record(paper)
        with acting(actor, "papers.note.added", paper):
            return Note._default_manager.create(paper=paper, text=text)
