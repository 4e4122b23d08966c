"""Pages of the deviations and of the trace matrix."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms import DeviationForm
from qms.validating.table import read_number
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.clock import now
from records.workflow import take_role
from validation.deviations import investigate
from validation.models import Deviation, System
from validation.queries import load_record, records_for
from validation.trace_paper import draw_trace
from validation.traceability import count_gaps
from validation.tracing import trace_system, write_csv
from validation.workflow import ENGINEERS, QA

FIELDS = ("cause", "investigation", "corrective_action", "outcome", "revision")
TRACED_SHOWN = 100


@login_required
@require_safe
def list_deviations(request: HttpRequest) -> HttpResponse:
    """Show the deviations, newest first."""
    rows = records_for(actor_of(request), Deviation).select_related("execution", "entry")
    page = page_through(rows, ordering=["-id"], query=request.GET)
    return render(request, "validating/deviation_list.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def edit_deviation(request: HttpRequest, number: str) -> HttpResponse:
    """Show a deviation; engineers and quality record what they found while it is open."""
    actor = actor_of(request)
    found = load_record(actor, Deviation, number)
    form = DeviationForm(request.POST or None, initial={name: getattr(found, name) for name in FIELDS})
    if request.method == "POST":
        take_role(actor, (*ENGINEERS, *QA))
        if form.is_valid():
            rule = lambda: investigate(found, actor=actor, **form.cleaned_data)  # noqa: E731
            if pages.try_rule(form, rule) is not None:
                messages.success(request, gettext("{number} is saved.").format(number=number))
                return redirect("validating:deviation-detail", number)
    context = pages.record_context(found, actor) | {
        "deviation": found,
        "evidence": found.execution.evidence.filter(step=found.entry.step).select_related("attachment"),
        "form": form,
        "is_editable": found.state == "open" and (actor.holds(pages.ENGINEER) or actor.holds("qa_manager")),
    }
    return render(request, "validating/deviation_detail.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def show_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Show a part of the trace matrix of a system, all of it or only its gaps."""
    actor = actor_of(request)
    system = load_record(actor, System, number)
    rows = trace_system(system)
    only_gaps = request.GET.get("show") == "gaps"
    shown = [row for row in rows if row.gaps] if only_gaps else rows
    start = read_number(request.GET.get("from", ""))
    context = {
        "system": system,
        "rows": shown[start : start + TRACED_SHOWN],
        "start": start,
        "following": start + TRACED_SHOWN if len(shown) > start + TRACED_SHOWN else 0,
        "only_gaps": only_gaps,
        "total": len(rows),
        "gaps": count_gaps(rows),
        "whole": len(rows) - count_gaps(rows),
    }
    return render(request, "validating/trace.html", context)


@login_required
@require_safe
def send_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Send the trace matrix of a system as CSV."""
    system = load_record(actor_of(request), System, number)
    return pages.csv_file(write_csv(trace_system(system)), name=f"{system.number}-trace.csv")


@login_required
@require_safe
def print_trace(request: HttpRequest, number: str) -> HttpResponse:
    """Send the trace matrix of a system as a PDF with its table as CSV inside."""
    system = load_record(actor_of(request), System, number)
    response = HttpResponse(draw_trace(system, trace_system(system), at=now()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{system.number}-trace.pdf"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
