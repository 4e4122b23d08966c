"""The trace matrix of a system on paper: PDF/A with the table as CSV inside, named by that table's SHA-256.

Nobody signs it; the signed copy of a matrix is part of the summary report.
Serves: EU GMP Annex 11 §4.4; 21 CFR 11.10(b).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from records.digests import sha256_hex
from records.pdf import EmbeddedFile, render_pdf
from signatures.manifestation import write_moment
from signatures.renditions import document_look
from validation.assembling import describe_traced
from validation.models import System
from validation.traceability import Traced, count_gaps
from validation.tracing import write_csv


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
