"""The system page shows sealing and verification; QA's home page shows the last verification."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from qms.home.lines import Line
from qms.home.system import VERIFY_HOURS, find_lines
from records.clock import now
from records.evidence import system_actor
from records.ledger.lag import watch_sealing
from records.ledger.sealing import seal_events
from records.models import Event, OutboxItem
from records.outbox import work_off
from records.verifying.runs import verify_all
from tests.records.ledger.sealing_stage import DATABASES, attack, make_events, sealer_keys

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.clause("11.10(a)")]

SYSTEM = system_actor("tests")


@pytest.fixture
def store(settings, tmp_path):
    settings.SEALER_KEYS_ROOT = sealer_keys(tmp_path).root
    settings.FILES_ROOT = tmp_path / "files"
    settings.FILES_ROOT.mkdir()
    return sealer_keys(tmp_path)


def line(name: str) -> Line:
    return next(found for found in find_lines() if found.name == name)


def test_sealing_is_shown_with_its_limit(store, settings, admin_connection):
    make_events(3)
    seal_events(store)
    assert line("Sealing of the ledger") == Line(
        "Sealing of the ledger", "3 leaves; all sealed", True, line("Sealing of the ledger").what_to_do
    )
    make_events(2)
    settings.SEAL_LAG_SECONDS = 60
    attack(admin_connection, "UPDATE records_event SET at = at - interval '2 minutes'")
    found = line("Sealing of the ledger")
    assert not found.is_good
    assert "2 events wait" in found.value
    assert "limit 60 s" in found.value


def test_the_last_verification_is_shown_clean_overdue_or_unsigned(store, qa_manager):
    seal_events(store)
    home = lambda: qa_manager.client().get(reverse("home:home")).content.decode()  # noqa: E731
    assert "Last verification: never" in home()
    verify_all(actor=SYSTEM, store=store)
    assert line("Last verification").is_good
    assert "full: clean, signed." in home()
    with time_machine.travel(now() + dt.timedelta(hours=VERIFY_HOURS, minutes=1)):
        assert "overdue" in line("Last verification").value
    verify_all(actor=SYSTEM)
    assert not line("Last verification").is_good
    assert "not signed by the sealer" in home()


def test_findings_are_shown(store, qa_manager, admin_connection):
    make_events(2)
    seal_events(store)
    attack(
        admin_connection, "UPDATE records_event SET reason = 'x' WHERE id = (SELECT max(event_id) FROM records_leaf)"
    )
    verify_all(actor=SYSTEM, store=store)
    page = qa_manager.client().get(reverse("home:home")).content.decode()
    assert "1 findings" in page
    assert "show the findings to the quality unit" in page


def test_others_do_not_see_it(store, operator):
    assert "Last verification" not in operator.client().get(reverse("home:home")).content.decode()


def test_a_delay_is_told_once_when_it_begins_and_once_when_it_ends(store, settings, admin_connection, mailoutbox):
    make_events(2)
    watch_sealing()
    assert not Event.objects.filter(act__startswith="records.sealing").exists()
    attack(admin_connection, "UPDATE records_event SET at = at - interval '10 minutes'")
    for _ in range(3):
        watch_sealing()
    assert list(Event.objects.filter(act__startswith="records.sealing").values_list("act", flat=True)) == [
        "records.sealing.delayed"
    ]
    work_off()
    assert [mail.to for mail in mailoutbox] == [[settings.SECURITY_CONTACT]]
    assert "Sealing is behind" in mailoutbox[0].body
    seal_events(store)
    for _ in range(2):
        watch_sealing()
    assert Event.objects.filter(act="records.sealing.recovered").count() == 1
    assert OutboxItem.objects.count() == 1
