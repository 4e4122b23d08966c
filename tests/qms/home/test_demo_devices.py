"""A device of the demonstration is never asked twice for one code, and only in a demonstration."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import override_settings

from qms.accounts.codes import Clock
from qms.home.demo.devices import find_fresh_step, read_code
from qms.home.errors import NotADemonstration
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
