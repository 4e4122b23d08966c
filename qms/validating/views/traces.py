"""Pages of the trace matrix: the table, its CSV, and its PDF, which a worker draws."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from qms.validating import pages
from qms.validating.table import read_number
from qms.web.requests import actor_of
from records.stores import file_store
from validation.models import System, TracePrint
from validation.queries import load_record
from validation.trace_prints import request_print
from validation.traceability import count_gaps
from validation.tracing import trace_system, write_csv

TRACED_SHOWN = 100
PRINTS_SHOWN = 3


@login_required
@require_safe
def show_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Show a part of the trace matrix of a system, all of it or only its gaps, and one requirement closely."""
    actor = actor_of(request)
    system = load_record(actor, System, number)
    rows = trace_system(system)
    only_gaps = request.GET.get("show") == "gaps"
    shown = [row for row in rows if row.gaps] if only_gaps else rows
    start = read_number(request.GET.get("from", ""))
    context = {
        "system": system,
        "chosen": next((row for row in rows if row.ref == request.GET.get("req")), None),
        "stay": f"{'show=gaps&' if only_gaps else ''}from={start}&",
        "rows": shown[start : start + TRACED_SHOWN],
        "start": start,
        "following": start + TRACED_SHOWN if len(shown) > start + TRACED_SHOWN else 0,
        "only_gaps": only_gaps,
        "total": len(rows),
        "gaps": count_gaps(rows),
        "whole": len(rows) - count_gaps(rows),
        "prints": system.trace_prints.select_related("requested_by")[:PRINTS_SHOWN],
    }
    return render(request, "validating/trace.html", context)


@login_required
@require_safe
def send_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Send the trace matrix of a system as CSV."""
    system = load_record(actor_of(request), System, number)
    return pages.csv_file(write_csv(trace_system(system)), name=f"{system.number}-trace.csv")


@login_required
@require_POST
def print_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for the trace matrix of a system as a PDF with its table as CSV inside."""
    actor = actor_of(request)
    made = request_print(load_record(actor, System, number), actor=actor)
    return redirect("validating:trace-print", number, made.pk)


def load_print(request: HttpRequest, number: str, pk: int) -> TracePrint:
    """Return a print of a system that the reader may read; not found otherwise."""
    system = load_record(actor_of(request), System, number)
    return get_object_or_404(TracePrint.objects.select_related("system", "file", "requested_by"), system=system, pk=pk)


@login_required
@require_safe
def show_print(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Show how far a PDF of the matrix is; the page may be left."""
    template = "validating/_trace_print.html" if getattr(request, "htmx", False) else "validating/trace_print.html"
    return render(request, template, {"print": load_print(request, number, pk)})


@login_required
@require_safe
def send_print(request: HttpRequest, number: str, pk: int) -> HttpResponse | FileResponse:
    """Send a finished PDF of the matrix, its bytes checked against their hash."""
    found = load_print(request, number, pk)
    if found.file is None:
        return redirect("validating:trace-print", number, pk)
    content = file_store().open_checked(found.file.sha256)
    answer = FileResponse(
        content, as_attachment=True, filename=f"{number}-trace.pdf", content_type=found.file.media_type
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
