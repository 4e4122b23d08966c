"""An administrator asks for a backup or a drill; one process does it, and a job whose process died is not lost."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from qms.backups import jobs
from qms.backups.errors import JobAlreadyAsked
from qms.backups.models import BackupDrill, BackupJob, BackupSet
from records.clock import now
from records.errors import RoleNotAllowed
from records.models import Event
from tests.people import Person
from tests.qms.backups.conftest import Installation
from tests.qms.scene import make_known_set

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(c)")]
LIST = reverse("backups:list")


def page_of(person: Person, path: str = LIST) -> str:
    return person.client().get(path).content.decode()


def test_a_backup_and_its_drill_are_made_from_the_page_and_shown_as_verified(
    installation: Installation, administrator: Person
):
    assert "No backup yet." in page_of(administrator)
    assert administrator.client().post(reverse("backups:start")).status_code == 302
    assert "Waiting for the backup process" in page_of(administrator)
    assert jobs.work_off_jobs() == 1
    made = BackupSet.objects.get()
    page = page_of(administrator)
    for text in (made.name, f"{made.files} files", "Not yet", "asked for by Ada Minh"):
        assert text in page
    assert administrator.client().post(reverse("backups:drill", args=[made.name])).status_code == 302
    assert jobs.work_off_jobs() == 1
    assert "Verified" in page_of(administrator)
    shown = page_of(administrator, reverse("backups:set", args=[made.name]))
    assert "Everything is there." in shown
    assert f"{made.rows} expected, {made.rows} restored" in shown
    assert BackupDrill.objects.get().passed
    asked = Event.objects.filter(act="backups.job.requested").order_by("id")
    assert [event.details["kind"] for event in asked] == ["backup", "restore drill"]
    assert {event.actor_username for event in asked} == {"administrator"}


def test_a_second_request_waits_for_the_first(backup_settings: object, administrator: Person):
    jobs.ask_for_backup(actor=administrator.actor())
    with pytest.raises(JobAlreadyAsked):
        jobs.ask_for_backup(actor=administrator.actor())
    assert BackupJob.objects.count() == 1


@pytest.mark.clause("11.10(g)")
def test_nobody_but_an_administrator_asks(backup_settings: object, qa_manager: Person):
    with pytest.raises(RoleNotAllowed):
        jobs.ask_for_backup(actor=qa_manager.actor())
    assert qa_manager.client().post(reverse("backups:start")).status_code == 403
    assert BackupJob.objects.count() == 0


def test_a_job_that_cannot_be_done_says_why(backup_settings: object, administrator: Person, settings: Settings):
    settings.BACKUP = dataclasses.replace(settings.BACKUP, database={})
    jobs.ask_for_backup(actor=administrator.actor())
    jobs.work_off_jobs()
    page = page_of(administrator)
    assert "This process makes no backups: BACKUP_DATABASE_URL is not set." in page
    assert BackupJob.objects.get().state == "failed"


def test_a_job_whose_process_died_is_marked_and_can_be_asked_for_again(backup_settings: object, administrator: Person):
    job = jobs.ask_for_backup(actor=administrator.actor())
    BackupJob.objects.filter(pk=job.pk).update(state="running")
    jobs.work_off_jobs()
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The process that did it ended. Start it again.")
    jobs.ask_for_backup(actor=administrator.actor())


def test_the_daily_backup_is_asked_for_once_after_its_time(backup_settings: object, settings: Settings, crew: object):
    noon = (now() + dt.timedelta(days=2)).replace(hour=12, minute=0)
    assert jobs.plan_due_backup(noon) is None
    settings.BACKUP = dataclasses.replace(settings.BACKUP, daily_at=dt.time(2, 30, tzinfo=dt.UTC))
    assert jobs.plan_due_backup(now() - dt.timedelta(days=1)) is None
    job = jobs.plan_due_backup(noon)
    assert job is not None
    BackupJob.objects.filter(pk=job.pk).update(asked_at=noon, state="done")
    assert jobs.plan_due_backup(noon + dt.timedelta(hours=14)) is None
    assert jobs.plan_due_backup(noon + dt.timedelta(hours=15)) is not None
    assert {event.actor_username for event in Event.objects.filter(act="backups.job.requested")} == {"system:schedule"}


def test_a_set_that_a_timer_made_shortly_before_is_the_daily_one(
    backup_settings: object, settings: Settings, crew: object
):
    make_known_set()
    due = now() + dt.timedelta(minutes=30)
    settings.BACKUP = dataclasses.replace(settings.BACKUP, daily_at=due.timetz())
    assert jobs.plan_due_backup(due + dt.timedelta(minutes=1)) is None
    assert jobs.plan_due_backup(due + dt.timedelta(days=1, minutes=1)) is not None
