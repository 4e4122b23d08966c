"""How far sealing is behind, and who is told when it is too far: once when it begins, once when it ends.

Reads and events go through the serving role, in any worker but the sealer: a sealer that has
died cannot tell so itself. Serves: 21 CFR 11.10(e), 11.300(d).
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

DELAYED: Final = "records.sealing.delayed"
RECOVERED: Final = "records.sealing.recovered"

WATCH_LOCK: Final = 7_210_061

# The last checkpoint's horizon bounds the search; after a restore elsewhere it lies ahead of all transactions.
LAG_SQL: Final = """
WITH head AS (SELECT size, horizon::text::xid8 AS horizon FROM records_checkpoint ORDER BY size DESC LIMIT 1),
waiting AS (
  SELECT e.at FROM records_event e
  WHERE e.xact >= coalesce(
      (SELECT horizon FROM head WHERE horizon <= pg_snapshot_xmax(pg_current_snapshot())), '0'::xid8)
    AND NOT EXISTS (SELECT 1 FROM records_leaf l WHERE l.event_id = e.id))
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float,
  coalesce((SELECT size FROM head), 0)
FROM waiting
"""


@dataclass(frozen=True, slots=True)
class SealLag:
    """What waits for the sealer. Units: ``seconds`` since the oldest waiting event; ``size`` in leaves."""

    waiting: int
    seconds: float
    size: int

    @property
    def is_too_long(self) -> bool:
        """Tell whether the oldest waiting event waits longer than the setting allows."""
        return self.seconds > settings.SEAL_LAG_SECONDS


def measure_lag() -> SealLag:
    """Return how many committed events wait for the sealer, and since when."""
    with connection.cursor() as cursor:
        cursor.execute(LAG_SQL)
        waiting, seconds, size = cursor.fetchone()
    return SealLag(waiting, max(seconds, 0.0), size)


def watch_sealing() -> SealLag:
    """Record and tell when sealing falls behind or has caught up again, once each.

    Writes: records_event, records_outboxitem.
    """
    lag = measure_lag()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WATCH_LOCK])
        last = Event.objects.filter(act__in=(DELAYED, RECOVERED)).order_by("-id").first()
        is_known = last is not None and last.act == DELAYED
        if lag.is_too_long != is_known:
            tell_change(lag)
    return lag


def tell_change(lag: SealLag) -> None:
    """Write the event of a beginning or ended delay; a beginning one is mailed."""
    details = {"seconds": round(lag.seconds), "waiting": lag.waiting, "limit": settings.SEAL_LAG_SECONDS}
    with acting(system_actor("watch"), DELAYED if lag.is_too_long else RECOVERED, details=details) as event:
        if lag.is_too_long:
            promise_alert(
                event.id,
                f"Sealing is behind: the oldest of {lag.waiting} unsealed events waits for {lag.seconds:.0f} s. "
                "Look whether the sealer's process runs; its log names the error.",
            )
