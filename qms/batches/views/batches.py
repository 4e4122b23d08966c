"""Pages of the batch list and of one batch record."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.batches import pages, queries
from qms.batches.access import load_batch, lots_for
from qms.batches.creation import create_batch, withdraw_batch
from qms.batches.forms import BatchEditForm, BatchForm, OptionalReasonForm, ReasonForm
from qms.batches.models import BatchRecord
from qms.batches.readiness import start_blockers
from qms.web.language import tell_refusal
from qms.web.navigation import find_url
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.editing import edit_record
from records.errors import Refusal
from records.timeline import describe_events, events_of_records
from records.workflow import check_transition, take_role
from signatures.manifestation import manifestation_of


@login_required
@require_safe
def list_batches(request: HttpRequest) -> HttpResponse:
    """Show the batches of the person's products, newest first, filtered as the URL says."""
    actor = actor_of(request)
    chip = queries.find_chip(request.GET.get("show"))
    rows = queries.list_batches(actor.user_id, chip=chip, words=request.GET.get("q", ""))
    page = page_through(rows, ordering=["-id"], query=request.GET)
    context = {
        "page": page,
        "table": pages.list_table(page.rows),
        "chips": queries.CHIPS,
        "counts": queries.count_chips(actor.user_id),
        "chip": chip,
        "may_create": actor.holds("operator"),
    }
    return render(request, "batches/batch_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_batch(request: HttpRequest) -> HttpResponse:
    """Create a batch record for a lot."""
    actor = take_role(actor_of(request), ("operator",))
    initial = {"lot": lots_for(actor.user_id).filter(number=request.GET.get("lot", "")).first()}
    form = BatchForm(request.POST or None, initial=initial, lots=lots_for(actor.user_id))
    if request.method == "POST" and form.is_valid():
        try:
            batch = create_batch(form.cleaned_data.pop("lot"), actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(
                request, gettext("{batch_number} is created. Import its images now.").format(batch_number=batch.number)
            )
            return redirect("batches:batch-detail", batch.number)
    return render(request, "batches/batch_new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def show_batch(request: HttpRequest, number: str) -> HttpResponse:
    """Show a batch record's overview: facts, progress, imports, challenges, the next step."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    context = record_context(batch, "batches:batch-detail") | {
        "facts": pages.page_facts(batch),
        "step": pages.next_step(batch, actor),
        "progress": queries.read_progress(batch),
        "stopped_because": queries.why_stopped(batch),
        "blockers": start_blockers(batch, actor) if batch.state == "ready" else [],
        "failures": queries.list_failures(batch)[:200],
        "imports": batch.imports.select_related("offered_by").order_by("-id")[:20],
        "challenges": batch.challenges.select_related("challenge_set").order_by("-id"),
        "investigations": batch.investigations.order_by("id"),
        "image_count": batch.images.count(),
        "may_dispose": actor.holds("qa_manager"),
        "is_operator": actor.holds("operator"),
        "needs_reason": batch.challenges.filter(phase="start", passed=False).exists(),
        "start_form": OptionalReasonForm(),
        "reason_form": ReasonForm(auto_id="again_%s"),
    }
    return render(request, "batches/batch_detail.html", context)


def record_context(batch: BatchRecord, current: str) -> dict[str, object]:
    """Return what every page of a batch record needs."""
    return {"batch": batch, "tabs": pages.make_tabs(batch, current)}


@login_required
@require_safe
def show_content(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a signature on the batch covers."""
    batch = load_batch(actor_of(request).user_id, number)
    units = batch.images.select_related("result__defect", "original").order_by("position")
    context = record_context(batch, "batches:batch-content") | {
        "page": page_through(units, ordering=["position"], query=request.GET, size=100),
        "recipe": pages.recipe_facts(batch.recipe) if batch.recipe else [],
        "versions": batch.versions.select_related("frozen_by").order_by("-number"),
        "attachments": batch.attachments.select_related("file"),
    }
    return render(request, "batches/batch_content.html", context)


@login_required
@require_safe
def show_signatures(request: HttpRequest, number: str) -> HttpResponse:
    """Show the signatures on the batch."""
    batch = load_batch(actor_of(request).user_id, number)
    signatures = [
        manifestation_of(row, url=find_url("signing:signature-detail", row.number))
        for row in batch.signatures.order_by("id")
    ]
    context = record_context(batch, "batches:batch-signatures") | {"signatures": signatures}
    return render(request, "batches/batch_signatures.html", context)


@login_required
@require_safe
def show_history(request: HttpRequest, number: str) -> HttpResponse:
    """Show the batch's audit trail, newest first."""
    batch = load_batch(actor_of(request).user_id, number)
    page = page_through(events_of_records([batch]), ordering=["-id"], query=request.GET)
    context = record_context(batch, "batches:batch-history") | {
        "page": page,
        "entries": describe_events(page.rows),
    }
    return render(request, "batches/batch_history.html", context)


@login_required
@require_safe
def show_links(request: HttpRequest, number: str) -> HttpResponse:
    """Show what the batch hangs together with: lot, model, earlier and later inspections."""
    batch = load_batch(actor_of(request).user_id, number)
    context = record_context(batch, "batches:batch-links") | {
        "inspections": batch.lot.batches.order_by("-id"),
        "deliveries": batch.imports.filter(delivery__isnull=False).select_related("delivery__station"),
    }
    return render(request, "batches/batch_links.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit_batch(request: HttpRequest, number: str) -> HttpResponse:
    """Correct the number of units or the note before the inspection."""
    actor = take_role(actor_of(request), ("operator",))
    batch = load_batch(actor.user_id, number)
    initial = {"units_received": batch.units_received, "note": batch.note, "revision": batch.revision}
    form = BatchEditForm(request.POST or None, initial=initial)
    context: dict[str, object] = {"batch": batch, "form": form}
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        changes = {name: typed[name] for name in ("units_received", "note")}
        try:
            edit_record(batch, actor=actor, revision=typed["revision"], changes=changes, reason=typed["reason"])
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
            context["differences"] = refusal.facts.get("differences", ())
        else:
            messages.success(request, gettext("{batch_number} is changed.").format(batch_number=batch.number))
            return redirect("batches:batch-detail", batch.number)
    return render(request, "batches/batch_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw a batch record that was made in error."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    check_transition(batch, "withdraw", actor=actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_batch(batch, actor=actor, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error("reason", tell_refusal(refusal))
        else:
            messages.success(request, gettext("{batch_number} is withdrawn.").format(batch_number=batch.number))
            return redirect("batches:batch-detail", batch.number)
    context = {
        "batch": batch,
        "form": form,
        "title": gettext("Withdraw {batch_number}").format(batch_number=batch.number),
        "text": "The record stays, with its reason; its lot can then be inspected under a new record.",
        "button": "Withdraw batch record",
        "is_danger": True,
    }
    return render(request, "batches/ask_reason.html", context, status=422 if form.errors else 200)
