"""The devices that the demonstration's people hold: paired, read and never asked twice for one code.

While the plant is made whoever signs holds a quick token, whose code changes every few seconds;
it is paired like any other and replaced, with a code of it, once the plant stands. So each
signature spends a fresh code of the signer's own, and nobody waits half a minute for it.
"""

from __future__ import annotations

import datetime as dt
import time

from django.conf import settings

from qms.accounts import codes
from qms.accounts.enrolment import Pairing
from qms.accounts.models import TotpDevice, User
from qms.accounts.seeds import make_seed, open_seed, seal_seed
from qms.home.errors import NotADemonstration
from records.clock import now
from signatures.models import AuthenticationState

QUICK_SECONDS = 3
ROOM = dt.timedelta(seconds=1.5)
"""How long a code must still count when it is typed: password hashes come before its check."""
HASHING = dt.timedelta(seconds=0.5)
"""From reading the codes of a new device to their check, one password hash later."""


def pair_new(person: User, *, step_seconds: int) -> Pairing:
    """Return a new device with two codes that follow one another; the code it shows now is unused.

    Near the end of a step it waits for the next one: codes typed a step later would look like a slow clock.
    """
    seed, clock = make_seed(), codes.Clock(step_seconds)
    left = clock.starts_at(clock.step_at(now()) + 1) - now()
    if left < HASHING:
        time.sleep(left.total_seconds())
    step = clock.step_at(now())
    first, second = codes.code_of(seed, step - 2), codes.code_of(seed, step - 1)
    return Pairing(seal_seed(seed, user_id=person.pk), first, second, step_seconds)


def read_code(person: User) -> str:
    """Return a code of the person's device that was never used, waiting for it if need be.

    Raises: `NotADemonstration`.
    """
    if not settings.DEMO:
        raise NotADemonstration
    device = TotpDevice.objects.get(user=person, confirmed=True)
    step = await_step(person, device.clock)
    return codes.code_of(open_seed(bytes(device.seed), user_id=person.pk), step)


def await_code(person: User) -> None:
    """Wait until the person's device shows a code that was never used."""
    await_step(person, TotpDevice.objects.get(user=person, confirmed=True).clock)


def await_step(person: User, clock: codes.Clock) -> int:
    """Return the step of a code that was never used, once the device has come to it."""
    used = AuthenticationState.objects.values_list("last_code_step", flat=True).get(user=person)
    step = find_fresh_step(clock, used=used, at=now())
    wait = (clock.starts_at(step) - now()).total_seconds()
    if wait > 0:
        time.sleep(wait)
    return step


def find_fresh_step(clock: codes.Clock, *, used: int | None, at: dt.datetime) -> int:
    """Return the first step after the used one whose code, read now, still counts when it is typed."""
    present = clock.step_at(at)
    has_room = present in clock.steps_that_count(at + ROOM)
    earliest = present if has_room else present + 1
    return earliest if used is None else max(earliest, used + 1)
