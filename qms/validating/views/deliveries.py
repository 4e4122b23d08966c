"""What test tools use: the address they deliver results to, and the pages on which their keys are made and ended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from qms.accounts.access import actor_of as actor_of_person
from qms.accounts.models import User
from qms.validating import delivering, pages
from qms.validating.forms import ReasonForm
from qms.validating.forms_keys import KeyForm
from qms.web.people import find_address
from qms.web.requests import actor_of
from records.errors import Refusal
from records.workflow import take_role
from validation.models import Execution
from validation.queries import load_record
from validation.result_deliveries import deliver_report
from validation.result_keys import load_key, make_result_key, recognise_key, revoke_result_key
from validation.workflow import ENGINEERS, QA


@csrf_exempt  # no cookie counts here: the key in the header is all that lets a tool in
@require_POST
def take_delivery(request: HttpRequest, number: str) -> HttpResponse:
    """Record the results that a test tool delivers, under the name of who made its key and executes the run."""
    try:
        secret = delivering.read_secret(request)
        key = recognise_key(secret, number, visitor=delivering.visitor_of(request))
        owner = User.objects.get(pk=key.owner_id)
        actor = actor_of_person(owner, address=find_address(request), request_id=actor_of(request).request_id)
        name, content = delivering.read_body(request)
        made = deliver_report(key, actor=actor, name=name, content=content)
    except Refusal:
        delivering.read_away(request)
        raise
    return JsonResponse(delivering.describe_delivery(made, key, executor=owner.printed_name), status=201)


@login_required
@require_http_methods(["GET", "POST"])
def list_keys(request: HttpRequest, number: str) -> HttpResponse:
    """Show the keys of a run; who executes it makes another, whose secret this answer alone shows."""
    actor = actor_of(request)
    execution = load_record(actor, Execution, number)
    form, made = KeyForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST":
        take_role(actor, ENGINEERS)
        if form.is_valid():
            typed: dict[str, Any] = form.cleaned_data
            made = pages.try_rule(form, lambda: make_result_key(execution, actor=actor, **typed))
    context = delivering.key_context(request, execution, actor) | {"form": KeyForm() if made else form, "made": made}
    return render(request, "validating/key_list.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key."""
    actor = take_role(actor_of(request), (*ENGINEERS, *QA))
    key = load_key(actor, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: revoke_result_key(key, actor=actor, reason=reason)) is not None:
            messages.success(request, gettext("The key “{name}” is revoked.").format(name=key.name))
            return redirect("validating:key-list", key.execution.number)
    title = gettext("Revoke the key “{name}”").format(name=key.name)
    text = gettext("It stops at once, for ever. What it delivered stays.")
    return pages.form_page(request, form, title=title, text=text, button="Revoke key", record=key.execution)
