"""Pages of the runner: one step at a time, results, corrections, evidence, hand-over, a further run."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.validating import pages
from qms.validating.forms import CorrectionForm, EnvironmentForm, ReasonForm, ResultForm
from qms.validating.running import runner_context
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.models import Attachment
from records.stores import file_store
from records.workflow import take_role
from validation.deviations import raise_deviation
from validation.executions import (
    add_evidence,
    correct_result,
    find_evidence,
    record_result,
    run_again,
    take_over,
    withdraw_evidence,
)
from validation.models import Execution
from validation.queries import load_record
from validation.results import first_open, states_of
from validation.workflow import ENGINEERS


@login_required
@require_safe
def show_execution(request: HttpRequest, number: str) -> HttpResponse:
    """Show the run with one step open."""
    actor = actor_of(request)
    execution = load_record(actor, Execution, number)
    step, saved = request.GET.get("step", ""), request.GET.get("saved", "")
    return render(request, "validating/runner.html", runner_context(execution, actor, step=step, saved=saved))


@login_required
@require_POST
def save_result(request: HttpRequest, number: str, step: int) -> HttpResponse:
    """Record the result of a step with the files sent along, and open the next step."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    form = ResultForm(request.POST)
    problem = keep_files(request, execution, step) if form.is_valid() else ""
    if form.is_valid() and not problem:
        typed = {"result": form.cleaned_data["result"], "actual": form.cleaned_data["actual"]}
        if pages.try_rule(form, lambda: record_result(execution, step, actor=actor, **typed)) is not None:
            following = first_open(states_of(execution), after=step)
            return redirect(f"{reverse('validating:execution-detail', args=[number])}?step={following}&saved={step}")
    context = runner_context(execution, actor, step=str(step), result_form=form, evidence_problem=problem)
    return render(request, "validating/runner.html", context, status=422)


@login_required
@require_POST
def save_correction(request: HttpRequest, number: str, step: int) -> HttpResponse:
    """Enter a correction beside the result of a step."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    form = CorrectionForm(request.POST, auto_id="correct_%s")
    if form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: correct_result(execution, step, actor=actor, **typed)) is not None:
            return redirect(f"{reverse('validating:execution-detail', args=[number])}?step={step}&saved={step}")
    context = runner_context(execution, actor, step=str(step), correction_form=form)
    return render(request, "validating/runner.html", context, status=422)


@login_required
@require_POST
def save_evidence(request: HttpRequest, number: str, step: int) -> HttpResponse:
    """Keep files as evidence of a step at once; what was typed meanwhile comes back as it was."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    problem = "Choose a file first." if not request.FILES else keep_files(request, execution, step)
    form = ResultForm(initial={name: request.POST.get(name, "") for name in ("actual", "result")})
    context = runner_context(execution, actor, step=str(step), result_form=form, evidence_problem=problem)
    return render(request, "validating/runner.html", context, status=422 if problem else 200)


@login_required
@require_safe
def send_evidence(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Send a file of evidence, hashed again, as an attachment."""
    execution = load_record(actor_of(request), Execution, number)
    return send_file(get_object_or_404(execution.evidence.select_related("attachment__file"), pk=pk).attachment)


@login_required
@require_http_methods(["GET", "POST"])
def take_evidence_back(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Withdraw a file of evidence that was added by mistake."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    row = find_evidence(execution, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: withdraw_evidence(execution, pk, actor=actor, reason=reason)) is not None:
            return redirect(f"{reverse('validating:execution-detail', args=[number])}?step={row.step}")
    text = gettext("It stays with the run, struck through with your name and reason, for whoever reviews it.")
    title = gettext("Withdraw {name} from step {step}").format(name=row.attachment.name, step=row.step)
    return pages.form_page(request, form, title=title, text=text, button="Withdraw evidence", record=execution)


@login_required
@require_POST
def make_deviation(request: HttpRequest, number: str, step: int) -> HttpResponse:
    """Raise the deviation of a failed step."""
    actor = take_role(actor_of(request), ENGINEERS)
    made = raise_deviation(load_record(actor, Execution, number), step, actor=actor)
    messages.success(
        request,
        gettext("{made_number} is raised with all that step {step} knows.").format(made_number=made.number, step=step),
    )
    return redirect("validating:deviation-detail", made.number)


@login_required
@require_http_methods(["GET", "POST"])
def take_execution_over(request: HttpRequest, number: str) -> HttpResponse:
    """Take a run over from a colleague."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: take_over(execution, actor=actor, reason=reason)) is not None:
            return redirect("validating:execution-detail", number)
    text = f"{execution.holder.printed_name} executes it now. Both names stay in the record."
    return pages.form_page(
        request,
        form,
        title=gettext("Take {number} over").format(number=number),
        text=text,
        button="Take over",
        record=execution,
    )


@login_required
@require_http_methods(["GET", "POST"])
def rerun(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a further run of the steps that dispositions send back."""
    actor = take_role(actor_of(request), ENGINEERS)
    execution = load_record(actor, Execution, number)
    form = EnvironmentForm(request.POST or None, initial={"environment": execution.environment})
    if request.method == "POST" and form.is_valid():
        where = form.cleaned_data["environment"]
        made = pages.try_rule(form, lambda: run_again(execution, actor=actor, environment=where))
        if made is not None:
            return redirect("validating:execution-detail", made.number)
    text = "Only the steps that a disposition sends back are run again. This run stays beside it for ever."
    return pages.form_page(
        request,
        form,
        title=gettext("Run {number} again").format(number=number),
        text=text,
        button="Begin run",
        record=execution,
    )


def send_file(found: Attachment) -> HttpResponse:
    """Return a file of the store, hashed again, as something to save and never to open here."""
    response = HttpResponse(file_store().read_checked(found.file_id), content_type=found.file.media_type)
    name = found.name.rpartition("/")[2].encode("ascii", "replace").decode().replace('"', "")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def keep_files(request: HttpRequest, execution: Execution, step: int) -> str:
    """Keep every file of a request as evidence; return what is wrong with the first that is refused."""
    for file in request.FILES.getlist("evidence"):
        try:
            add_evidence(execution, step, actor=actor_of(request), name=file.name or "", content=file)  # type: ignore[arg-type]  # an upload reads and seeks
        except Refusal as refusal:
            return tell_refusal(refusal)
    return ""
