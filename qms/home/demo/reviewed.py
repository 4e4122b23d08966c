"""The first periodic review of the demonstration's pipeline, prepared and signed by its people.

Each step does only what is missing.
"""

from __future__ import annotations

import datetime as dt

from qms.home.demo.cast import Cast
from qms.home.demo.planned import pipeline
from qms.home.demo.reviewed_text import CONCLUSIONS, SUMMARY
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import QUALITY, SECOND_ENGINEER, SECOND_QUALITY
from validation.models import PeriodicReview
from validation.periodic_reviews import Conclusion, begin_review, save_review

NEXT_REVIEW = dt.timedelta(days=365)
"""From the day the pipeline is registered, as its plan says; the review keeps to that day."""


def tell_review(cast: Cast) -> None:
    """Gather the pack, conclude on every topic, and have the review signed by the process owner and quality."""
    system = pipeline()
    found = PeriodicReview.objects.filter(system=system).first() or begin_review(
        system, actor=cast.actor(SECOND_ENGINEER)
    )
    if not found.summary:
        save_review(
            found,
            actor=cast.actor(SECOND_ENGINEER),
            revision=found.revision,
            summary=SUMMARY,
            next_review_on=system.next_review_on,
            conclusions={topic: Conclusion(*texts) for topic, texts in CONCLUSIONS.items()},
        )
    ensure_signed(cast, found, "approve", QUALITY, SECOND_QUALITY)
