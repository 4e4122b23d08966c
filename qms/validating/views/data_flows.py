"""Pages of data-flow diagrams: drawn, checked, edited as tables."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qms.validating import pages
from qms.validating.data_flow_table import DataFlowForm, DataFlowTable
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.evidence import Actor
from records.workflow import take_role
from validation.data_flows import DRAFT, draft_data_flow, edit_data_flow, explain_finding, findings_of
from validation.models import DataFlow, System
from validation.queries import load_record
from validation.subjects_data_flows import data_flow_tables
from validation.workflow import ENGINEERS


@login_required
@require_http_methods(["GET", "POST"])
def make_data_flow(request: HttpRequest, number: str) -> HttpResponse:
    """Draft the data-flow diagram of a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    form = DataFlowForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("title", "scope")}
        made = pages.try_rule(form, lambda: draft_data_flow(system, actor=actor, **typed))
        if made is not None:
            return redirect("validating:data-flow-detail", made.number)
    title = gettext("Draw the data flow of {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Draft diagram", record=system)


@login_required
@require_http_methods(["GET", "POST"])
def show_data_flow(request: HttpRequest, number: str) -> HttpResponse:
    """Show a diagram with what it lacks; engineers edit its tables while it is a draft."""
    actor = actor_of(request)
    found = load_record(actor, DataFlow, number)
    table = DataFlowTable(found, data=request.POST if request.method == "POST" else None)
    if request.method == "POST":
        take_role(actor, ENGINEERS)
        if table.save(actor):
            messages.success(request, gettext("{number} is saved.").format(number=number))
            return redirect("validating:data-flow-detail", number)
    return data_flow_page(request, found, actor, table=table)


@login_required
@require_POST
def explain(request: HttpRequest, number: str) -> HttpResponse:
    """Keep why a finding stays as it is; a refused reason comes back as it was typed."""
    actor = take_role(actor_of(request), ENGINEERS)
    found = load_record(actor, DataFlow, number)
    finding, reason = request.POST.get("finding", ""), request.POST.get("reason", "")
    try:
        explain_finding(found, actor=actor, finding=finding, reason=reason)
    except Refusal as refusal:
        table = DataFlowTable(found)
        table.problems.append((tell_refusal(refusal), ""))
        return data_flow_page(request, found, actor, table=table, typed={finding: reason})
    messages.success(request, gettext("The reason is kept; who approves the diagram reads it."))
    return redirect("validating:data-flow-detail", number)


@login_required
@require_http_methods(["GET", "POST"])
def change_data_flow(request: HttpRequest, number: str) -> HttpResponse:
    """Change a draft's title and scope."""
    actor = take_role(actor_of(request), ENGINEERS)
    found = load_record(actor, DataFlow, number)
    initial = {"title": found.title, "scope": found.scope, "revision": found.revision}
    form = DataFlowForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data | {"revision": form.cleaned_data["revision"] or 0}
        if pages.try_rule(form, lambda: edit_data_flow(found, actor=actor, **typed)) is not None:
            return redirect("validating:data-flow-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save changes", record=found)


@login_required
@require_http_methods(["GET", "POST"])
def revise_data_flow(request: HttpRequest, number: str) -> HttpResponse:
    """Open an approved diagram for revision."""
    actor = actor_of(request)
    text = gettext("The approved version stays in the history. What you change is signed anew.")
    return pages.revision_page(request, load_record(actor, DataFlow, number), actor, text=text)


def data_flow_page(
    request: HttpRequest, found: DataFlow, actor: Actor, *, table: DataFlowTable, typed: dict[str, str] | None = None
) -> HttpResponse:
    """Return the page of a diagram; ``typed`` are reasons that were refused, by their finding."""
    content = found.content()
    reasons = {row["finding"]: row for row in found.reasons}
    findings = findings_of(found)
    context = pages.record_context(found, actor) | data_flow_tables(content, say=gettext)
    context |= {
        "content": content,
        "table": table,
        "is_editable": found.state == DRAFT and actor.holds(pages.ENGINEER),
        "findings": [
            (row, row.tell(gettext), reasons.get(row.text), (typed or {}).get(row.text, "")) for row in findings
        ],
        "waiting": sum(row.text not in reasons for row in findings),
    }
    return render(request, "validating/data_flow_detail.html", context, status=422 if table.problems else 200)
