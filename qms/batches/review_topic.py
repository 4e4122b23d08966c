"""What vial inspection brings to a system's periodic review: whether its audit trails were reviewed.

Serves: EU GMP Annex 11 §9, §11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qms.batches.models import BatchRecord
from records.models import Event
from records.workflow import state_label
from validation.models import System
from validation.review_topics import Period, Topic, register_topic

TRAIL_REVIEWED = "batches.trail.reviewed"


def gather_trail_reviews(system: System, period: Period) -> Iterator[str]:
    """Yield how many audit-trail reviews were signed in the time, and where the batches of the time stand."""
    signed = Event.objects.filter(act=TRAIL_REVIEWED, at__gt=period.since, at__lte=period.until).count()
    yield f"{signed} audit-trail reviews of batches were signed."
    batches = BatchRecord.objects.filter(created_at__gt=period.since, created_at__lte=period.until)
    counts = Counter(state_label(row).lower() for row in batches)
    yield from (f"{number} batches are {state}." for state, number in sorted(counts.items()))


TRAIL_TOPIC = register_topic(
    Topic(70, "trail", "Audit-trail reviews", "Were the audit trails reviewed before release?", gather_trail_reviews)
)
