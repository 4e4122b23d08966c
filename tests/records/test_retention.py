"""Every kind of record has a retention rule with its source, and nothing is deletable before or after."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from records.acting import acting
from records.evidence import system_actor
from records.models import ControlledRecord
from records.retention import RULES, compute_ledger_retain_until, compute_retain_until, describe_retention
from tests.records.making_rows import make_row

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(c)")]

KINDS = [model for model in apps.get_models() if issubclass(model, ControlledRecord) and model is not ControlledRecord]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind._meta.label)
def test_every_kind_of_record_names_a_rule_with_its_source(kind):
    rule = RULES[kind.RETENTION_RULE]
    assert rule.citation
    assert rule.start_event
    assert rule.years >= 1


def test_the_rule_is_said_in_words_and_a_legal_hold_with_it():
    record = ControlledRecord(number="BR-2026-0001", retention_rule="gmp_batch", legal_hold=True)
    assert describe_retention(record) == (
        "at least 1 year after batch expiry (21 CFR 211.180(a); EU GMP Chapter 4, 4.11). A legal hold stops the clock."
    )


@pytest.mark.parametrize("hold", [True, False])
def test_no_act_can_delete_a_record_with_or_without_a_hold(hold):
    system = system_actor("tests")
    with acting(system, "records.installation.started"):
        record = make_row(ControlledRecord)
        ControlledRecord.objects.filter(pk=record.pk).update(legal_hold=hold)
    with acting(system, "records.installation.started"), pytest.raises(DatabaseError), transaction.atomic():
        record.delete()
    assert ControlledRecord.objects.filter(pk=record.pk).exists()


AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "started_on", "hold", "until"),
    [
        ("gmp_batch", date(2027, 6, 30), False, datetime(2028, 7, 1, tzinfo=UTC)),
        ("trial", date(2026, 1, 1), False, datetime(2051, 1, 2, tzinfo=UTC)),
        ("gmp_batch", None, False, datetime(2027, 11, 26, tzinfo=UTC)),
        ("gmp_batch", date(2020, 1, 1), True, datetime(2027, 11, 26, tzinfo=UTC)),
        ("gmp_batch", date(2030, 1, 1), True, datetime(2031, 1, 2, tzinfo=UTC)),
        ("gmp_batch", date(2024, 2, 29), False, datetime(2025, 3, 1, tzinfo=UTC)),
    ],
    ids=["batch", "trial", "not started", "held", "held, started later", "leap day"],
)
def test_the_archive_keeps_a_record_by_its_rule_and_at_least_from_now_while_the_clock_stands(
    rule, started_on, hold, until
):
    record = ControlledRecord(retention_rule=rule, retention_started_on=started_on, legal_hold=hold)
    assert compute_retain_until(record, at=AT) == until


def test_the_minimum_before_the_start_event_grows_with_each_asking():
    record = ControlledRecord(retention_rule="master")
    assert compute_retain_until(record, at=AT) < compute_retain_until(record, at=AT + timedelta(days=30))


def test_the_ledger_is_kept_as_long_as_any_record_that_it_proves():
    for rule in RULES:
        assert compute_ledger_retain_until(AT) >= compute_retain_until(ControlledRecord(retention_rule=rule), at=AT)
