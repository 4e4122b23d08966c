"""Pages of the summary reports."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qms.validating import comment_pages, document_pages, pages
from qms.validating.document_forms import ReportForm
from qms.validating.forms import ReasonForm
from qms.web.requests import actor_of
from records.evidence import Actor
from records.workflow import check_transition, perform_transition, take_role
from validation.assembling import report_facts
from validation.comment_threads import open_of_system
from validation.models import SummaryReport, System
from validation.open_points import find_open_points
from validation.queries import load_record
from validation.reports import TEXTS, draft_report, edit_report, refresh_report
from validation.status import standing_of
from validation.subjects import deviation_words
from validation.workflow import ENGINEERS


@login_required
@require_http_methods(["GET", "POST"])
def make_report(request: HttpRequest, number: str) -> HttpResponse:
    """Show what still keeps a system from being reported, or generate its report."""
    actor = actor_of(request)
    system = load_record(actor, System, number)
    if request.method == "POST":
        made = draft_report(system, actor=take_role(actor, ENGINEERS))
        return redirect("validating:report-detail", made.number)
    context = {
        "record": system,
        "points": [
            *document_pages.show_points(find_open_points(report_facts(system))),
            *comment_pages.show_open(open_of_system(system)),
        ],
        "present": SummaryReport.objects.filter(system=system, state="draft").first(),
        "standing": standing_of(system),
        "is_engineer": actor.holds(pages.ENGINEER),
    }
    return render(request, "validating/report_new.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def show_report(request: HttpRequest, number: str) -> HttpResponse:
    """Show a report; engineers write its three texts while it is a draft."""
    actor = actor_of(request)
    report = load_record(actor, SummaryReport, number)
    form = ReportForm(request.POST or None, initial={name: getattr(report, name) for name in (*TEXTS, "revision")})
    if request.method == "POST":
        take_role(actor, ENGINEERS)
        if form.is_valid():
            typed = form.cleaned_data
            rule = lambda: edit_report(report, actor=actor, revision=typed["revision"], texts=typed)  # noqa: E731
            if pages.try_rule(form, rule) is not None:
                messages.success(request, gettext("{number} is saved.").format(number=number))
                return redirect("validating:report-detail", number)
    context = report_context(report, actor) | comment_pages.comment_context(report) | {"form": form}
    return render(request, "validating/report_detail.html", context, status=422 if form.errors else 200)


def report_context(report: SummaryReport, actor: Actor) -> dict[str, Any]:
    """Return what the page of a report shows; a draft is held against the records as they stand."""
    is_draft = report.state == "draft"
    present = report_facts(report.system) if is_draft else report.facts
    return pages.record_context(report, actor) | {
        "facts": report.facts,
        "deviations": deviation_words(report.facts)["deviations"],
        "points": document_pages.show_points(find_open_points(present)) if is_draft else [],
        "is_outdated": is_draft and present != report.facts,
        "may_edit": is_draft and actor.holds(pages.ENGINEER),
        "standing": standing_of(report.system) if report.state == "approved" else None,
    }


@login_required
@require_POST
def bring_up_to_date(request: HttpRequest, number: str) -> HttpResponse:
    """Take the records into a draft report as they stand now."""
    actor = take_role(actor_of(request), ENGINEERS)
    refresh_report(load_record(actor, SummaryReport, number), actor=actor)
    messages.success(request, gettext("{number} holds the records as they stand now.").format(number=number))
    return redirect("validating:report-detail", number)


@login_required
@require_http_methods(["GET", "POST"])
def withdraw_report(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw a report that nobody is to sign."""
    actor = actor_of(request)
    report = load_record(actor, SummaryReport, number)
    check_transition(report, "withdraw", actor=actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: perform_transition(report, "withdraw", actor=actor, reason=reason)) is not None:
            return redirect("validating:report-detail", number)
    text = gettext("It stays readable, and another report can be made.")
    title = gettext("Withdraw {number}").format(number=number)
    return pages.form_page(request, form, title=title, text=text, button="Withdraw report", record=report)
