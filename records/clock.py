"""The one place where the application takes the time."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """Return the application's current instant, aware, in UTC.

    Evidence never rests on it: events and signatures store the database clock
    beside it. Serves: 21 CFR 11.10(e).
    """
    return dt.datetime.now(tz=dt.UTC)
