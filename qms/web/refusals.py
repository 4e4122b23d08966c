"""How a refusal or a fault is shown: as a page, as a fragment for htmx, or as a problem document.

Owns the words around a refusal, never the refusal itself. Denials become events here,
committed before the page is drawn.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from qms.web.language import tell_refusal
from qms.web.people import person_of
from qms.web.requests import actor_of
from records.acting import record_event
from records.errors import Refusal
from validation.clauses import write_citation

log = logging.getLogger(__name__)

API = "/api/"
"""Addresses that programs use: whatever they ask for, a refusal is a problem document (RFC 9457)."""

TITLES = {
    400: "This request could not be understood",
    401: "Please sign in",
    403: "You may not do this",
    404: "This page does not exist",
    405: "This page cannot be used this way",
    409: "This is not possible now",
    413: "This is too large",
    422: "Something needs to be corrected",
    423: "This is locked",
    429: "Too many tries",
    500: "Something went wrong in the software",
    503: "A part of the installation cannot be used now",
}
HELPERS = {
    403: "An administrator can grant what is missing.",
    404: "If a colleague sent you the link, ask whether you have access to that record.",
    409: "Open the record again to see how it stands now.",
    423: "A security officer can unlock it.",
    429: "Wait a little and try again. If this goes on, ask a security officer.",
    500: "Nothing was saved. Tell your administrator the incident number; the details are in the log under it.",
    503: "Nothing was saved. Try again in a moment; if it stays so, tell your administrator the incident number.",
}


def render_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Show a refusal with its own status, sentence and code."""
    facts = {"text": tell_refusal(refusal), "code": refusal.code, "clause": write_citation(refusal.clause)}
    response = render_problem(request, refusal.status, **facts)
    retry_after = refusal.facts.get("retry_after_seconds")
    if retry_after is not None and refusal.status in (423, 429):
        response.headers["Retry-After"] = str(retry_after)
    return response


def render_problem(request: HttpRequest, status: int, *, text: str, code: str, clause: str = "") -> HttpResponse:
    """Show what is wrong, its stable code and who can help, in the form the client asked for."""
    context: dict[str, Any] = {
        "status": status,
        "title": TITLES.get(status, TITLES[500 if status >= 500 else 409]),
        "text": text,
        "code": code,
        "clause": clause,
        "helper": HELPERS.get(status, ""),
        "incident": getattr(request, "request_id", "") if status >= 500 else "",
        "has_error": True,
    }
    if request.headers.get("Accept", "").startswith("application/json") or request.path_info.startswith(API):
        problem = {"title": context["title"], "status": status, "detail": text, "code": code}
        if context["incident"]:
            problem["incident"] = context["incident"]
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    if request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true":
        response = render(request, "errors/_problem.html", context, status=status)
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    return render(request, "errors/problem.html", context, status=status)


def render_fault(request: HttpRequest) -> HttpResponse:
    """Show an unknown fault by its incident number, which is also in the log.

    Needs no database and no person, since either may be what failed.
    """
    fault = sys.exc_info()[1]
    if isinstance(fault, Refusal):  # raised by a middleware, where no view was running
        return render_refusal(request, fault)
    incident = getattr(request, "request_id", "")
    log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=fault)
    context = {"title": TITLES[500], "helper": HELPERS[500], "incident": incident}
    template = "errors/_fault.html" if request.headers.get("HX-Request") == "true" else "errors/fault.html"
    response = render(None, template, context, status=500)
    if request.headers.get("HX-Request") == "true":
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def record_denial(request: HttpRequest, *, code: str) -> None:
    """Write the event of a denied page for a person who is signed in.

    Serves: 21 CFR 11.10(d)(g). Writes: records_event, `records.access.denied`.
    """
    if person_of(request) is not None:
        details = {"path": request.path[:300], "code": code}
        record_event(actor_of(request), "records.access.denied", details=details)


def record_lost_race(request: HttpRequest, refusal: Refusal) -> None:
    """Write the event of an act that came too late or at the wrong time.

    Serves: 21 CFR 11.10(f). Writes: records_event, `records.act.refused`.
    """
    if person_of(request) is None:
        return
    match = request.resolver_match
    details = {
        "action": str(refusal.facts.get("action") or (match.view_name if match else request.path)),
        "number": str(refusal.facts.get("number", "")),
        "code": refusal.code,
    }
    record_event(actor_of(request), "records.act.refused", details=details)
