"""Keeps an inspector's session inside the read-only rooms, and ends it with the access.

Checked on every request, so that a session that was open when the time ran out is refused
at its next click. Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from qms.accounts.current import user_of
from qms.inspections.errors import OutsideScope, ReadOnlyAccess
from qms.inspections.scope import running_access
from qms.web.moments import find_zone, write_minute
from qms.web.refusals import record_denial, render_refusal
from qms.web.requests import actor_of
from records.errors import Refusal

READING = frozenset({"inspections", "web"})
"""Address spaces an inspector may use; single pages of others are listed below."""

OWN_ACCOUNT = frozenset(
    {
        "accounts:password",
        "accounts:preferences",
        "accounts:device-lost",
        "accounts:device-test",
        "accounts:device-replace",
        "accounts:recovery-codes",
        "accounts:sessions-close",
    }
)
"""What keeps an inspector's own sign-in safe and readable: it touches no record."""

READING_PAGES = OWN_ACCOUNT | frozenset(
    {
        "home:home",
        "livez",
        "readyz",
        "signing:signature-detail",
        "signing:signature-verify",
        "signing:rendition-state",
        "signing:rendition",
        "signing:statement",
        "signing:cms",
        "signing:content",
        "signing:certificate",
        "accounts:authority",
        "accounts:revocation-list",
        "accounts:login",
        "accounts:login-recovery",
        "accounts:logout",
        "accounts:profile",
        "accounts:access-register",
        "validating:edition-list",
        "validating:edition-detail",
    }
)
POSTING_PAGES = OWN_ACCOUNT | frozenset(
    {
        "inspections:request-create",
        "inspections:export-create",
        "accounts:tour-end",
        "accounts:logout",
        "accounts:login",
        "accounts:login-recovery",
        "web:stay",
        "web:preferences",
    }
)
BACK_ROOM = frozenset(
    {
        "inspections:inspection-list",
        "inspections:access-create",
        "inspections:access-detail",
        "inspections:access-end",
        "inspections:request-answer",
    }
)


class InspectorMiddleware:
    """Refuses an inspector whatever is not reading, and everything once the access has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check an inspector's request before any page sees it. Writes: the event of what is denied."""
        if request.user.is_authenticated and actor_of(request).holds("inspector"):
            try:
                self.check(request)
            except Refusal as refusal:
                record_denial(request, code=refusal.code)
                return render_refusal(request, refusal)
        return self.get_response(request)

    def check(self, request: HttpRequest) -> None:
        """Refuse writing, other rooms and an access that does not run now."""
        page = page_name(request)
        if page == "accounts:logout":
            return
        user = user_of(request)
        access = running_access(user)
        until = write_minute(access.ends_at, find_zone(user.time_zone))
        notice = f"Read-only inspection access until {until} · your views and exports are recorded"
        request.shell_notices = [notice]  # type: ignore[attr-defined]  # on refusals too
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            if page not in POSTING_PAGES:
                raise ReadOnlyAccess()
        elif page in BACK_ROOM or (page not in READING_PAGES and page.partition(":")[0] not in READING):
            raise OutsideScope(what="This page")


def page_name(request: HttpRequest) -> str:
    """Return the name of the page that the address leads to, or nothing."""
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
