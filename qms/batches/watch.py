"""The watchdog: finds open runs, imports and overlays that nobody works on, and asks for them again.

Whether somebody works is told by the lock of `qms.batches.locks`, never by a clock. The
pause between two questions only keeps the queue short; an extra message does no harm.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from qms.batches.dispatch import ask_for_import, ask_for_overlays, ask_for_run
from qms.batches.importing import give_up_abandoned
from qms.batches.inspecting import give_up_run, makes_no_progress, replace_interrupted
from qms.batches.locks import Work, hold_work
from qms.batches.models import FileImport, InspectionRun, RunHeartbeat
from qms.batches.overlays import batches_without_overlays
from records.clock import now
from records.workflow import lock_record

ASK_AGAIN_AFTER = dt.timedelta(seconds=20)


def ask_for_forgotten() -> None:
    """Ask again for every run, import and overlay that waits or was left by a dead worker."""
    for run in InspectionRun.objects.filter(state__in=("queued", "running"), batch__state="inspecting"):
        revive_run(run)
    for pk in FileImport.objects.filter(state=FileImport.State.TAKING).values_list("pk", flat=True):
        with hold_work(Work.IMPORT, pk) as is_free:
            pass
        if is_free:
            ask_for_import(pk)
    for batch_id in batches_without_overlays():
        with hold_work(Work.OVERLAYS, batch_id) as is_free:
            pass
        if is_free:
            ask_for_overlays(batch_id)
    give_up_abandoned()


def revive_run(run: InspectionRun) -> None:
    """Ask for a queued run; record a dead worker's run as interrupted and ask for the next attempt."""
    with hold_work(Work.INSPECTION, run.batch_id) as is_free:
        if not is_free or was_asked_lately(run):
            return
        with transaction.atomic():
            lock_record(run.batch)
            found = InspectionRun.objects.select_for_update(of=("self",)).select_related("batch").get(pk=run.pk)
            if found.state == InspectionRun.State.RUNNING and makes_no_progress(found):
                give_up_run(found)
                return
            if found.state == InspectionRun.State.RUNNING:
                found = replace_interrupted(found)
            elif found.state != InspectionRun.State.QUEUED:
                return
            RunHeartbeat.objects.update_or_create(run=found, defaults={"beat_at": now()})
    ask_for_run(found.pk)


def was_asked_lately(run: InspectionRun) -> bool:
    """Tell whether a queued run was asked for moments ago; a running one without its lock never waits."""
    if run.state == InspectionRun.State.RUNNING:
        return False
    heartbeat = RunHeartbeat.objects.filter(run=run).first()
    asked_at = heartbeat.beat_at if heartbeat else run.started_at
    return asked_at > now() - ASK_AGAIN_AFTER
