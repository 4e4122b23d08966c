"""Telling several things at once, as people who do not wait for one another would do them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

AT_ONCE = 3
"""On two cores more would only wait for one another."""

Lane = Callable[[], None]


def tell_together(*lanes: Lane) -> None:
    """Tell every lane in a thread of its own, so many at once; what one raised is raised once all have ended."""
    with ThreadPoolExecutor(min(len(lanes), AT_ONCE)) as aside:
        told = [aside.submit(tell_aside, lane) for lane in lanes]
        for lane in told:
            lane.result()


def tell_aside(lane: Lane) -> None:
    """Tell a lane and leave none of its thread's connections behind."""
    try:
        lane()
    finally:
        connections.close_all()
