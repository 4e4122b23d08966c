"""What every page knows: who is here, where they may go, which installation this is, which time.

Reads request and settings only, no database of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from qms.web import moments, navigation
from qms.web.people import person_of, write_roles
from records.clock import now

THEMES = ("auto", "light", "dark")
NAV_WIDTHS = ("wide", "narrow")


@dataclass(frozen=True)
class Environment:
    """What kind of installation this is, where it is not the productive one."""

    kind: str
    label: str
    text: str


@dataclass(frozen=True)
class Zone:
    """The zone that times are shown in."""

    name: str
    offset: str


@dataclass(frozen=True)
class Who:
    """The person who is signed in, as the header shows them."""

    name: str
    username: str
    roles: str
    has_shortcuts: bool


@dataclass(frozen=True)
class Idle:
    """After how many seconds without a request a session ends, and when that is said."""

    seconds: int
    warning_seconds: int


@dataclass(frozen=True)
class Shell:
    """Everything that the frame shows around a page."""

    theme: str
    nav_width: str
    environment: Environment | None
    notices: list[str]
    navigation: list[navigation.Link]
    zone: Zone
    person: Who | None
    idle: Idle | None
    now: dt.datetime
    build: str
    site: str
    urls: dict[str, str] = field(default_factory=dict)


DEMO = Environment("demo", "Demonstration", "Everything here is made up. Do not keep real records in it.")
TEST = Environment("test", "Test system", "For trying and validating. Nothing here is a real record.")


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Give the frame to every template, as ``shell``."""
    person = person_of(request)
    roles = request.actor.roles if person and hasattr(request, "actor") else frozenset()
    who = idle = None
    if person is not None:
        who = Who(person.printed_name, person.username, write_roles(roles), person.shortcuts_enabled)
        idle = Idle(settings.SESSION_IDLE_SECONDS, settings.SESSION_IDLE_WARNING_SECONDS)
    made = Shell(
        theme=_choice(request, "theme", THEMES),
        nav_width=_choice(request, "nav", NAV_WIDTHS),
        environment=find_environment(),
        notices=list(getattr(request, "shell_notices", [])),
        navigation=navigation.list_links(request.path, roles=roles) if person else [],
        zone=find_shown_zone(),
        person=who,
        idle=idle,
        now=now(),
        build=settings.BUILD,
        site=settings.SITE_URL,
        urls=list_urls(roles) if person else {"login": navigation.find_url("accounts:login")},
    )
    return {"shell": made}


def find_environment() -> Environment | None:
    """Return what the banner says, or None on a productive installation."""
    if settings.DEMO:
        return DEMO
    return TEST if settings.ENVIRONMENT == "test" else None


def find_shown_zone() -> Zone:
    """Return the zone in which this request's times are shown."""
    current = timezone.get_current_timezone()
    return Zone(str(current), moments.write_offset(now().astimezone(current)))


def list_urls(roles: Collection[str]) -> dict[str, str]:
    """Return the addresses the header links to for people; empty where an app is not mounted."""
    names = {"profile": "accounts:profile", "logout": "accounts:logout"}
    return {key: navigation.find_url(name) for key, name in names.items()} | {"search": navigation.find_search(roles)}


def _choice(request: HttpRequest, cookie: str, allowed: tuple[str, ...]) -> str:
    chosen = request.COOKIES.get(f"ui_{cookie}", "")
    return chosen if chosen in allowed else allowed[0]
