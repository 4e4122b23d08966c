"""The states of periodic reviews, and what must be concluded before one is signed."""
# ruff: noqa: E501  a row of the table is one line

from __future__ import annotations

from records.clock import now
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import Move, State, Transition, Workflow, register_workflow
from signatures.routes import Route, Seat
from validation.document_readiness import OWNER_SEAT, seats_taken
from validation.errors_reviews import OwnerSignsReview, ReviewDayMissing, ReviewItemsOpen
from validation.models import PeriodicReview
from validation.periodic_reviews import APPROVED, DRAFT, set_next_review
from validation.readiness import as_kind, author_signs_first
from validation.workflow import OWNERS, QA

REVIEW_ROUTE = Route(
    name="periodic review",
    seats=(
        Seat(OWNER_SEAT, OWNERS, "responsibility", "Process or system owner"),
        Seat("quality", QA, "approval", "QA manager"),
    ),
    author_excluded=False,  # an owner may prepare their own review; the guard keeps the author from the second seat
)


def review_is_concluded(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a review with a topic without conclusion, or without a day to come.

    Raises: `ReviewItemsOpen`, `ReviewDayMissing`. Serves: EU GMP Annex 11 §11.
    """
    review = as_kind(record, PeriodicReview)
    waiting = [row.title for row in review.items.order_by("position") if not row.is_concluded]
    if waiting:
        verb = "is" if len(waiting) == 1 else "are"
        raise ReviewItemsOpen(number=review.number, topics=f"{', '.join(waiting)} {verb}")
    if review.next_review_on is None or review.next_review_on <= now().date():
        raise ReviewDayMissing(number=review.number)


def owner_signs_first(record: ControlledRecord, actor: Actor) -> None:
    """Keep the first seat for who answers for the system or its process. Raises: `OwnerSignsReview`."""
    review = as_kind(record, PeriodicReview)
    owners = {row.pk: row.printed_name for row in (review.system.process_owner, review.system.owner)}
    if not seats_taken(review) and actor.user_id not in owners:
        raise OwnerSignsReview(number=review.number, owners=" or ".join(owners.values()))


def tell_system(record: ControlledRecord, move: Move) -> None:
    """Let the signed review set the next day of its system. Writes: the system."""
    set_next_review(as_kind(record, PeriodicReview), actor=move.actor)


# fmt: off
REVIEW_WORKFLOW = register_workflow(
    Workflow(
        kind="validation.periodicreview",
        initial=DRAFT,
        states=(
            State(DRAFT, "In preparation", "draft"),
            State(APPROVED, "Signed", "closed", is_final=True),
        ),
        editable_states=(DRAFT,),
        transitions=(
            Transition("approve", "Sign the review", (DRAFT,), APPROVED, OWNERS, "validation.review.approved", guards=(review_is_concluded, owner_signs_first, author_signs_first), route=REVIEW_ROUTE, follow_up=tell_system),
        ),
    )
)
