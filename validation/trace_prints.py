"""Asking for a trace matrix on paper: a thousand rows take seconds to draw, so a worker draws them.

Stands on no renderer; `trace_paper` does, and is loaded by the worker alone.
Serves: 21 CFR 11.10(b); EU GMP Annex 11 §4.4.
"""

from __future__ import annotations

from django.db import transaction

from records.acting import acting
from records.evidence import Actor
from records.outbox import handled_by, promise
from records.workflow import lock_record
from validation.models import System, TracePrint

OUTBOX_KIND = "validation.trace_print"

handled_by(OUTBOX_KIND, "validation.trace_paper.keep_promise")


def request_print(system: System, *, actor: Actor) -> TracePrint:
    """Ask for the matrix of a system as a PDF; return the one that this person waits for already, if there is one.

    Writes: validation_traceprint and one event; promises the drawing in the outbox.
    """
    with transaction.atomic():
        lock_record(system)
        waiting = system.trace_prints.filter(requested_by_id=actor.person_id, state=TracePrint.State.QUEUED).first()
        if waiting is not None:
            return waiting
        with acting(actor, "validation.trace.requested", system):
            made = TracePrint.objects.create(system=system, requested_by_id=actor.person_id)
        promise(OUTBOX_KIND, key=str(made.pk), payload={"print": made.pk})
    return made
