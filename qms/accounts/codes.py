"""One-time codes after RFC 6238 (TOTP over SHA-1, six digits): which step a code belongs to.

Owns how long a code counts. Deviation from OWASP ASVS 6.5.5 (30 s), recorded here on purpose:
the code of the step before is still taken in the first `GRACE_SECONDS` of a step, since one in
four codes is read near its end and would otherwise be refused while it is typed and sent
(RFC 6238, 5.2). A code lives 40 s at most, not the 90 s of common libraries, and counts once.
Pure: no Django. Serves: 21 CFR 11.200(a)(1), 11.300(e).
"""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass

from django_otp.oath import hotp

STEP_SECONDS = 30
GRACE_SECONDS = 10
DIGITS = 6
DRIFT_REACH = 20
"""Steps to either side in which a device's own clock is looked for (10 minutes)."""
TEST_PERIOD = dt.timedelta(days=365)
"""A device is tested at least this often (21 CFR 11.300(e))."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a device counts time. Units: seconds in a step; ``drift`` in steps ahead of ours."""

    step_seconds: int = STEP_SECONDS
    drift: int = 0

    def step_at(self, at: dt.datetime) -> int:
        """Return the step that the device is in at an instant of our clock."""
        return int(at.timestamp()) // self.step_seconds + self.drift

    def starts_at(self, step: int) -> dt.datetime:
        """Return when, by our clock, the device enters a step."""
        return dt.datetime.fromtimestamp((step - self.drift) * self.step_seconds, tz=dt.UTC)

    def steps_that_count(self, at: dt.datetime) -> tuple[int, ...]:
        """Return the steps whose codes are taken at an instant."""
        current = self.step_at(at)
        grace = min(GRACE_SECONDS, self.step_seconds / 3)
        is_early = at < self.starts_at(current) + dt.timedelta(seconds=grace)
        return (current, current - 1) if is_early else (current,)


def code_of(seed: bytes, step: int) -> str:
    """Return the code of a step."""
    return f"{hotp(seed, step, digits=DIGITS):0{DIGITS}d}"


def normal_code(text: str) -> str:
    """Return a typed code without the spaces that people put into it."""
    return "".join(text.split())


def find_step(seed: bytes, code: str, *, clock: Clock, at: dt.datetime, reach: int = 0) -> int | None:
    """Return the step whose code this is, nearest first; ``reach`` looks that many steps further."""
    typed = normal_code(code)
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    steps = clock.steps_that_count(at)
    further = [steps[0] + sign * distance for distance in range(1, reach + 1) for sign in (-1, 1)]
    found = None
    for step in dict.fromkeys([*steps, *further]):  # all are compared, so that time tells nothing
        if hmac.compare_digest(code_of(seed, step), typed) and found is None:
            found = step
    return found


def find_drift(seed: bytes, first: str, second: str, *, step_seconds: int, at: dt.datetime) -> tuple[int, int] | None:
    """Return (drift, last step) shown by two consecutive codes, or None if they are not such.

    A token that seems one step behind is most likely right and was read a moment ago.
    Serves: 21 CFR 11.300(e).
    """
    plain = Clock(step_seconds)
    last = find_step(seed, second, clock=plain, at=at, reach=DRIFT_REACH)
    if last is None or not hmac.compare_digest(code_of(seed, last - 1), normal_code(first)):
        return None
    drift = last - plain.step_at(at)
    return (0 if drift == -1 else drift), last
