"""What every request passes: headers that protect, the actor, and refusals made into pages.

Owns no rule of a process. Never hides a defect: unknown faults go on to Django's own
handling, which logs them, and get an incident number that is also in the log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from qms.web.people import build_actor, person_of
from qms.web.refusals import record_denial, record_lost_race, render_refusal
from records.errors import Refusal

GetResponse = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
        "xr-spatial-tracking",
    )
)
HIDING = frozenset({"11.10(d)", "11.300(d)"})
"""Clauses of refusals that say "not there" to whoever may not see or use what is there."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
}
NO_STORE = "no-store, private"


class AddressNotReadable(Refusal):
    code: ClassVar[str] = "web.address_not_readable"
    status: ClassVar[int] = 404
    message: ClassVar[str] = "There is nothing at this address: it holds a character that no name here can have."


class HeadersMiddleware:
    """Give each request an id, and each response the headers that no page may go without.

    Static files keep their own caching; everything else is never stored, since a page
    may hold records of the person who asked. Comes first of all middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
        response = self.get_response(request)
        for name, value in ALWAYS.items():
            response.headers[name] = value
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if not request.path_info.startswith(settings.STATIC_URL) or response.status_code >= 400:
            response.headers["Cache-Control"] = NO_STORE
            patch_vary_headers(response, ("Cookie", "HX-Request"))
        return response


class ActorMiddleware:
    """Set ``request.actor`` and show times in that person's zone. Comes after authentication."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        person = person_of(request)
        request.actor = build_actor(request, person, request_id=request.request_id)  # type: ignore[attr-defined]
        with timezone.override(_zone_of(person.time_zone if person else "")):
            return self.get_response(request)


class RefusalMiddleware:
    """Turn a refusal that a view raised into a page, or into a fragment for htmx.

    Comes last, closest to the views.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, or refuse an address that no table can hold."""
        if holds_nul(request):
            return render_refusal(request, AddressNotReadable())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a refusal; leave every other exception to Django."""
        if isinstance(exception, PermissionDenied):
            record_denial(request, code="web.permission_denied")
            return None
        if not isinstance(exception, Refusal):
            return None
        if exception.status >= 500:
            log.error("incident %s: %s", getattr(request, "request_id", ""), exception, exc_info=exception)
        if exception.is_recorded:
            return render_refusal(request, exception)
        if exception.status in (401, 403) or is_hidden(exception):
            record_denial(request, code=exception.code)
        elif exception.status == 409 and request.method == "POST":
            record_lost_race(request, exception)
        return render_refusal(request, exception)


def holds_nul(request: HttpRequest) -> bool:
    """Tell whether an address carries the NUL character, which PostgreSQL keeps in no text."""
    return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


def is_hidden(refusal: Refusal) -> bool:
    """Tell whether a missing page may be one that this person may not see; an attempt at it is a denial."""
    return refusal.status == 404 and refusal.clause in HIDING


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)
