"""Whoever can renew a certificate is told 90, 30 and 7 days before it ends, once each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from records.models import Event
from records.outbox import work_off
from signatures.authority import seal_certificate, site_authority
from signatures.credentials import revoke_certificate
from signatures.expiry import WARN_DAYS, find_limit, warn_of_endings
from signatures.models import Certificate
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.30", "11.300(b)")]
ACT = "signatures.certificate.expiring"


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.KEYS_ROOT = tmp_path / "keys"


def told_at(moment: dt.datetime) -> list[tuple[str, int]]:
    """Ask twice at that moment; return whom the new events name, and how near the end is."""
    last = Event.objects.latest("id").id
    with time_machine.travel(moment):
        warn_of_endings()
        warn_of_endings()
    rows = Event.objects.filter(act=ACT, pk__gt=last).order_by("id")
    return [(row.details["name"], row.details["within_days"]) for row in rows]


@given(st.floats(min_value=0, max_value=400))
def test_the_limit_is_the_shortest_that_holds(days: float) -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    limit = find_limit(at + dt.timedelta(days=days), at)
    holding = [one for one in WARN_DAYS if days <= one]
    assert limit == (min(holding) if holding else None)


def test_a_person_is_told_three_times_by_mail(operator: Person) -> None:
    ends = Certificate.objects.get(owner=operator.user).valid_until
    day = dt.timedelta(days=1)
    assert told_at(ends - 91 * day) == []
    name = operator.user.printed_name
    heard = [row for days in (90, 89, 29, 6, 1) for row in told_at(ends - days * day) if row[0] == name]
    assert heard == [(name, 90), (name, 30), (name, 7)]
    mail.outbox.clear()
    while work_off():
        pass
    own = [one for one in mail.outbox if one.to == [operator.user.email] and "certificate ends" in one.subject]
    assert len(own) == 3
    assert f"{ends:%Y-%m-%d}" in own[0].body


def test_nobody_is_told_of_what_was_revoked_or_is_over(operator: Person, security_officer: Person) -> None:
    ends = Certificate.objects.get(owner=operator.user).valid_until
    name = operator.user.printed_name
    assert name not in dict(told_at(ends + dt.timedelta(days=1)))
    revoke_certificate(
        Certificate.objects.get(owner=operator.user), actor=security_officer.actor(), reason="the phone was lost"
    )
    assert name not in dict(told_at(ends - dt.timedelta(days=5)))


def test_the_security_contact_is_told_of_the_sites_own(operator: Person, settings: Settings) -> None:
    ends = seal_certificate().not_valid_after_utc
    assert ends < site_authority().certificate.not_valid_after_utc
    assert ("the seal", 30) in told_at(ends - dt.timedelta(days=20))
    mail.outbox.clear()
    while work_off():
        pass
    alerts = [one for one in mail.outbox if one.to == [settings.SECURITY_CONTACT] and "of the seal" in one.body]
    assert len(alerts) == 1
    assert "renew_certificate seal" in alerts[0].body
