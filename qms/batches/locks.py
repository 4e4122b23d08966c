"""One worker at a time on one piece of work, by a lock that PostgreSQL gives back when the worker dies.

The lock belongs to the database connection. So whoever gets it knows that nobody else
works, without trusting a clock: a killed worker's lock is free as soon as its connection
is gone, and a message that the broker delivers twice finds the lock taken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum

from django.db import InterfaceError, OperationalError, connection


class Work(IntEnum):
    """The kinds of work; the first half of the lock's key."""

    INSPECTION = 7101
    IMPORT = 7102
    OVERLAYS = 7103


@contextlib.contextmanager
def hold_work(kind: Work, key: int) -> Iterator[bool]:
    """Hold the lock of one piece of work; yields False when somebody else holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (int(kind), key))
        is_held = bool(cursor.fetchone()[0])
    try:
        yield is_held
    finally:
        # A lost connection has given the lock back already.
        with contextlib.suppress(InterfaceError, OperationalError):
            if is_held:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (int(kind), key))
