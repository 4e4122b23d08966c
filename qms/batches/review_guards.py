"""Guards of the batch workflow from the review on: each refuses what is not ready.

Serves: 21 CFR 11.10(f), 211.22, 211.192.
"""

from __future__ import annotations

from typing import Final

from qms.batches.errors_review import ReinspectedBefore, ReviewIncomplete, SignaturesMissing
from qms.batches.models import BatchRecord
from qms.batches.openpoints import RELEASE, REVIEW, find_open_points, points_blocking
from qms.batches.readiness import batch_of
from records.evidence import Actor
from records.models import ControlledRecord, Event

REVIEW_ACTS: Final = {"batches.review.signed": "the signed review", "batches.trail.reviewed": "the audit trail review"}


def review_is_complete(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to sign a review with open points. Raises: `ReviewIncomplete`."""
    refuse_open_points(batch_of(record), REVIEW)


def nothing_blocks_release(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a release with open points. Raises: `ReviewIncomplete`."""
    refuse_open_points(batch_of(record), RELEASE)


def refuse_open_points(batch: BatchRecord, action: str) -> None:
    """Refuse while any point blocks the action, naming all of them."""
    points = points_blocking(action, find_open_points(batch))
    if points:
        raise ReviewIncomplete(number=batch.number, points="; ".join(point.text for point in points))


def review_is_signed(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a release whose last review was not signed by operator and trail reviewer.

    A batch can come on hold without any review, when a challenge failed.
    Raises: `SignaturesMissing`.
    """
    missing = [words for act, words in REVIEW_ACTS.items() if not is_done_since_review(record, act)]
    if missing:
        raise SignaturesMissing(number=record.number, missing=" and ".join(missing))


def is_done_since_review(record: ControlledRecord, act: str) -> bool:
    """Tell whether a signed step happened after the batch last came into review."""
    events = Event.objects.filter(record_id=record.pk).order_by("-id")
    entered = events.filter(details__target="In review").values_list("id", flat=True).first()
    return events.filter(act=act, id__gt=entered or 0).exists()


def was_not_reinspected(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to inspect a lot a third time. Raises: `ReinspectedBefore`."""
    earlier = batch_of(record).reinspection_of
    if earlier is not None:
        raise ReinspectedBefore(number=record.number, earlier=earlier.number)
