"""Pages of the gap assessments."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.validating import assessing, pages
from qms.validating.forms import ReasonForm
from qms.validating.forms_gaps import AnswerForm, GapEditForm, GapForm
from qms.validating.views.executions import send_file
from qms.web.language import tell_refusal
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.editing import FieldDifference
from records.errors import Refusal
from records.evidence import Actor
from records.workflow import take_role
from validation.gaps import add_gap_file, clause_of, close_remediation, draft_gaps, edit_gaps, save_answers
from validation.models import GapAssessment, System
from validation.queries import load_record, records_for
from validation.workflow import ENGINEERS, QA


@login_required
@require_safe
def list_gaps(request: HttpRequest) -> HttpResponse:
    """Show the gap assessments, newest first."""
    actor = actor_of(request)
    found = records_for(actor, GapAssessment).select_related("system").prefetch_related("answers__closures")
    page = page_through(found, ordering=["-id"], query=request.GET)
    context = {"page": page, "rows": [(row, assessing.progress_of(row)) for row in page.rows]}
    return render(request, "validating/gap_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_gaps(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a gap assessment of a system."""
    actor = take_role(actor_of(request), ENGINEERS)
    system = load_record(actor, System, number)
    form = GapForm(request.POST or None, initial={"title": system.title, "edition": request.GET.get("edition", "")})
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: draft_gaps(system, actor=actor, **form.cleaned_data))
        if made is not None:
            return redirect("validating:gap-detail", made.number)
    title = gettext("Assess the gaps of {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Begin assessment", record=system)


@login_required
@require_safe
def show_gaps(request: HttpRequest, number: str) -> HttpResponse:
    """Show an assessment: every clause with its answer, one of them open for its engineer."""
    actor = actor_of(request)
    assessment = load_record(actor, GapAssessment, number)
    clause, show = request.GET.get("clause", ""), request.GET.get("show", "")
    context = assessing.gap_context(assessment, actor, clause=clause, show=show)
    return render(request, "validating/gap_detail.html", context)


@login_required
@require_POST
def answer_clause(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Save the answer to a clause with the files sent along, and open the next one."""
    actor = take_role(actor_of(request), ENGINEERS)
    assessment = load_record(actor, GapAssessment, number)
    clause_of(assessment, position)
    data, problem = keep_files(request, assessment, actor=actor)
    form = AnswerForm(data, assessment=assessment)
    differences: Sequence[FieldDifference] = ()
    if problem:
        form.add_error("uploads", problem)
    if form.is_valid():
        try:
            save_answers(assessment, [form.text(position)], actor=actor)
        except Refusal as refusal:
            differences = pages.keep_typed(form, refusal, field="seen")
        else:
            return redirect(after_answer(assessment, position))
    found = load_record(actor, GapAssessment, number)
    context = assessing.gap_context(found, actor, clause=str(position), form=form, differences=differences)
    return render(request, "validating/gap_detail.html", context, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def change_gaps(request: HttpRequest, number: str) -> HttpResponse:
    """Change title and purpose of a draft."""
    actor = take_role(actor_of(request), ENGINEERS)
    found = load_record(actor, GapAssessment, number)
    initial = {"title": found.title, "purpose": found.purpose, "revision": found.revision}
    form = GapEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: edit_gaps(found, actor=actor, **typed)) is not None:
            return redirect("validating:gap-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save changes", record=found)


@login_required
@require_http_methods(["GET", "POST"])
def close_gap(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Record that the remediation of a clause is done."""
    actor = take_role(actor_of(request), (*ENGINEERS, *QA))
    found = load_record(actor, GapAssessment, number)
    citation = clause_of(found, position)["citation"]
    form = ReasonForm(request.POST or None)
    form.fields["reason"].label = "What was done"
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: close_remediation(found, position, actor=actor, reason=reason)) is not None:
            messages.success(request, gettext("The remediation of {citation} is closed.").format(citation=citation))
            return redirect("validating:gap-detail", number)
    title = gettext("Close the remediation of {citation}").format(citation=citation)
    return pages.form_page(request, form, title=title, button="Close remediation", record=found)


@login_required
@require_http_methods(["GET", "POST"])
def revise_gaps(request: HttpRequest, number: str) -> HttpResponse:
    """Open an approved assessment for revision."""
    actor = actor_of(request)
    text = gettext("The signed version stays as it is.")
    return pages.revision_page(request, load_record(actor, GapAssessment, number), actor, text=text)


@login_required
@require_safe
def send_gap_file(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Send a file of an assessment's evidence, hashed again, as an attachment."""
    found = load_record(actor_of(request), GapAssessment, number)
    return send_file(get_object_or_404(found.attachments.select_related("file"), pk=pk))


def keep_files(request: HttpRequest, assessment: GapAssessment, *, actor: Actor) -> tuple[QueryDict, str]:
    """Keep every file that was sent and tick it; return what was typed with that, and what is wrong with a file."""
    data = request.POST.copy()
    for file in request.FILES.getlist("uploads"):
        try:
            kept = add_gap_file(assessment, actor=actor, name=file.name or "", content=file)  # type: ignore[arg-type]  # an upload reads and seeks
        except Refusal as refusal:
            return data, tell_refusal(refusal)
        if str(kept.pk) not in data.getlist("evidence"):
            data.appendlist("evidence", str(kept.pk))
    return data, ""


def after_answer(assessment: GapAssessment, position: int) -> str:
    """Return where to go after an answer: the next open clause, or the table."""
    following = assessing.next_open(assessment, after=position)
    address = reverse("validating:gap-detail", args=[assessment.number])
    return f"{address}?clause={following}" if following else address
