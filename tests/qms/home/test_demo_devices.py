"""A device of the demonstration is never asked twice for one code, and only in a demonstration."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.test import override_settings

from qms.accounts.codes import Clock
from qms.home.demo.cast import TRIES, TYPING_AT_ONCE, Cast
from qms.home.demo.devices import find_fresh_step, read_code
from qms.home.errors import NotADemonstration
from signatures.errors_authentication import CredentialsRefused
from signatures.signing import Credentials
from tests.people import Person

AT = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.UTC)
CLOCK = Clock(3)
NOW = CLOCK.step_at(AT)


@pytest.mark.parametrize(
    ("late", "used", "wanted"),
    [
        (0.0, None, NOW),
        (0.0, NOW - 1, NOW),
        (0.0, NOW, NOW + 1),
        (0.0, NOW + 2, NOW + 3),
        (2.4, NOW - 1, NOW),
        (2.5, NOW - 1, NOW + 1),
    ],
    ids=["never used", "used before", "used now", "used ahead", "time enough", "too late in its step"],
)
def test_the_step_is_unused_and_leaves_time_to_type_it(late: float, used: int | None, wanted: int):
    assert find_fresh_step(CLOCK, used=used, at=AT + dt.timedelta(seconds=late)) == wanted


@pytest.mark.django_db
def test_outside_a_demonstration_no_device_is_read(operator: Person):
    with override_settings(DEMO=False), pytest.raises(NotADemonstration):
        read_code(operator.user)


def test_a_code_that_was_over_before_it_was_checked_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch):
    cast, seen = Cast("a password", code_seconds=3), []
    codes = iter(["late", "good"])
    monkeypatch.setattr(Cast, "user", lambda self, username: username)
    monkeypatch.setattr("qms.home.demo.devices.await_code", lambda person: None)
    monkeypatch.setattr("qms.home.demo.devices.read_code", lambda person: next(codes))

    def act(typed: Credentials) -> str:
        seen.append(typed.code)
        if typed.code == "late":
            raise CredentialsRefused(tries="4 tries")
        return "done"

    assert cast.type_credentials("vera", act) == "done"
    assert seen == ["late", "good"]


def test_what_is_refused_three_times_is_refused(monkeypatch: pytest.MonkeyPatch):
    tried: list[str] = []
    monkeypatch.setattr(Cast, "user", lambda self, username: username)
    monkeypatch.setattr("qms.home.demo.devices.await_code", lambda person: None)
    monkeypatch.setattr("qms.home.demo.devices.read_code", lambda person: "000000")

    def act(typed: Credentials) -> None:
        tried.append(typed.code)
        raise CredentialsRefused(tries="4 tries")

    with pytest.raises(CredentialsRefused):
        Cast("a password", code_seconds=3).type_credentials("vera", act)
    assert len(tried) == TRIES


def test_so_many_type_at_once_and_one_person_one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Cast, "user", lambda self, username: username)
    monkeypatch.setattr("qms.home.demo.devices.await_code", lambda person: None)
    monkeypatch.setattr("qms.home.demo.devices.read_code", lambda person: "123456")
    people = ("ana", "jon", "rita", "maria", "vera", "vera", "vera", "vera")
    cast, at_work, seen = Cast("a password", code_seconds=3), Counter(dict.fromkeys(people, 0)), []

    def act(username: str, typed: Credentials) -> None:
        at_work[username] += 1
        seen.append((at_work.total(), max(at_work.values())))
        time.sleep(0.02)
        at_work[username] -= 1

    with ThreadPoolExecutor(len(people)) as desks:
        acts = [desks.submit(cast.type_credentials, name, partial(act, name)) for name in people]
    assert [done.exception() for done in acts] == [None] * len(people)
    assert max(seen) == (TYPING_AT_ONCE, 1)
