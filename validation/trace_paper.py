"""The trace matrix of a system on paper: PDF/A with the table as CSV inside, named by that table's SHA-256.

Nobody signs it; the signed copy of a matrix is part of the summary report. Drawn from the outbox; idempotent.
Serves: EU GMP Annex 11 §4.4; 21 CFR 11.10(b).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from records.acting import acting
from records.attachments import register_file
from records.clock import now
from records.digests import sha256_hex
from records.errors import Refusal
from records.evidence import system_actor
from records.pdf import EmbeddedFile, render_pdf
from records.stores import file_store
from signatures.manifestation import write_moment
from signatures.renditions import PDF_TYPE, document_look
from validation.assembling import describe_traced
from validation.models import System, TracePrint
from validation.traceability import Traced, count_gaps
from validation.tracing import trace_system, write_csv


def keep_promise(payload: Mapping[str, Any]) -> None:
    """Draw the matrix that a request promised; a refusal is kept as its cause."""
    try:
        make_print(int(payload["print"]))
    except Refusal as refusal:
        fail_print(int(payload["print"]), refusal.text)


def make_print(print_id: int) -> TracePrint:
    """Draw the matrix of a print as it stands now and keep it; doing it again changes nothing.

    Writes: validation_traceprint, records_storedfile, the file and one event.
    """
    found = TracePrint.objects.select_related("system").get(pk=print_id)
    if found.state != TracePrint.State.QUEUED:
        return found
    kept = file_store().add_bytes(draw_trace(found.system, trace_system(found.system), at=now()))
    with transaction.atomic():
        locked = TracePrint.objects.select_for_update().get(pk=print_id)
        if locked.state != TracePrint.State.QUEUED:
            return locked
        with acting(
            system_actor("renditions"), "validation.trace.drawn", found.system, details={"sha256": kept.sha256}
        ):
            locked.file = register_file(sha256=kept.sha256, size=kept.size, media_type=PDF_TYPE)
            locked.state = TracePrint.State.READY
            locked.save(update_fields=["file", "state"])
    return locked


def fail_print(print_id: int, error: str) -> None:
    """Mark a print that could not be drawn, with its cause. Writes: validation_traceprint and one event."""
    with transaction.atomic():
        found = TracePrint.objects.select_for_update().get(pk=print_id)
        with acting(
            system_actor("renditions"), "validation.trace.failed", found.system, details={"error": error[:200]}
        ):
            found.state, found.error = TracePrint.State.FAILED, error[:500]
            found.save(update_fields=["state", "error"])


def draw_trace(system: System, rows: Sequence[Traced], *, at: dt.datetime) -> bytes:
    """Return the matrix as a PDF, as it stands at a moment."""
    table = write_csv(rows).encode()
    context = {
        "organisation": settings.ORGANISATION,
        "system": system,
        "rows": [describe_traced(row) for row in rows],
        "gaps": count_gaps(rows),
        "at": write_moment(at, "UTC"),
        "digest": sha256_hex(table),
    }
    with translation.override(None):  # a copy of records reads the same for everybody
        html = render_to_string("validation/trace_paper.html", context)
    attached = EmbeddedFile(f"{system.number}-trace.csv", table, "text/csv", "Source", "the matrix as a table")
    return render_pdf(
        html, attachments=[attached], identifier=f"{system.number} trace", created=at, look=document_look()
    )
