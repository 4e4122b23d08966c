"""Celery tasks of vial inspection: each looks up by id and calls one idempotent rule."""

from __future__ import annotations

from celery import shared_task

from qms.batches import importing, inspecting, overlays, watch


@shared_task(name="qms.batches.tasks.inspect_batch", queue="inference", ignore_result=True)
def inspect_batch(run_id: int) -> None:
    """Work off one run."""
    inspecting.work_off_run(run_id)


@shared_task(name="qms.batches.tasks.take_import", queue="inference", ignore_result=True)
def take_import(import_id: int) -> None:
    """Take one import that a person chose."""
    importing.take_chosen(import_id)


@shared_task(name="qms.batches.tasks.make_overlays", queue="inference", ignore_result=True)
def make_overlays(batch_id: int) -> None:
    """Make the overlays that a batch still lacks."""
    overlays.make_overlays(batch_id)


@shared_task(name="qms.batches.tasks.watch", ignore_result=True)
def watch_work() -> None:
    """Find work whose worker died or whose message was lost, and ask for it again."""
    watch.ask_for_forgotten()
