"""Progress on a terminal: one line a step, counted steps now and then."""

from __future__ import annotations

import time
from typing import Protocol

SECONDS_BETWEEN = 2.0


class Writable(Protocol):
    """What lines are written to."""

    def write(self, text: str) -> object:
        """Write one line."""


class ProgressLine:
    """Tells each new step, and how far a counted one is at most every two seconds."""

    def __init__(self, out: Writable) -> None:
        self.out = out
        self.step, self.told_at = "", 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell the step where that is news."""
        is_news = step != self.step or (total > 0 and time.monotonic() - self.told_at > SECONDS_BETWEEN)
        if not is_news:
            return
        self.step, self.told_at = step, time.monotonic()
        self.out.write(f"{step} …" if total == 0 else f"{step}: {done:,} of {total:,}")
