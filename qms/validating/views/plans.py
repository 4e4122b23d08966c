"""Pages of the validation plans."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.validating import comment_pages, pages
from qms.validating.document_forms import MasterPlanForm, PlanForm, SectionForm
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.document_readiness import is_outdated, missing_sections
from validation.models import System, ValidationPlan
from validation.plans import draft_master_plan, draft_plan, edit_plan, find_section, refresh_plan, write_section
from validation.queries import load_record, records_for
from validation.workflow import ENGINEERS


@login_required
@require_safe
def list_plans(request: HttpRequest) -> HttpResponse:
    """Show the validation plans, newest first, the master plan above them."""
    actor = actor_of(request)
    rows = records_for(actor, ValidationPlan).select_related("system")
    master = rows.filter(level="master").exclude(state="retired").first()
    page = page_through(rows.filter(level="system"), ordering=["-id"], query=request.GET)
    context = {"page": page, "master": master, "is_engineer": actor.holds(pages.ENGINEER)}
    return render(request, "validating/plan_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_master_plan(request: HttpRequest) -> HttpResponse:
    """Draft the master plan."""
    actor = take_role(actor_of(request), ENGINEERS)
    form = MasterPlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: draft_master_plan(actor=actor, **form.cleaned_data))
        if made is not None:
            return redirect("validating:plan-detail", made.number)
    return pages.form_page(request, form, title="Draft the validation master plan", button="Draft plan")


@login_required
@require_http_methods(["GET", "POST"])
def make_plan(request: HttpRequest, number: str) -> HttpResponse:
    """Draft the plan of a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    first = {"title": gettext("Validation of {system}").format(system=system.title)[:200], "stages": ["iq", "oq", "pq"]}
    form = PlanForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: draft_plan(system, actor=actor, **form.cleaned_data))
        if made is not None:
            return redirect("validating:plan-detail", made.number)
    title = gettext("Plan the validation of {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Draft plan", record=system)


@login_required
@require_safe
def show_plan(request: HttpRequest, number: str) -> HttpResponse:
    """Show a plan: its sections, what is missing, its signatures."""
    actor = actor_of(request)
    plan = load_record(actor, ValidationPlan, number)
    is_draft, said = plan.state == "draft", comment_pages.comment_context(plan)
    context = pages.record_context(plan, actor) | said
    context |= {
        "sections": comment_pages.show_sections(plan, said["parts"]),
        "missing": missing_sections(plan) if is_draft else [],
        "is_outdated": is_draft and is_outdated(plan),
        "may_edit": is_draft and actor.holds(pages.ENGINEER),
    }
    return render(request, "validating/plan_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_plan(request: HttpRequest, number: str) -> HttpResponse:
    """Change a draft's title, and the stages of a system's plan."""
    actor = take_role(actor_of(request), ENGINEERS)
    plan = load_record(actor, ValidationPlan, number)
    kind = PlanForm if plan.system else MasterPlanForm
    form = kind(request.POST or None, initial={"title": plan.title, "stages": plan.stages})
    if request.method == "POST" and form.is_valid():
        typed: dict[str, Any] = {"stages": [], **form.cleaned_data}
        if pages.try_rule(form, lambda: edit_plan(plan, actor=actor, **typed)) is not None:
            return redirect("validating:plan-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save plan", record=plan)


@login_required
@require_http_methods(["GET", "POST"])
def change_section(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Write a section of a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    plan = load_record(actor, ValidationPlan, number)
    row = find_section(plan, position)
    said = {"heading": str(row), "guidance": row.guidance}
    form = SectionForm(request.POST or None, initial={"text": row.text, "revision": row.revision}, **said)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: write_section(plan, position, actor=actor, **typed)) is not None:
            messages.success(request, gettext("“{section}” is saved.").format(section=row.heading))
            return redirect("validating:plan-detail", number)
    context = {"record": plan, "section": row, "form": form}
    return render(request, "validating/plan_section.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def take_list_anew(request: HttpRequest, number: str) -> HttpResponse:
    """Take a draft's list from the inventory anew."""
    actor = take_role(actor_of(request), ENGINEERS)
    refresh_plan(load_record(actor, ValidationPlan, number), actor=actor)
    messages.success(request, gettext("The list is as the inventory stands now."))
    return redirect("validating:plan-detail", number)


@login_required
@require_http_methods(["GET", "POST"])
def revise_plan(request: HttpRequest, number: str) -> HttpResponse:
    """Open an approved plan for revision."""
    actor = actor_of(request)
    text = gettext("The approved version stays as it is. No report is made until the revised plan is signed.")
    return pages.revision_page(request, load_record(actor, ValidationPlan, number), actor, text=text)
