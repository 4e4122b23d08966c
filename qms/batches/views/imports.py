"""Pages of an import: upload, the choice, progress, the list of refusals."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.batches.access import load_batch
from qms.batches.errors_imports import ImportNotFound
from qms.batches.forms import ReasonForm, UploadForm
from qms.batches.importing import OPERATORS, choose_import, complete_images, give_up_import
from qms.batches.models import BatchRecord, FileImport, VialImage
from qms.batches.receiving import offer_upload
from qms.batches.uploading import checked_after_handlers
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.workflow import find_transition, take_role


def load_import(batch: BatchRecord, pk: int) -> FileImport:
    """Return an upload of a batch. Raises: `ImportNotFound`."""
    found = FileImport.objects.select_related("batch", "offered_by").filter(batch=batch, pk=pk).first()
    if found is None:
        raise ImportNotFound
    return found


@csrf_exempt  # the token is checked by `checked_after_handlers`, once the files have a place to go
@login_required
@checked_after_handlers
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Take in a delivery: a zip, files or a folder."""
    actor = take_role(actor_of(request), OPERATORS)
    batch = load_batch(actor.user_id, number)
    find_transition(batch, "complete_import")
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            made = offer_upload(batch, actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
            form.refusal = refusal  # type: ignore[attr-defined]  # its code stands under the sentence
        else:
            return redirect("batches:import-detail", batch.number, made.pk)
    context = {"batch": batch, "form": form, "image_count": batch.images.count()}
    return render(request, "batches/import_new.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def show_import(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Show an upload: what was good, what was refused and why, and the choice."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    file_import = load_import(batch, pk)
    return render(
        request,
        "batches/import_detail.html",
        import_context(batch, file_import) | {"is_operator": actor.holds("operator")},
    )


def import_context(batch: BatchRecord, file_import: FileImport) -> dict[str, object]:
    """Return what the upload's page and its progress need."""
    progress = getattr(file_import, "progress", None)
    return {
        "batch": batch,
        "upload": file_import,
        "done": progress.done if progress else 0,
        "refused": file_import.refused.order_by("id")[:500],
        "good": file_import.checked[:500],
        "image_count": VialImage.objects.filter(batch=batch).count(),
        "is_waiting": file_import.state == FileImport.State.CHECKED,
        "is_running": file_import.state == FileImport.State.TAKING,
    }


@login_required
@require_safe
def show_progress(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Show how far a running import is; the fragment of the upload's page."""
    batch = load_batch(actor_of(request).user_id, number)
    file_import = load_import(batch, pk)
    response = render(request, "batches/_import_progress.html", import_context(batch, file_import))
    if file_import.state != FileImport.State.TAKING:
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def take(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Choose to take the good files."""
    actor = take_role(actor_of(request), OPERATORS)
    batch = load_batch(actor.user_id, number)
    made = choose_import(load_import(batch, pk), actor=actor)
    return redirect("batches:import-detail", batch.number, made.pk)


@login_required
@require_POST
def give_up(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Give a checked upload up."""
    actor = take_role(actor_of(request), OPERATORS)
    batch = load_batch(actor.user_id, number)
    give_up_import(load_import(batch, pk), actor=actor)
    messages.success(request, gettext("The upload is given up. Nothing of it was stored."))
    return redirect("batches:batch-detail", batch.number)


@login_required
@require_http_methods(["GET", "POST"])
def complete(request: HttpRequest, number: str) -> HttpResponse:
    """Go on with fewer images than units, with a reason."""
    actor = take_role(actor_of(request), OPERATORS)
    batch = load_batch(actor.user_id, number)
    find_transition(batch, "complete_import")
    form = ReasonForm(request.POST or None)
    images = batch.images.count()
    if request.method == "POST" and form.is_valid():
        try:
            complete_images(batch, actor=actor, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error("reason", tell_refusal(refusal))
        else:
            return redirect("batches:batch-detail", batch.number)
    context = {
        "batch": batch,
        "form": form,
        "title": gettext("Go on with {images} of {units_received} units").format(
            images=images, units_received=batch.units_received
        ),
        "text": "Units without an image are not inspected here; the reconciliation must account for them.",
        "button": gettext("Go on with {images} images").format(images=images),
    }
    return render(request, "batches/ask_reason.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def list_refused(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Send the refused files of an upload as CSV."""
    batch = load_batch(actor_of(request).user_id, number)
    file_import = load_import(batch, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{batch.number}-refused-{file_import.pk}.csv"'
    rows = csv.writer(response)
    rows.writerow(("file", "code", "reason"))
    for row in file_import.refused.order_by("id"):
        rows.writerow(tuple(harmless(text) for text in (row.name, row.code, row.sentence)))
    return response


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "|", "%")) else text
