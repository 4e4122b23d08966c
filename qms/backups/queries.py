"""Reads about sets, drills and jobs, for the pages and the health page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from qms.backups.models import BackupDrill, BackupJob, BackupSet
from qms.backups.record_checks import find_fault

JOBS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ShownDrill:
    """A drill as the page tells it: its row, its report, and whether its signature still fits."""

    drill: BackupDrill
    report: dict[str, Any]
    fault: str

    @property
    def is_good(self) -> bool:
        """Tell whether the set passed and the record of it is as signed."""
        return self.drill.passed and not self.fault


def sets_with_drills() -> QuerySet[BackupSet]:
    """Return the sets, newest first, each with its drills, newest first."""
    return BackupSet.objects.prefetch_related(Prefetch("drills", queryset=BackupDrill.objects.order_by("-id")))


def load_set(name: str) -> BackupSet:
    """Return a set by its name. Raises: Http404."""
    found = sets_with_drills().filter(name=name).first()
    if found is None:
        raise Http404
    return found


def show_drills(backup: BackupSet) -> list[ShownDrill]:
    """Return a set's drills, newest first, each checked against its signature."""
    drills = BackupDrill.objects.select_related("backup").filter(backup=backup).order_by("-id")
    return [ShownDrill(drill, json.loads(bytes(drill.report)), find_fault(drill)) for drill in drills]


def open_jobs() -> list[BackupJob]:
    """Return the jobs that wait or run, oldest first."""
    return list(BackupJob.objects.filter(state__in=("queued", "running")).select_related("backup").order_by("id"))


def last_jobs() -> list[BackupJob]:
    """Return the last jobs that are over, newest first."""
    over = BackupJob.objects.filter(state__in=("done", "failed")).select_related("backup", "asked_by")
    return list(over.order_by("-id")[:JOBS_SHOWN])


def newest_set() -> BackupSet | None:
    """Return the newest set."""
    return BackupSet.objects.order_by("-id").first()


def newest_drill() -> BackupDrill | None:
    """Return the newest drill."""
    return BackupDrill.objects.select_related("backup").order_by("-id").first()
