"""Pages on the way to a signed review: check answers, AQL sample, reconciliation, investigations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.batches.access import load_batch
from qms.batches.aql_samples import SAMPLERS, Finding, draw_aql_sample, record_findings
from qms.batches.check_answers import list_problems, read_answers, sample_rows
from qms.batches.counting import closes_by_itself
from qms.batches.errors_review import InvestigationNotFound
from qms.batches.forms_review import ConclusionForm, FindingFormSet, ReconciliationForm
from qms.batches.investigations import CLOSERS, close_investigation, trigger_words
from qms.batches.models import AqlSample, BatchRecord, Investigation
from qms.batches.openpoints import REVIEW, points_blocking
from qms.batches.pages import make_tabs
from qms.batches.reconciliations import COUNTERS, reconcile_batch
from qms.batches.review_units import defect_library
from qms.batches.severities import read_severity
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.evidence import Actor
from records.workflow import take_role

PASSED = gettext_lazy("The findings are saved; the sample passed.")
FAILED = gettext_lazy("The findings are saved; the sample failed.")


def actor_for(request: HttpRequest, roles: tuple[str, ...]) -> Actor:
    """Return who asks; whoever posts needs one of the roles, before anything of the form is judged."""
    actor = actor_of(request)
    return take_role(actor, roles) if request.method == "POST" else actor


def may(actor: Actor, batch: BatchRecord, roles: tuple[str, ...], state: str = "in_review") -> bool:
    """Tell whether a page offers an act; the rule asks again."""
    return batch.state == state and any(actor.holds(role) for role in roles)


@login_required
@require_safe
def show_answers(request: HttpRequest, number: str) -> HttpResponse:
    """Show everything about a batch before its review is signed."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    answers = read_answers(batch)
    blocking = points_blocking(REVIEW, answers.points)
    context = {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "answers": answers,
        "sample_rows": sample_rows(answers.sample) if answers.sample else [],
        "blocking": list_problems(batch, blocking) if batch.state == "in_review" else [],
        "later": list_problems(batch, [point for point in answers.points if point not in blocking]),
        "may_sign": may(actor, batch, ("operator",)) and not blocking,
        "may_draw": may(actor, batch, SAMPLERS) and bool(blocking) and blocking[0].code == "sample_not_drawn",
        "attachments": batch.attachments.select_related("file"),
    }
    return render(request, "batches/review/check_answers.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_sample(request: HttpRequest, number: str) -> HttpResponse:
    """Show the AQL sample and take its findings; the fast button says that there are none."""
    actor = actor_for(request, SAMPLERS)
    batch = load_batch(actor.user_id, number)
    sample = AqlSample.objects.select_related("drawn_by", "inspected_by").filter(batch=batch).first()
    forms = make_findings(request, batch, sample)
    problems: list[tuple[str, str]] = []
    if request.method == "POST" and ("none" in request.POST or forms.is_valid()):
        try:
            findings = [] if "none" in request.POST else read_findings(forms)
            done = record_findings(batch, actor=actor, findings=findings)
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            problems = [(tell_refusal(refusal), "")]
        else:
            messages.success(request, str(PASSED if done.passed else FAILED))
            return redirect("batches:check-answers", number)
    context = sample_context(batch, sample) | {"forms": forms, "problems": problems}
    context["may_sample"] = may(actor, batch, SAMPLERS)
    return render(request, "batches/review/sample.html", context, status=422 if problems or forms.errors else 200)


def sample_context(batch: BatchRecord, sample: AqlSample | None) -> dict[str, Any]:
    """Return the sample with its rows and what was found in it."""
    return {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "sample": sample,
        "rows": sample_rows(sample) if sample else [],
        "closes_count": sample is not None and sample.inspected_at is None and closes_by_itself(batch),
        "found": list(sample.findings.select_related("image", "defect")) if sample else [],
        "severity": read_severity(batch, sample),
    }


def make_findings(request: HttpRequest, batch: BatchRecord, sample: AqlSample | None) -> Any:
    """Return the rows of the findings form."""
    is_sent = request.method == "POST" and "none" not in request.POST
    shape = {"units": sample.units if sample else [], "library": defect_library(batch)}
    return FindingFormSet(request.POST if is_sent else None, prefix="row", form_kwargs=shape)


def read_findings(forms: Any) -> list[Finding]:
    """Return the filled rows as findings."""
    rows = [form.cleaned_data for form in forms if form.cleaned_data.get("unit")]
    return [Finding(row["unit"], row["defect"], row["note"]) for row in rows]


@login_required
@require_POST
def draw_sample(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the AQL sample."""
    actor = actor_for(request, SAMPLERS)
    sample = draw_aql_sample(load_batch(actor.user_id, number), actor=actor)
    messages.success(
        request,
        gettext("{count} units are drawn. Inspect them, then enter what you found.").format(count=len(sample.units)),
    )
    return redirect("batches:sample", number)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_reconciliation(request: HttpRequest, number: str) -> HttpResponse:
    """Show the count of units and take what was destroyed and why a difference remains."""
    actor = actor_for(request, COUNTERS)
    batch = load_batch(actor.user_id, number)
    answers = read_answers(batch)
    row = answers.reconciliation
    initial = {"destroyed": row.destroyed if row else 0, "explanation": row.explanation if row else ""}
    form = ReconciliationForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            reconcile_batch(batch, actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(request, gettext("The count is saved."))
            return redirect("batches:check-answers", number)
    context = {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "answers": answers,
        "form": form,
        "may_count": may(actor, batch, COUNTERS),
    }
    return render(request, "batches/review/reconciliation.html", context, status=422 if form.errors else 200)


def load_investigation(batch: BatchRecord, pk: int) -> Investigation:
    """Return an investigation of the batch. Raises: InvestigationNotFound."""
    found = Investigation.objects.select_related("closed_by").filter(batch=batch, pk=pk).first()
    if found is None:
        raise InvestigationNotFound
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_investigation(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Show an investigation and take its conclusion from quality assurance."""
    actor = actor_for(request, CLOSERS)
    batch = load_batch(actor.user_id, number)
    row = load_investigation(batch, pk)
    form = ConclusionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            close_investigation(row, actor=actor, conclusion=form.cleaned_data["conclusion"])
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            form.add_error("conclusion", tell_refusal(refusal))
        else:
            messages.success(request, gettext("The investigation is concluded."))
            return redirect("batches:check-answers", number)
    context = {"batch": batch, "tabs": make_tabs(batch, "batches:review"), "row": row, "form": form}
    context["words"] = trigger_words(row.trigger)
    context["may_close"] = any(actor.holds(role) for role in CLOSERS) and row.closed_at is None
    return render(request, "batches/review/investigation.html", context, status=422 if form.errors else 200)
