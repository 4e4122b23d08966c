"""What matters in a batch's audit trail, for the independent person who reviews it.

Reads only. The focus never hides anything: the whole timeline is one link away, and the
counts say how much is outside the focus. Serves: 21 CFR 11.10(e), 211.192; Annex 11 §9.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Q

from qms.batches.models import BatchRecord
from records.models import Event
from records.timeline import TimelineEntry, describe_events

#: The application's clock and the database's may differ by this before it is told.
CLOCK_TOLERANCE: Final = dt.timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Focus:
    """One thing to look at: its heading, why it matters, and the acts that belong to it."""

    name: str
    heading: str
    why: str
    acts: tuple[str, ...]


OVERRIDES: Final = ("batches.unit.overridden", "batches.override.verified", "batches.override.refused")

FOCI: Final = (
    Focus(
        "overrides",
        "Overrides and their verification",
        "People who decided otherwise than the model, and the second person's answer.",
        OVERRIDES,
    ),
    Focus("undone", "Decisions taken back", "Somebody changed their mind.", ("batches.unit.undone",)),
    Focus(
        "refused",
        "Refused attempts",
        "Something was tried that a rule does not allow, or a signature failed.",
        (
            "records.act.refused",
            "signatures.ceremony.failed",
            "signatures.ceremony.refused",
            "signatures.ceremony.intruded",
            "signatures.ceremony.voided",
            "signatures.signature.declined",
            "batches.station.refused",
            "batches.inspection.refused",
        ),
    ),
    Focus(
        "restarts",
        "Interrupted and repeated runs",
        "The inspection did not go through in one attempt.",
        (
            "batches.run.interrupted",
            "batches.run.resumed",
            "batches.failures.handed_over",
            "batches.challenge.failed",
            "batches.inspection.quarantined",
            "batches.quarantine.lifted",
        ),
    ),
    Focus(
        "edits",
        "Edits, returns and added files",
        "The record's own data changed after it was made, or it came back to review.",
        ("records.record.edited", "batches.batch.returned", "records.attachment.added", "batches.upload.given_up"),
    ),
    Focus(
        "investigations",
        "Investigations, sample and count",
        "Limits that were exceeded, what the sample showed and how the count closed.",
        (
            "batches.investigation.opened",
            "batches.investigation.closed",
            "batches.aql.drawn",
            "batches.aql.inspected",
            "batches.reconciliation.counted",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class FocusedTrail:
    """The events of each focus, the late ones, and how many there are in all."""

    parts: Sequence[tuple[Focus, Sequence[TimelineEntry]]]
    late: Sequence[TimelineEntry]
    shown: int
    total: int

    @property
    def outside(self) -> int:
        """Return how many events are in no focus."""
        return self.total - self.shown


def focus_trail(batch: BatchRecord) -> FocusedTrail:
    """Return what matters in a batch's trail, oldest first."""
    acts = [act for focus in FOCI for act in focus.acts]
    own = Event.objects.filter(record_id=batch.pk)
    found = list(Event.objects.filter(Q(record_id=batch.pk, act__in=acts) | lost_attempts(batch)).order_by("id"))
    late = list(own.exclude(app_at__range=(F("at") - CLOCK_TOLERANCE, F("at") + CLOCK_TOLERANCE)).order_by("id"))
    entries = {entry.event.pk: entry for entry in describe_events([*found, *late])}
    parts = [(focus, [entries[event.pk] for event in found if event.act in focus.acts]) for focus in FOCI]
    shown = len({event.pk for event in [*found, *late] if event.record_id == batch.pk})
    return FocusedTrail(parts, [entries[event.pk] for event in late], shown, own.count())


def lost_attempts(batch: BatchRecord) -> Q:
    """Return the refused attempts that name the batch without belonging to it, since it was made."""
    return Q(record=None, act="records.act.refused", at__gte=batch.created_at, details__number=batch.number)
