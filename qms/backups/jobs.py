"""Backups and drills that somebody or the schedule asks for, done one at a time by the backup process.

The database is the queue: a message only wakes the worker. A job whose process died is found by
the next look, since a lock of the server ends with its session. Serves: 21 CFR 11.10(c).
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from kombu.exceptions import OperationalError

from qms.backups.drills import run_drill
from qms.backups.errors import JobAlreadyAsked
from qms.backups.making import make_backup
from qms.backups.models import BackupJob, BackupSet
from records.acting import acting
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor, system_actor
from records.models import Event
from records.workflow import take_role

logger = logging.getLogger(__name__)

TASK, QUEUE = "backups.work_off", "backups"
MADE_BEFORE = dt.timedelta(hours=1)
"""A set that a timer of the system made so shortly before the daily one is the daily one."""
LOCK_KEY = 7_210_055  # of pg_advisory_lock: one process works off jobs
SECONDS_BETWEEN = 1.0
"""Between two notes of how far a job is."""

KEEPERS = ("administrator",)


def ask_for_backup(*, actor: Actor) -> BackupJob:
    """Ask for a backup now. Writes: backups_backupjob, one event. Raises: RoleNotAllowed, JobAlreadyAsked."""
    return _ask(BackupJob.Kind.BACKUP, actor=take_role(actor, KEEPERS), backup=None)


def ask_for_drill(backup: BackupSet, *, actor: Actor) -> BackupJob:
    """Ask for a drill of a set. Writes: backups_backupjob, one event. Raises: RoleNotAllowed, JobAlreadyAsked."""
    return _ask(BackupJob.Kind.DRILL, actor=take_role(actor, KEEPERS), backup=backup)


def _ask(kind: BackupJob.Kind, *, actor: Actor, backup: BackupSet | None) -> BackupJob:
    details = {"kind": kind.label, "set": backup.name if backup else ""}
    try:
        with transaction.atomic(), acting(actor, "backups.job.requested", details=details):
            job = BackupJob.objects.create(kind=kind, backup=backup, asked_by_id=actor.user_id)
            transaction.on_commit(wake_worker)
    except IntegrityError:
        raise JobAlreadyAsked(kind=kind.label) from None
    return job


def wake_worker() -> None:
    """Tell the worker that there is work; where the broker is away, the schedule asks again."""
    try:
        current_app.send_task(TASK, queue=QUEUE, retry=False, ignore_result=True)
    except OperationalError as error:
        logger.warning("broker unreachable, the backup job waits for the schedule: %s", error)


def plan_due_backup(moment: dt.datetime) -> BackupJob | None:
    """Ask for the daily backup once its time is past, unless one was asked for or made since or nothing is that old.

    Writes: backups_backupjob, one event.
    """
    at: dt.time | None = settings.BACKUP.daily_at
    if at is None:
        return None
    due = dt.datetime.combine(moment.date(), at)
    due = due if due <= moment else due - dt.timedelta(days=1)
    was_asked = BackupJob.objects.filter(kind=BackupJob.Kind.BACKUP, asked_at__gte=due).exists()
    was_made = BackupSet.objects.filter(made_at__gte=due - MADE_BEFORE).exists()
    if was_asked or was_made or not Event.objects.filter(at__lt=due).exists():
        return None
    return _ask(BackupJob.Kind.BACKUP, actor=system_actor("schedule"), backup=None)


def work_off_jobs() -> int:
    """Do what was asked for, oldest first; return how many jobs were done.

    Writes: backups_backupjob and what backups and drills write. Where another process works,
    nothing happens.
    """
    done = 0
    with _only_worker() as is_only:
        if not is_only:
            return 0
        bury_dead_jobs()
        while job := BackupJob.objects.filter(state=BackupJob.State.QUEUED).order_by("id").first():
            do_job(job)
            done += 1
    return done


def bury_dead_jobs() -> None:
    """Mark jobs whose process ended before they were over; the caller is the only worker."""
    BackupJob.objects.filter(state=BackupJob.State.RUNNING).update(
        state=BackupJob.State.FAILED, error="The process that did it ended. Start it again.", ended_at=now()
    )


def do_job(job: BackupJob) -> None:
    """Do one job and note what came of it."""
    BackupJob.objects.filter(pk=job.pk).update(state=BackupJob.State.RUNNING, started_at=now())
    asker = job.asked_by
    actor = system_actor("backup", request_id=f"job-{job.pk}")
    note = ProgressNote(job.pk)
    try:
        if job.backup is not None:
            run_drill(job.backup, actor=actor, progress=note, asked_by=asker.printed_name if asker else "")
        else:
            job.backup = make_backup(actor=actor, progress=note)
    except Refusal as refusal:
        _end(job, BackupJob.State.FAILED, refusal.text)
    except Exception:  # the job must not stay open whatever its work does; the log has the cause
        logger.exception("backup job %s failed", job.pk)
        _end(job, BackupJob.State.FAILED, "An unexpected fault; the log of the backup process names it.")
    else:
        _end(job, BackupJob.State.DONE, "")


def _end(job: BackupJob, state: BackupJob.State, error: str) -> None:
    BackupJob.objects.filter(pk=job.pk).update(state=state, error=error, ended_at=now(), backup=job.backup)


class ProgressNote:
    """Notes each new step of a job in its row, and how far a counted one is, about once a second."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        self.step, self.noted_at = "", 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Note the step where that is news."""
        if step == self.step and time.monotonic() - self.noted_at < SECONDS_BETWEEN:
            return
        self.step, self.noted_at = step, time.monotonic()
        BackupJob.objects.filter(pk=self.job_id).update(step=step, done=done, total=total)


@contextmanager
def _only_worker() -> Iterator[bool]:
    """Tell whether this process is the only one that works off jobs, for as long as the block lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
        is_only = bool(cursor.fetchone()[0])
        try:
            yield is_only
        finally:
            if is_only:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))
