"""Background work of backups, on the queue of the backup process alone."""

from __future__ import annotations

from celery import shared_task

from qms.backups import jobs
from records.clock import now


@shared_task(name=jobs.TASK, queue=jobs.QUEUE, ignore_result=True)
def work_off() -> int:
    """Ask for the daily backup where it is due, and do what was asked for."""
    jobs.plan_due_backup(now())
    return jobs.work_off_jobs()
