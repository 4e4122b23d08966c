"""Asking a worker to look: a message that may be lost or doubled, since the database holds the work.

Never refuses a page because the broker is away: the watchdog asks again later.
"""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

QUEUE = "inference"


def ask_for_run(run_id: int) -> bool:
    """Ask a worker to work on a run; tell whether the broker took the message."""
    return _send("qms.batches.tasks.inspect_batch", run_id)


def ask_for_import(import_id: int) -> bool:
    """Ask a worker to take an import that a person chose."""
    return _send("qms.batches.tasks.take_import", import_id)


def ask_for_overlays(batch_id: int) -> bool:
    """Ask a worker for the overlays of a batch."""
    return _send("qms.batches.tasks.make_overlays", batch_id)


def _send(task: str, key: int) -> bool:
    try:
        current_app.send_task(task, args=[key], queue=QUEUE, retry=False, ignore_result=True)
    except OperationalError as error:
        log.warning("broker unreachable, %s(%s) waits for the watchdog: %s", task, key, error)
        return False
    return True
