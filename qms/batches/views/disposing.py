"""Pages of the audit trail review and of the disposition by quality assurance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.batches.access import load_batch
from qms.batches.check_answers import list_problems, read_answers, sample_rows
from qms.batches.forms_review import DispositionForm, ReturnForm
from qms.batches.models import BatchRecord
from qms.batches.openpoints import RELEASE, points_blocking
from qms.batches.pages import make_tabs
from qms.batches.reinspections import create_reinspection
from qms.batches.trail_review import focus_trail
from qms.batches.views.deciding import actor_for
from qms.batches.workflow import QA
from qms.web.requests import actor_of
from records.evidence import Actor
from records.workflow import available_actions, perform_transition
from signatures.ceremonies import open_ceremony
from signatures.queries import has_acted_on


@login_required
@require_safe
def show_trail(request: HttpRequest, number: str) -> HttpResponse:
    """Show what matters in a batch's audit trail to the person who reviews it."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    actions = {row.action for row in available_actions(batch, actor=actor)}
    context = {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "trail": focus_trail(batch),
        "has_worked": has_acted_on(batch, actor),
        "may_sign": "sign_trail_review" in actions,
    }
    return render(request, "batches/review/trail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_disposition(request: HttpRequest, number: str) -> HttpResponse:
    """Show all that a disposition rests on; posted, open the signing page of the chosen one."""
    actor = actor_for(request, QA)
    batch = load_batch(actor.user_id, number)
    form = DispositionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        ceremony = open_ceremony(batch, chosen["action"], actor=actor, reason=chosen["reason"])
        return redirect("signing:ceremony", ceremony.pk)
    context = disposition_context(batch, actor) | {"form": form, "return_form": ReturnForm()}
    return render(request, "batches/review/disposition.html", context, status=422 if form.errors else 200)


def disposition_context(batch: BatchRecord, actor: Actor) -> dict[str, Any]:
    """Return what a disposition rests on, and what this person may do."""
    answers = read_answers(batch)
    actions = {row.action for row in available_actions(batch, actor=actor)}
    return {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "answers": answers,
        "sample_rows": sample_rows(answers.sample) if answers.sample else [],
        "blocking": list_problems(batch, points_blocking(RELEASE, answers.points)),
        "may_decide": bool(actions & {"release", "reject", "hold", "reinspect"}),
        "may_return": "return_to_review" in actions,
        "successor": batch.reinspections.exclude(state="withdrawn").first(),
        "may_reinspect": batch.state == "reinspect" and actor.holds("operator"),
        "attachments": batch.attachments.select_related("file"),
        "dispositions": batch.dispositions.select_related("decided_by"),
    }


@login_required
@require_POST
def return_batch(request: HttpRequest, number: str) -> HttpResponse:
    """Return a batch to review, with what is to be corrected."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    form = ReturnForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    perform_transition(batch, "return_to_review", actor=actor, reason=reason)
    messages.success(
        request, gettext("{number} is back in review. The operator sees your reason.").format(number=number)
    )
    return redirect("batches:batch-detail", number)


@login_required
@require_POST
def inspect_again(request: HttpRequest, number: str) -> HttpResponse:
    """Create the batch record of a re-inspection."""
    actor = actor_of(request)
    successor = create_reinspection(load_batch(actor.user_id, number), actor=actor)
    messages.success(
        request,
        gettext("{successor_number} is created for the re-inspection. Import its images now.").format(
            successor_number=successor.number
        ),
    )
    return redirect("batches:batch-detail", successor.number)
