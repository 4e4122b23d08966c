"""Pages of the Knapp studies."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms import TableForm
from qms.validating.forms_studies import ConclusionForm, RunsForm, StudyForm
from qms.validating.studies import design_initial, study_context, who_inspects
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.clock import now
from records.workflow import take_role
from validation.knapp_design import CONTAINERS, INSPECTORS, read_containers
from validation.models import KnappStudy, System
from validation.queries import load_record, records_for
from validation.studies import containers_of, design_study, edit_design, set_containers, write_conclusion
from validation.study_runs import draw_sheet, find_plan, import_runs, read_runs, write_sheet
from validation.workflow import ENGINEERS


@login_required
@require_safe
def list_studies(request: HttpRequest) -> HttpResponse:
    """Show the Knapp studies, newest first."""
    rows = records_for(actor_of(request), KnappStudy).select_related("system")
    page = page_through(rows, ordering=["-id"], query=request.GET)
    return render(request, "validating/study_list.html", {"page": page})


@login_required
@require_safe
def show_study(request: HttpRequest, number: str) -> HttpResponse:
    """Show a study: its design, its runs, its result."""
    actor = actor_of(request)
    study = load_record(actor, KnappStudy, number)
    context = pages.record_context(study, actor) | study_context(study)
    return render(request, "validating/study_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_study(request: HttpRequest, number: str) -> HttpResponse:
    """Design a study of a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    form = StudyForm(request.POST or None, initial={"inspectors": "; ".join(INSPECTORS) + "\n"})
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: design_study(system, form.design(), actor=actor))
        if made is not None:
            return redirect("validating:study-containers", made.number)
    title = gettext("Design a Knapp study of {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Keep as a draft", record=system)


@login_required
@require_http_methods(["GET", "POST"])
def change_study(request: HttpRequest, number: str) -> HttpResponse:
    """Change a design in draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    study = load_record(actor, KnappStudy, number)
    form = StudyForm(request.POST or None, initial=design_initial(study))
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["revision"] or 0
        rule = lambda: edit_design(study, form.design(), actor=actor, revision=seen)  # noqa: E731
        if pages.try_rule(form, rule) is not None:
            return redirect("validating:study-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save design", record=study)


@login_required
@require_http_methods(["GET", "POST"])
def import_containers(request: HttpRequest, number: str) -> HttpResponse:
    """Show which containers a pasted table would put into a design, then put them in."""
    actor = take_role(actor_of(request), ENGINEERS)
    study = load_record(actor, KnappStudy, number)
    form, lines = TableForm(request.POST or None, request.FILES or None), []
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["table"]
        lines = pages.try_rule(form, lambda: read_containers(text)) or []
        if lines and "confirm" in request.POST:
            rule = lambda: set_containers(study, containers_of(text), actor=actor)  # noqa: E731
            if pages.try_rule(form, rule) is not None:
                return redirect("validating:study-detail", number)
        form.show_text(text)
    faulty = [line for line, _ in lines if line.faults]
    context = {"form": form, "study": study, "lines": lines, "faulty": faulty, "headings": CONTAINERS}
    return render(request, "validating/study_containers.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def revise_study(request: HttpRequest, number: str) -> HttpResponse:
    """Open a signed design for revision while no run is taken."""
    actor = actor_of(request)
    return pages.revision_page(request, load_record(actor, KnappStudy, number), actor)


@login_required
@require_safe
def show_sheet(request: HttpRequest, number: str, run: str) -> HttpResponse:
    """Show the blind sheet of a run, to print."""
    study = load_record(actor_of(request), KnappStudy, number)
    names, plan = draw_sheet(study, run), find_plan(study, run)
    context = {"study": study, "plan": plan, "names": names, "who": who_inspects(study, plan)}
    return render(request, "validating/study_sheet.html", context)


@login_required
@require_safe
def send_sheet(request: HttpRequest, number: str, run: str) -> HttpResponse:
    """Send the blind sheet of a run as CSV, to fill in and import."""
    study = load_record(actor_of(request), KnappStudy, number)
    return pages.csv_file(write_sheet(study, run), name=f"{study.number}-{run}.csv")


@login_required
@require_http_methods(["GET", "POST"])
def import_study_runs(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a table of runs holds with every fault named, then store it whole."""
    actor = take_role(actor_of(request), ENGINEERS)
    study = load_record(actor, KnappStudy, number)
    form = RunsForm(request.POST or None, request.FILES or None, initial={"taken_on": now().date()})
    read = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        text, name = typed["table"], typed["file"].name if typed["file"] else ""
        facts = {"taken_on": typed["taken_on"], "reason": typed["reason"], "name": name}
        read = pages.try_rule(form, lambda: read_runs(study, text))
        if read and "confirm" in request.POST:
            made = pages.try_rule(form, lambda: import_runs(study, text, actor=actor, **facts))
            if made is not None:
                messages.success(request, gettext("{count} runs are stored.").format(count=len(made)))
                return redirect("validating:study-detail", number)
        form.show_text(text)
    context = {"form": form, "study": study, "read": read}
    return render(request, "validating/study_runs.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def conclude_study(request: HttpRequest, number: str) -> HttpResponse:
    """Write what follows from the result, before the report is signed."""
    actor = take_role(actor_of(request), ENGINEERS)
    study = load_record(actor, KnappStudy, number)
    form = ConclusionForm(request.POST or None, initial={"conclusion": study.conclusion})
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["conclusion"]
        if pages.try_rule(form, lambda: write_conclusion(study, text, actor=actor)) is not None:
            return redirect("validating:study-detail", number)
    title = gettext("Conclude {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save conclusion", record=study)
