"""Pages of the model versions."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.releases.forms import ModelForm
from qms.releases.queries import approvals_of, load_model, models_for
from qms.releases.registering import REGISTRARS, register_model_version
from qms.releases.workflow import RELEASE_ROUTE
from qms.web.language import tell_refusal
from qms.web.navigation import find_url
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.errors import Refusal
from records.stores import file_store
from records.timeline import describe_events, events_of_records
from records.workflow import available_actions, take_role
from signatures.manifestation import manifestation_of


@login_required
@require_safe
def list_models(request: HttpRequest) -> HttpResponse:
    """Show the model versions, newest first."""
    actor = actor_of(request)
    page = page_through(models_for(actor), ordering=["-id"], query=request.GET)
    return render(request, "releases/model_list.html", {"page": page, "may_create": actor.holds("data_scientist")})


@login_required
@require_safe
def show_model(request: HttpRequest, number: str) -> HttpResponse:
    """Show one model version: what it is, its signatures, what can be signed next, its history."""
    actor = actor_of(request)
    model = load_model(actor, number)
    signed = {row.seat for row in model.signatures.filter(action="release", is_decline=False)}
    context = {
        "model": model,
        "actions": [
            row for row in available_actions(model, actor=actor) if find_url("signing:open", number, row.action)
        ],
        "seats": [(seat.label, seat.name in signed) for seat in RELEASE_ROUTE.seats],
        "signatures": [
            manifestation_of(row, url=find_url("signing:signature-detail", row.number))
            for row in model.signatures.order_by("id")
        ],
        "approvals": approvals_of(model, actor),
        "entries": describe_events(list(events_of_records([model])[:50])),
    }
    return render(request, "releases/model_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_model(request: HttpRequest) -> HttpResponse:
    """Register a model version as a draft."""
    actor = take_role(actor_of(request), REGISTRARS)
    form = ModelForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            model = register_model_version(fields.pop("artefact"), actor=actor, **fields)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(
                request, gettext("{model_number} is registered as a draft.").format(model_number=model.number)
            )
            return redirect("releases:model-detail", model.number)
    return render(request, "releases/model_new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def send_artefact(request: HttpRequest, number: str) -> HttpResponse:
    """Send the model's file, hashed again, as an attachment."""
    model = load_model(actor_of(request), number)
    content = file_store().read_checked(model.artefact_id)
    response = HttpResponse(content, content_type=model.artefact.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{model.number}.onnx"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
