"""The gate of every page: signed in, within the limits of the session, or sent to sign in.

Owns the one list of pages that visitors may open. Each page still checks roles and
scope for itself. Serves: 21 CFR 11.10(d), 11.200(a)(1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from qms.accounts.models import User
from qms.accounts.sessions import is_touch_due, limit_passed
from qms.web.people import build_actor
from qms.web.refusals import render_problem
from records.acting import record_event
from records.clock import now

GetResponse = Callable[[HttpRequest], HttpResponse]

PUBLIC = frozenset(
    {
        "livez",
        "readyz",
        "accounts:login",
        "accounts:login-recovery",
        "accounts:enrol",
        "accounts:authority",
        "accounts:revocation-list",
        "accounts:demo-codes",
        "accounts:demo-file",
        "validating:results-deliver",  # its own key, which is no session
        "web:help",
        "web:help-topic",
        "web:texts",
        "web:glossary",
        "web:preferences",
        "web:stay",
    }
)
"""Address names that answer without a session. Everything else asks for one."""

POLL_HEADER = "X-Poll"
"""Set by parts of pages that renew themselves: such a request is no activity of a person."""


class SessionLimitsMiddleware:
    """End sessions that are idle or too old, and let nobody in without one.

    Comes after authentication and before the actor.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check the limits, note the activity, go on."""
        if isinstance(request.user, User) and request.user.is_authenticated:
            at = now()
            limit = limit_passed(request.session, at=at)
            if limit is not None:
                return self.expire(request, request.user, limit)
            if not request.headers.get(POLL_HEADER) and is_touch_due(request.session, at=at):
                request.session["seen_at"] = at.isoformat()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send visitors to the sign-in page, save from the public ones."""
        match = request.resolver_match
        if request.user.is_authenticated or (match is not None and match.view_name in PUBLIC):
            return None
        return ask_to_sign_in(request)

    def expire(self, request: HttpRequest, person: User, limit: str) -> HttpResponse:
        """Record and end a session that passed its limit. Writes: one event."""
        actor = build_actor(request, person, request_id=getattr(request, "request_id", ""))
        record_event(actor, "accounts.session.expired", details={"limit": limit})
        logout(request)
        return ask_to_sign_in(request, ended=limit)


def ask_to_sign_in(request: HttpRequest, *, ended: str = "") -> HttpResponse:
    """Answer who is not signed in: a redirect, or what the client understands instead."""
    query = {"next": request.get_full_path()} if request.method in ("GET", "HEAD") else {}
    if ended:
        query["ended"] = ended
    url = f"{reverse('accounts:login')}?{urlencode(query)}" if query else reverse("accounts:login")
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=401)
        response.headers["HX-Redirect"] = reverse("accounts:login")
        return response
    if request.headers.get("Accept", "").startswith("application/json"):
        return render_problem(request, 401, text="Sign in first.", code="accounts.not_signed_in")
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(url)
    return render(request, "accounts/expired.html", {"url": url, "has_error": True}, status=401)


def own_path(request: HttpRequest, path: str) -> str:
    """Return the path if it leads into this site, else the start page."""
    is_ours = url_has_allowed_host_and_scheme(path, {request.get_host()}, require_https=request.is_secure())
    return path if is_ours and path.startswith("/") else "/"
