"""A clock that was changed is an event, and somebody is told."""

import datetime as dt

import pytest
import time_machine

from records.clock import now
from records.models import Event, OutboxItem
from signatures.clocks import check_clocks

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)")]

ACT = "records.clock.disagreed"


def test_clocks_that_agree_leave_nothing():
    assert abs(check_clocks()) < dt.timedelta(seconds=2)
    assert not Event.objects.filter(act=ACT).exists()


@pytest.mark.parametrize("jump", [dt.timedelta(hours=1), -dt.timedelta(hours=1), dt.timedelta(seconds=5)])
def test_a_changed_clock_is_an_event_and_an_alert(jump):
    with time_machine.travel(now() + jump):
        check_clocks()
    event = Event.objects.get(act=ACT)
    assert abs(float(event.details["seconds"]) - jump.total_seconds()) < 2
    assert OutboxItem.objects.filter(kind="accounts.security_alert", payload__event=event.pk).exists()


def test_a_difference_that_lasts_is_not_told_every_minute():
    with time_machine.travel(now() + dt.timedelta(hours=1)):
        check_clocks()
        check_clocks()
    assert Event.objects.filter(act=ACT).count() == 1
