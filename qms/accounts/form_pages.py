"""The one shape of pages with a form: show, check, one rule, redirect; refusals shown in the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from qms.web.language import tell_refusal
from qms.web.refusals import record_lost_race
from records.errors import Refusal
from signatures.errors_authentication import CodeAlreadyUsed, CredentialsRefused

RECORDED_ELSEWHERE = (CredentialsRefused, CodeAlreadyUsed)
"""Refusals whose event is committed before they are raised."""


def handle_form(
    request: HttpRequest,
    form: forms.Form,
    rule: Callable[[dict[str, Any]], HttpResponse],
    *,
    template: str,
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show a form, or hand what was typed to one rule and answer what that returns.

    A refusal that the person can act on is shown in the form, with what they typed. One
    of roles or access goes on to the middleware, which records it.
    """
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return rule(form.cleaned_data)
            except Refusal as refusal:
                if refusal.status in (403, 404, 500) and not isinstance(refusal, RECORDED_ELSEWHERE):
                    raise
                if refusal.status == 409 and not isinstance(refusal, RECORDED_ELSEWHERE):
                    record_lost_race(request, refusal)
                form.add_error(None, tell_refusal(refusal))
                status = refusal.status
    return render(request, template, {"form": form, **(context or {})}, status=status)
