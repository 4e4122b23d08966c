"""Pages of automated results: a report is chosen, looked at step by step, then recorded."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from qms.validating import pages
from qms.validating.reports import ReportForm
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.automation import preview_report, record_report
from validation.models import Execution
from validation.queries import load_record
from validation.workflow import ENGINEERS


@login_required
@require_http_methods(["GET", "POST"])
def import_results(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a report of automated tests would record, then record it."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    form = ReportForm(request.POST if request.method == "POST" else None, request.FILES or None, execution=execution)
    report = pages.try_rule(form, form.read) if form.is_valid() else None
    if report and "confirm" in request.POST and not request.FILES:  # another file is another preview
        rule = lambda: record_report(execution, report, actor=actor, steps=form.cleaned_data["steps"])  # noqa: E731
        if (made := pages.try_rule(form, rule)) is not None:
            text = ngettext("{count} result is recorded.", "{count} results are recorded.", len(made))
            messages.success(request, text.format(count=len(made)))
            return redirect("validating:execution-detail", number)
    offers, loose = preview_report(execution, report) if report else ([], [])
    taken = [row.outcome.step for row in offers if row.is_taken]
    context = {"form": form, "record": execution, "report": report, "offers": offers, "loose": loose, "taken": taken}
    context["kept"] = form.keep(report) if report else ""
    return render(request, "validating/results_import.html", context, status=422 if form.errors else 200)
