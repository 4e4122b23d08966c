"""Pages of the inventory."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.validating import pages
from qms.validating.document_pages import tell_changes
from qms.validating.forms import ItemForm, ReasonForm, SystemForm
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.inventory import add_item, edit_system, end_item, register_system
from validation.models import Execution, GapAssessment, Protocol, System
from validation.periodic_reviews import PREPARERS, overdue_systems
from validation.queries import load_record, records_for
from validation.requirements import begin_requirements
from validation.status import standing_of, standings_of
from validation.traceability import count_gaps
from validation.tracing import trace_system
from validation.workflow import ENGINEERS
from validation.workflow_studies import SETTERS


@login_required
@require_safe
def list_systems(request: HttpRequest) -> HttpResponse:
    """Show the inventory, newest first."""
    actor = actor_of(request)
    rows = records_for(actor, System).select_related("owner", "process_owner")
    page = page_through(rows, ordering=["-id"], query=request.GET)
    standings = standings_of(row for row in page.rows if row.state == "validated")
    changed = {key for key, standing in standings.items() if standing.changes}
    overdue = set(overdue_systems().values_list("pk", flat=True))
    context = {"page": page, "changed": changed, "overdue": overdue, "is_engineer": actor.holds(pages.ENGINEER)}
    return render(request, "validating/system_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_system(request: HttpRequest) -> HttpResponse:
    """Put a system into the inventory."""
    actor = take_role(actor_of(request), ENGINEERS)
    form = SystemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        made = pages.try_rule(form, lambda: register_system(actor=actor, reason=reason, **form.facts()))
        if made is not None:
            return redirect("validating:system-detail", made.number)
    return pages.form_page(request, form, title="Register a system", button="Register system")


@login_required
@require_safe
def show_system(request: HttpRequest, number: str) -> HttpResponse:
    """Show a system: its entry, items, documents and how much of it is proven."""
    actor = actor_of(request)
    system = load_record(actor, System, number)
    rows, standing = trace_system(system), standing_of(system)
    context = pages.record_context(system, actor) | {
        "standing": standing,
        "changes": tell_changes(standing.changes),
        "plan": system.plans.exclude(state="retired").order_by("-pk").first(),
        "reports": system.reports.exclude(state="withdrawn").order_by("pk"),
        "facts": pages.system_facts(system),
        "items": system.items.order_by("ended_at", "pk"),
        "requirements": system.requirement_sets.select_related("baseline").first(),
        "protocols": Protocol.objects.filter(system=system).order_by("pk"),
        "executions": Execution.objects.filter(protocol__system=system).order_by("pk"),
        "reviews": system.reviews.order_by("pk"),
        "is_preparer": any(actor.holds(role) for role in PREPARERS),
        "data_flows": system.data_flows.order_by("pk"),
        "studies": system.studies.order_by("pk"),
        "data_sets": system.data_sets.order_by("pk"),
        "is_setter": any(map(actor.holds, SETTERS)),
        "gap_assessments": GapAssessment.objects.filter(system=system).order_by("pk"),
        "traced": len(rows),
        "gaps": count_gaps(rows),
    }
    return render(request, "validating/system_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_system(request: HttpRequest, number: str) -> HttpResponse:
    """Change a system's entry."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    initial = {name: getattr(system, name) for name in SystemForm.base_fields if hasattr(system, name)}
    form = SystemForm(request.POST or None, initial=initial | {"access": "open" if system.is_open else "closed"})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        facts = {"revision": typed["revision"] or 0, "reason": typed["reason"], "changes": form.facts()}
        if pages.try_rule(form, lambda: edit_system(system, actor=actor, **facts)) is not None:
            return redirect("validating:system-detail", number)
    return pages.form_page(
        request, form, title=gettext("Change {number}").format(number=number), button="Save changes", record=system
    )


@login_required
@require_http_methods(["GET", "POST"])
def make_item(request: HttpRequest, number: str) -> HttpResponse:
    """Put an item of a system under configuration management."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    form = ItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: add_item(system, actor=actor, **typed)) is not None:
            return redirect("validating:system-detail", number)
    return pages.form_page(
        request, form, title=gettext("Add an item to {number}").format(number=number), button="Add item", record=system
    )


@login_required
@require_http_methods(["GET", "POST"])
def stop_item(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Take an item out of use."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    item = get_object_or_404(system.items, pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: end_item(item, actor=actor, reason=reason)) is not None:
            return redirect("validating:system-detail", number)
    return pages.form_page(
        request,
        form,
        title=gettext("Take {item} out of use").format(item=item),
        button="Take out of use",
        record=system,
    )


@login_required
@require_POST
def start_requirements(request: HttpRequest, number: str) -> HttpResponse:
    """Begin the requirements of a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    made = begin_requirements(load_record(actor, System, number), actor=actor)
    messages.success(
        request,
        gettext("{made_number} is begun. Write the requirements, or paste them from a spreadsheet.").format(
            made_number=made.number
        ),
    )
    return redirect("validating:requirements", made.number)
