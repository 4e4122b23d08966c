"""Watching that the application's clock and the database's tell the same time.

Evidence carries the database's time; one-time codes and limits use the application's. A
difference is itself an event, and somebody is told at once. Serves: 21 CFR 11.10(e).
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from records.acting import acting
from records.clock import now
from records.evidence import system_actor
from records.models import Event
from signatures.alerts import raise_alert

TOLERANCE = dt.timedelta(seconds=2)
REPEAT_AFTER = dt.timedelta(minutes=10)
"""A difference that lasts is told again after this time, not every minute."""


def check_clocks() -> dt.timedelta:
    """Compare both clocks; leave an event and promise an alert when they disagree.

    Returns the application's time minus the database's. Writes: records_event,
    records_outboxitem.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        database_time = cursor.fetchone()[0]
    difference: dt.timedelta = now() - database_time
    if abs(difference) > TOLERANCE and not was_told_lately(database_time):
        details = {"seconds": f"{difference.total_seconds():.1f}"}
        actor = system_actor("clocks")
        with transaction.atomic(), acting(actor, "records.clock.disagreed", details=details) as event:
            raise_alert("clocks_disagree", event_id=event.id, actor=actor, details=details)
    return difference


def was_told_lately(database_time: dt.datetime) -> bool:
    """Tell whether the last such event is younger than the repetition."""
    last = Event.objects.filter(act="records.clock.disagreed").order_by("-id").first()
    return last is not None and database_time - last.at < REPEAT_AFTER
