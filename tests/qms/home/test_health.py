"""The system page and its JSON: every part with value, limit and what to do, the failing ones first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from qms.backups.models import BackupDrill, BackupSet
from qms.home.system import describe_system
from records.acting import acting
from records.clock import now
from records.evidence import system_actor
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(a)", "11.10(c)")]
PARTS = (
    *(
        "Software",
        "Database",
        "Migrations",
        "Broker",
        "Workers",
        "Clock offset",
        "Sealing of the ledger",
        "Witness of the ledger",
        "Database guards",
    ),
    *("Free space for files", "Promised work waiting", "Work that failed repeatedly", "Last verification"),
    *("Site authority", "Organisation's seal", "People's certificates"),
    *("Last backup", "Last verified restore", "Last backup job"),
)


def lines() -> dict[str, Any]:
    return {line.name: line for line in describe_system()}


def remember_set(*, passed: bool | None = None) -> None:
    facts: dict[str, Any] = {"name": f"set-{BackupSet.objects.count()}", "rows": 1, "files": 1}
    with acting(system_actor("tests"), "backups.set.made", details=facts):
        made = BackupSet.objects.create(
            **facts, folder="nowhere", manifest_sha256="0" * 64, signer="0" * 64, size=1, newest_event=1, seconds=1
        )
        if passed is not None:
            BackupDrill.objects.create(
                backup=made, passed=passed, report=b"{}", signature=b"0", public_key=b"0", seconds=1
            )


def test_every_part_is_named_and_the_failing_ones_stand_first(administrator: Person):
    found = describe_system()
    assert {line.name for line in found} >= set(PARTS)
    grades = [line.grade for line in found]
    assert grades == sorted(grades, key=("failing", "near", "good").index)
    assert lines()["Last backup"].value == "no backup yet"
    assert lines()["Migrations"].is_good
    assert lines()["Broker"].is_good
    assert "nobody serves default" in lines()["Workers"].value
    assert all(line.what_to_do for line in found if line.grade == "failing")


def test_an_old_backup_and_a_failed_or_forgotten_drill_need_attention(administrator: Person):
    remember_set(passed=True)
    assert lines()["Last backup"].is_good
    assert lines()["Last verified restore"].is_good
    with time_machine.travel(now() + dt.timedelta(hours=27)):
        assert not lines()["Last backup"].is_good
        assert lines()["Last verified restore"].is_good
        assert not lines()["Clock offset"].is_good
    with time_machine.travel(now() + dt.timedelta(days=93)):
        assert not lines()["Last verified restore"].is_good
    remember_set(passed=False)
    assert not lines()["Last verified restore"].is_good


def test_monitoring_reads_the_same_as_json_and_nobody_else_does(administrator: Person, operator: Person):
    answer = administrator.client().get(reverse("home:health"))
    told = answer.json()
    assert told["good"] is False
    assert {line["name"] for line in told["lines"]} >= set(PARTS)
    assert {"name", "value", "limit", "grade", "advice"} == set(told["lines"][0])
    assert operator.client().get(reverse("home:health")).status_code == 403
