"""Who asks, from where, as evidence: the actor of a request, its address and its fingerprint.

Never puts a session key into anything that is kept or shown.
"""

from __future__ import annotations

import ipaddress
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from records.evidence import Actor

ANONYMOUS = "anonymous"


class Person(Protocol):
    """What the shell asks of a user; `qms.accounts` owns the answers."""

    pk: int
    username: str
    printed_name: str
    time_zone: str
    shortcuts_enabled: bool

    def held_roles(self) -> frozenset[str]:
        """Return the roles held at this moment."""
        ...


def person_of(request: HttpRequest) -> Person | None:
    """Return the person who is signed in, or None for a visitor."""
    user = getattr(request, "user", None)
    return cast("Person", user) if user is not None and user.is_authenticated else None


def build_actor(request: HttpRequest, person: Person | None, *, request_id: str) -> Actor:
    """Return the actor of a request; visitors act as ``anonymous``. Serves: 21 CFR 11.10(e)."""
    address, session = find_address(request), fingerprint_session(request)
    if person is None:
        return Actor(None, ANONYMOUS, "A visitor", address=address, session=session, request_id=request_id)
    roles = person.held_roles()
    return Actor(
        user_id=person.pk,
        username=person.username,
        printed_name=person.printed_name,
        role=next(iter(roles)) if len(roles) == 1 else "",
        address=address,
        session=session,
        request_id=request_id,
        roles=roles,
    )


def write_roles(roles: frozenset[str]) -> str:
    """Return roles as words for people: ``QA manager, reviewer``."""
    return ", ".join(sorted(role.replace("_", " ").replace("qa ", "QA ") for role in roles))


def fingerprint_session(request: HttpRequest) -> str:
    """Return a keyed hash that tells sessions apart and cannot be used as one."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if not key:
        return ""
    return salted_hmac("countersign.session", key, algorithm="sha256").hexdigest()[:16]


def find_address(request: HttpRequest) -> str:
    """Return the client's address, believing only as many proxies as the settings name."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    chain = [*hops, request.META.get("REMOTE_ADDR", "")]
    trusted = min(settings.TRUSTED_PROXIES, len(chain) - 1)
    return _address(chain[-1 - trusted])


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
