"""How long the oldest unstamped checkpoint waits, and who is told when it is too long: once, and once when it ends.

Runs through the serving role in any worker but the sealer, like the watch over sealing.
Serves: 21 CFR 11.10(e), 11.300(d).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from records.acting import acting
from records.alerts import promise_alert
from records.evidence import system_actor
from records.models import Event

DELAYED: Final = "records.stamping.delayed"
RECOVERED: Final = "records.stamping.recovered"
WATCH_LOCK: Final = 7_210_063

SHORTEST_LIMIT: Final = 900
"""Seconds: an authority may be down for a quarter of an hour before anybody is called."""

RUNS_MISSED: Final = 10

WAITING_SQL: Final = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(made_at)), 0)::float FROM records_checkpoint
WHERE size > coalesce((SELECT max(checkpoint_id) FROM records_checkpointstamp), 0)
"""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long the oldest checkpoint without a stamp waits, and how long it may. Units: seconds."""

    seconds: float
    limit: int

    @property
    def is_too_long(self) -> bool:
        """Tell whether somebody must look."""
        return self.seconds > self.limit


def measure_lateness() -> Lateness:
    """Return how long the oldest unstamped checkpoint waits; nothing waits where no authority is asked."""
    limit = max(SHORTEST_LIMIT, RUNS_MISSED * settings.TSA_SECONDS)
    if not settings.TSA_URL:
        return Lateness(0.0, limit)
    with connection.cursor() as cursor:
        cursor.execute(WAITING_SQL)
        (seconds,) = cursor.fetchone()
    return Lateness(max(seconds, 0.0), limit)


def watch_stamping() -> Lateness:
    """Record and tell when stamps fall behind or have caught up again, once each.

    Writes: records_event, records_outboxitem.
    """
    lateness = measure_lateness()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WATCH_LOCK])
        last = Event.objects.filter(act__in=(DELAYED, RECOVERED)).order_by("-id").first()
        is_known = last is not None and last.act == DELAYED
        if lateness.is_too_long != is_known:
            tell_change(lateness)
    return lateness


def tell_change(lateness: Lateness) -> None:
    """Write the event of a beginning or ended delay; a beginning one is mailed."""
    details = {"seconds": round(lateness.seconds), "limit": lateness.limit}
    with acting(system_actor("watch"), DELAYED if lateness.is_too_long else RECOVERED, details=details) as event:
        if lateness.is_too_long:
            promise_alert(
                event.id,
                f"Checkpoints get no time stamps: the oldest waits for {lateness.seconds:.0f} s. "
                "The sealer's log names why the authority's answer was refused or missing.",
            )
