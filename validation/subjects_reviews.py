"""What periodic reviews tell the signing page and their PDFs about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signatures.subjects import Facts, Subject, register_subject
from validation.models import PeriodicReview
from validation.subjects import visible


def review_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button: what was concluded, topic by topic."""
    return [
        ("System", content["system"]),
        ("Time", f"{str(content['since'])[:10]} to {str(content['until'])[:10]}"),
        *((row["title"], row["conclusion"] or "no conclusion") for row in content["topics"]),
        *((f"Follows, {row['title']}", row["follow_up"]) for row in content["topics"] if row["follow_up"]),
        ("Summary", content["summary"] or "none"),
        ("Next review", str(content["next_review_on"] or "not set")),
    ]


REVIEW_SUBJECT = register_subject(
    Subject(
        "validation.periodicreview",
        url_name="validating:review-detail",
        facts=review_facts,
        rendition_template="validation/rendition_review.html",
        visible=visible(PeriodicReview),
    )
)
