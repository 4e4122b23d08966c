"""Pages of the protocols."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.validating import comment_pages, pages
from qms.validating.forms import EnvironmentForm, ProtocolEditForm, ProtocolForm, StepForm, TableForm
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.executions import begin_execution
from validation.models import Execution, Protocol, System
from validation.protocols import (
    HEADINGS,
    StepText,
    add_steps,
    draft_protocol,
    edit_protocol,
    edit_step,
    find_step,
    read_steps,
    remove_step,
    split_refs,
)
from validation.queries import load_record
from validation.workflow import ENGINEERS


@login_required
@require_http_methods(["GET", "POST"])
def make_protocol(request: HttpRequest, number: str) -> HttpResponse:
    """Draft a protocol for a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    form = ProtocolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: draft_protocol(system, actor=actor, **form.cleaned_data))
        if made is not None:
            return redirect("validating:protocol-detail", made.number)
    return pages.form_page(
        request,
        form,
        title=gettext("Draft a protocol for {number}").format(number=number),
        button="Draft protocol",
        record=system,
    )


@login_required
@require_safe
def show_protocol(request: HttpRequest, number: str) -> HttpResponse:
    """Show a protocol: its steps, its signatures, its runs."""
    actor = actor_of(request)
    protocol = load_record(actor, Protocol, number)
    said = comment_pages.comment_context(protocol)
    context = pages.record_context(protocol, actor) | said
    context |= {
        "steps": [(row, said["parts"][f"step-{row.pk}"]) for row in protocol.steps.order_by("position")],
        "executions": Execution.objects.filter(protocol=protocol).select_related("holder").order_by("run"),
        "may_edit": protocol.state == "draft" and actor.holds(pages.ENGINEER),
    }
    return render(request, "validating/protocol_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_protocol(request: HttpRequest, number: str) -> HttpResponse:
    """Change a draft's title and purpose, and take over the approved baseline of today."""
    actor = take_role(actor_of(request), ENGINEERS)
    protocol = load_record(actor, Protocol, number)
    form = ProtocolEditForm(request.POST or None, initial={"title": protocol.title, "purpose": protocol.purpose})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: edit_protocol(protocol, actor=actor, **typed)) is not None:
            return redirect("validating:protocol-detail", number)
    text = "Saving takes over the approved baseline of the requirements as it is today."
    return pages.form_page(
        request,
        form,
        title=gettext("Change {number}").format(number=number),
        text=text,
        button="Save protocol",
        record=protocol,
    )


@login_required
@require_http_methods(["GET", "POST"])
def make_step(request: HttpRequest, number: str) -> HttpResponse:
    """Add a step to a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    protocol = load_record(actor, Protocol, number)
    form = StepForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        step = step_text(form)
        if pages.try_rule(form, lambda: add_steps(protocol, [step], actor=actor)) is not None:
            return redirect("validating:protocol-detail", number)
    return pages.form_page(
        request, form, title=gettext("Add a step to {number}").format(number=number), button="Add step", record=protocol
    )


@login_required
@require_http_methods(["GET", "POST"])
def import_steps(request: HttpRequest, number: str) -> HttpResponse:
    """Add the steps of a pasted table to a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    protocol = load_record(actor, Protocol, number)
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["table"]
        if pages.try_rule(form, lambda: add_steps(protocol, read_steps(text), actor=actor)) is not None:
            return redirect("validating:protocol-detail", number)
    text = f"The first line holds the headings: {', '.join(HEADINGS)}."
    return pages.form_page(
        request,
        form,
        title=gettext("Paste steps into {number}").format(number=number),
        text=text,
        button="Add steps",
        record=protocol,
    )


@login_required
@require_http_methods(["GET", "POST"])
def change_step(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Change a step of a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    protocol = load_record(actor, Protocol, number)
    row = find_step(protocol, position)
    initial = row.content() | {"requirements": ", ".join(row.requirements)}
    form = StepForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        step = step_text(form)
        if pages.try_rule(form, lambda: edit_step(protocol, position, step, actor=actor)) is not None:
            return redirect("validating:protocol-detail", number)
    removal = reverse("validating:step-remove", args=[number, position])
    title = f"Change step {position} of {number}"
    return pages.form_page(request, form, title=title, button="Save step", record=protocol, removal=removal)


@login_required
@require_POST
def drop_step(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Take a step out of a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    remove_step(load_record(actor, Protocol, number), position, actor=actor)
    messages.success(
        request, gettext("Step {position} is taken out; the others keep their numbers.").format(position=position)
    )
    return redirect("validating:protocol-detail", number)


@login_required
@require_http_methods(["GET", "POST"])
def revise(request: HttpRequest, number: str) -> HttpResponse:
    """Open an approved protocol for revision."""
    actor = actor_of(request)
    text = gettext("Runs keep the wording they were begun with. The new wording is signed before anybody executes it.")
    return pages.revision_page(request, load_record(actor, Protocol, number), actor, text=text)


@login_required
@require_http_methods(["GET", "POST"])
def execute(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a run of an approved protocol."""
    actor = take_role(actor_of(request), ENGINEERS)
    protocol = load_record(actor, Protocol, number)
    form = EnvironmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        where = form.cleaned_data["environment"]
        made = pages.try_rule(form, lambda: begin_execution(protocol, actor=actor, environment=where))
        if made is not None:
            return redirect("validating:execution-detail", made.number)
    return pages.form_page(
        request,
        form,
        title=gettext("Execute {number}").format(number=number),
        button="Begin execution",
        record=protocol,
    )


def step_text(form: StepForm) -> StepText:
    """Return a step as typed."""
    typed = form.cleaned_data
    return StepText(split_refs(typed["requirements"]), typed["instruction"], typed["expected"], typed["acceptance"])
