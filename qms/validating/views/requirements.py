"""Pages of the requirements."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qms.validating import pages
from qms.validating.forms import ReasonForm, TableForm
from qms.validating.table import RequirementTable
from qms.web.requests import actor_of
from records.workflow import check_transition, perform_transition, take_role, workflow_of
from validation.amendments import find_amendments
from validation.models import RequirementSet
from validation.queries import load_record
from validation.requirements import HEADINGS, import_rows, read_requirements, rows_to_import, withdraw_requirement
from validation.workflow import ENGINEERS


@login_required
@require_http_methods(["GET", "POST"])
def edit_requirements(request: HttpRequest, number: str) -> HttpResponse:
    """Show the requirements as a table; engineers edit it while its state allows."""
    actor = actor_of(request)
    found = load_record(actor, RequirementSet, number)
    table = RequirementTable(found, query=request.GET, data=request.POST if request.method == "POST" else None)
    if request.method == "POST":
        take_role(actor, ENGINEERS)
        if table.save(actor):
            messages.success(request, gettext("{number} is saved.").format(number=number))
            return redirect(request.get_full_path())
    is_editable = found.state in workflow_of(found).editable_states and actor.holds(pages.ENGINEER)
    context = pages.record_context(found, actor) | {
        "table": table,
        "is_editable": is_editable,
        "rows": found.requirements.prefetch_related("risks").order_by("position"),
        "amendments": find_amendments(found),
        "has_error": bool(table.problems),
    }
    return render(request, "validating/requirements.html", context, status=422 if table.problems else 200)


@login_required
@require_http_methods(["GET", "POST"])
def import_requirements(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a pasted table would add, then add it."""
    actor = take_role(actor_of(request), ENGINEERS)
    found = load_record(actor, RequirementSet, number)
    form, lines = TableForm(request.POST or None, request.FILES or None, initial={"revision": found.revision}), []
    if request.method == "POST" and form.is_valid():
        text, seen = form.cleaned_data["table"], form.cleaned_data["revision"] or 0
        lines = pages.try_rule(form, lambda: read_requirements(text)) or []
        if lines and "confirm" in request.POST:
            rule = lambda: import_rows(found, rows_to_import(text), actor=actor, revision=seen)  # noqa: E731
            if pages.try_rule(form, rule) is not None:
                messages.success(
                    request, gettext("{lines_count} requirements are added.").format(lines_count=len(lines))
                )
                return redirect("validating:requirements", number)
        form.show_text(text)
    faulty = [line for line, _ in lines if line.faults]
    context = {"form": form, "requirement_set": found, "lines": lines, "faulty": faulty, "headings": HEADINGS}
    return render(request, "validating/requirements_import.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def amend_requirements(request: HttpRequest, number: str) -> HttpResponse:
    """Open a baseline for amendments."""
    actor = actor_of(request)
    found = load_record(actor, RequirementSet, number)
    check_transition(found, "amend", actor=actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: perform_transition(found, "amend", actor=actor, reason=reason)) is not None:
            return redirect("validating:requirements", number)
    text = (
        "The approved baseline stays as it is. What you change shows as an amendment until the next baseline is signed."
    )
    return pages.form_page(
        request,
        form,
        title=gettext("Amend {number}").format(number=number),
        text=text,
        button="Open for amendments",
        record=found,
    )


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Withdraw a requirement."""
    actor = take_role(actor_of(request), ENGINEERS)
    found = load_record(actor, RequirementSet, number)
    row = get_object_or_404(found.requirements, position=position)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: withdraw_requirement(row, actor=actor, reason=reason)) is not None:
            return redirect("validating:requirements", number)
    return pages.form_page(
        request,
        form,
        title=gettext("Withdraw {row_ref}").format(row_ref=row.ref),
        text=row.text,
        button="Withdraw",
        record=found,
    )
