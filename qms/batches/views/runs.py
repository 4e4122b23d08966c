"""Pages of the inspection: its start, its progress, another try."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.batches import queries
from qms.batches import runs as rules
from qms.batches.access import load_batch
from qms.batches.forms import OptionalReasonForm, ReasonForm
from qms.batches.models import InspectionRun
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.workflow import check_transition


@login_required
@require_POST
def start(request: HttpRequest, number: str) -> HttpResponse:
    """Start the inspection."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    form = OptionalReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    rules.start_inspection(batch, actor=actor, reason=reason)
    messages.success(
        request, gettext("The inspection is started. You can leave this page; finished units can be looked at.")
    )
    return redirect("batches:batch-detail", batch.number)


@login_required
@require_safe
def show_progress(request: HttpRequest, number: str) -> HttpResponse:
    """Show how far the inspection is: the fragment that the batch's page asks for every two seconds."""
    batch = load_batch(actor_of(request).user_id, number)
    progress = queries.read_progress(batch)
    response = render(request, "batches/_run_progress.html", {"batch": batch, "progress": progress})
    if progress.is_over or batch.state != "inspecting":
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def retry(request: HttpRequest, number: str) -> HttpResponse:
    """Try the units without a result again, with a reason."""
    return act_with_reason(request, number, rules.ask_again, said="Another attempt is queued.")


@login_required
@require_POST
def hand_over(request: HttpRequest, number: str) -> HttpResponse:
    """Give the unreadable units to a person, with a reason."""
    return act_with_reason(request, number, rules.hand_over_failures, said="The unreadable units go to a person.")


def act_with_reason(
    request: HttpRequest, number: str, rule: Callable[..., InspectionRun], *, said: str
) -> HttpResponse:
    """Call a rule on a batch with the reason that was typed."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    form = ReasonForm(request.POST)
    rule(batch, actor=actor, reason=form.cleaned_data["reason"] if form.is_valid() else "")
    messages.success(request, gettext(said))
    return redirect("batches:batch-detail", batch.number)


@login_required
@require_http_methods(["GET", "POST"])
def lift_quarantine(request: HttpRequest, number: str) -> HttpResponse:
    """Open a batch for review after its failed challenge was explained."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    check_transition(batch, "lift_quarantine", actor=actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rules.lift_quarantine(batch, actor=actor, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error("reason", tell_refusal(refusal))
        else:
            return redirect("batches:batch-detail", batch.number)
    context = {
        "batch": batch,
        "form": form,
        "title": gettext("Open {batch_number} for review").format(batch_number=batch.number),
        "text": "The failed challenge is investigated and concluded. Say why its results may be used.",
        "button": "Open for review",
    }
    return render(request, "batches/ask_reason.html", context, status=422 if form.errors else 200)
