"""People administration: who is here, what they may do, since when, given by whom and why.

For administrators and security officers; each page and each act asks which of the two it needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.accounts import forms
from qms.accounts.enrolment import IssuedLink, issue_link, reset_credentials
from qms.accounts.explaining import explain, list_actions
from qms.accounts.form_pages import handle_form
from qms.accounts.grants import end_role, grant_role
from qms.accounts.identity import checker_roles, record_identity_check
from qms.accounts.models import User
from qms.accounts.people import (
    ADMINISTRATION,
    ADMINISTRATORS,
    OFFICERS,
    create_person,
    deactivate_person,
    describe_person,
    reactivate_person,
    unlock_person,
)
from qms.accounts.queries import access_register, people, read_account
from qms.accounts.requests import PersonRequest
from qms.accounts.roles import ROLES
from qms.accounts.sessions import close_sessions
from qms.web.paging import page_through
from records.acting import record_event
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from signatures.credentials import revoke_certificate
from signatures.eligibility import certificate_of

REGISTER_ROLES = (*ADMINISTRATION, "qa_manager", "inspector")


def load_person(request: PersonRequest, username: str, roles: tuple[str, ...] = ADMINISTRATION) -> User:
    """Return a person for who may look after people. Raises: `RoleNotAllowed`."""
    take_role(request.actor, roles)
    return get_object_or_404(User, username=username)


@require_safe
def list_people(request: PersonRequest) -> HttpResponse:
    """Show everybody, by name."""
    take_role(request.actor, ADMINISTRATION)
    search, state = request.GET.get("q", "").strip()[:60], request.GET.get("state", "active")
    page = page_through(people(search, state=state), ordering=["printed_name", "username"], query=request.GET)
    may_add = request.actor.holds("administrator")
    context = {"page": page, "search": search, "state": state, "roles": ROLES, "may_add": may_add}
    return render(request, "accounts/person_list.html", context)


@require_http_methods(["GET", "POST"])
def add_person(request: PersonRequest) -> HttpResponse:
    """Add a person."""
    take_role(request.actor, ADMINISTRATORS)

    def rule(typed: dict[str, Any]) -> HttpResponse:
        person = create_person(**typed, actor=request.actor)
        messages.success(
            request,
            gettext("{printed_name} is added. Give roles, then make the one-time link.").format(
                printed_name=person.printed_name
            ),
        )
        return redirect("accounts:person", person.username)

    return handle_form(request, forms.PersonForm(request.POST or None), rule, template="accounts/person_add.html")


@require_safe
def show_person(request: PersonRequest, username: str) -> HttpResponse:
    """Show all about one person's access, and why they can or cannot do something."""
    person = load_person(request, username)
    asked = request.GET.get("action", "")
    context = {
        "account": read_account(person),
        "person": person,
        "roles": ROLES,
        "actions_known": list_actions(),
        "asked": asked,
        "answer": explain(person, asked) if asked else None,
        "now": now(),
        "is_administrator": request.actor.holds("administrator"),
        "is_officer": request.actor.holds("security_officer"),
        "may_identify": any(request.actor.holds(role) for role in checker_roles(person)),
    }
    return render(request, "accounts/person.html", context)


def act_on_person(
    request: PersonRequest,
    username: str,
    *,
    title: str,
    verb: str,
    done: str,
    rule: Callable[[User, dict[str, Any], Actor], object],
    roles: tuple[str, ...],
    form_class: type[django_forms.Form] = forms.ReasonForm,
    initial: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show the form of one act on a person to whose role has it, do it, and return to their page."""
    person = load_person(request, username, roles)

    def carry_out(typed: dict[str, Any]) -> HttpResponse:
        outcome = rule(person, typed, request.actor)
        if isinstance(outcome, IssuedLink):
            return show_link(request, person, outcome)
        messages.success(request, gettext(done).format(name=person.printed_name))
        return redirect("accounts:person", person.username)

    form = form_class(request.POST or None, initial=initial)
    context = {"person": person, "title": title.format(name=person.printed_name), "verb": verb}
    return handle_form(request, form, carry_out, template="accounts/person_act.html", context=context)


def show_link(request: PersonRequest, person: User, link: IssuedLink) -> HttpResponse:
    """Show a one-time link, once: it is kept nowhere."""
    url = f"{settings.SITE_URL}{reverse('accounts:enrol', args=[link.secret])}"
    return render(request, "accounts/link.html", {"person": person, "url": url, "invitation": link.invitation})


@require_http_methods(["GET", "POST"])
def describe(request: PersonRequest, username: str) -> HttpResponse:
    """Change how a person is named and reached."""
    person = load_person(request, username, ADMINISTRATORS)
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATORS,
        title="Details of {name}",
        verb="Save details",
        done="The details of {name} are saved.",
        rule=lambda person, typed, actor: describe_person(person, **typed, actor=actor),
        form_class=forms.PersonDetailsForm,
        initial={"printed_name": person.printed_name, "email": person.email, "job_title": person.job_title},
    )


@require_http_methods(["GET", "POST"])
def grant(request: PersonRequest, username: str) -> HttpResponse:
    """Give a person a role."""
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATORS,
        title="Give {name} a role",
        verb="Give role",
        done="{name} has the role.",
        rule=lambda person, typed, actor: grant_role(
            person,
            role=typed["role"],
            actor=actor,
            reason=typed["reason"],
            starts_at=start_of(typed["starts_on"]),
            ends_at=end_of(typed["ends_on"]),
        ),
        form_class=forms.GrantForm,
    )


@require_http_methods(["GET", "POST"])
def end(request: PersonRequest, username: str, role: str) -> HttpResponse:
    """End a role of a person."""
    word = ROLES.get(role, role)
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATORS,
        title=f"End the role {word} of {{name}}",
        verb="End role",
        done="{name} no longer has the role.",
        rule=lambda person, typed, actor: end_role(person, role=role, actor=actor, reason=typed["reason"]),
    )


@require_http_methods(["GET", "POST"])
def deactivate(request: PersonRequest, username: str) -> HttpResponse:
    """Deactivate a person; their sessions end now."""
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATION,
        title="Deactivate {name}",
        verb="Deactivate",
        done="{name} is deactivated and signed out everywhere.",
        rule=lambda person, typed, actor: deactivate_person(person, actor=actor, reason=typed["reason"]),
    )


@require_http_methods(["GET", "POST"])
def reactivate(request: PersonRequest, username: str) -> HttpResponse:
    """Bring a deactivated person back."""
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATORS,
        title="Reactivate {name}",
        verb="Reactivate",
        done="{name} is active again.",
        rule=lambda person, typed, actor: reactivate_person(person, actor=actor, reason=typed["reason"]),
    )


@require_http_methods(["GET", "POST"])
def unlock(request: PersonRequest, username: str) -> HttpResponse:
    """Let a locked-out person try again now."""
    return act_on_person(
        request,
        username,
        roles=OFFICERS,
        title="Unlock {name}",
        verb="Unlock",
        done="{name} can try again.",
        rule=lambda person, typed, actor: unlock_person(person, actor=actor, reason=typed["reason"]),
    )


@require_http_methods(["GET", "POST"])
def check_identity(request: PersonRequest, username: str) -> HttpResponse:
    """Record that a person's identity was checked, with their device in the room."""
    return act_on_person(
        request,
        username,
        roles=checker_roles(load_person(request, username)),
        title="Check the identity of {name}",
        verb="Record identity check",
        done="The identity of {name} is on record. They can fetch their certificate now.",
        rule=lambda person, typed, actor: record_identity_check(person, **typed, actor=actor),
        form_class=forms.IdentityForm,
    )


@require_http_methods(["GET", "POST"])
def reset(request: PersonRequest, username: str) -> HttpResponse:
    """End a person's password, device and certificate and make a new link."""
    return act_on_person(
        request,
        username,
        roles=ADMINISTRATION,
        title="Reset password and second factor of {name}",
        verb="Reset and make a new link",
        done="",
        rule=lambda person, typed, actor: reset_credentials(person, actor=actor, reason=typed["reason"]),
    )


@require_http_methods(["GET", "POST"])
def revoke(request: PersonRequest, username: str) -> HttpResponse:
    """Revoke a person's certificate for ever."""
    certificate = certificate_of(load_person(request, username, OFFICERS))
    if certificate is None:
        return redirect("accounts:person", username)
    return act_on_person(
        request,
        username,
        roles=OFFICERS,
        title="Revoke the certificate of {name}",
        verb="Revoke",
        done="The certificate of {name} is revoked.",
        rule=lambda person, typed, actor: revoke_certificate(certificate, actor=actor, reason=typed["reason"]),
    )


@require_POST
def make_link(request: PersonRequest, username: str) -> HttpResponse:
    """Make the one-time link of a person who has not enrolled yet."""
    person = load_person(request, username)
    return show_link(request, person, issue_link(person, actor=request.actor))


@require_POST
def close(request: PersonRequest, username: str) -> HttpResponse:
    """End all sessions of a person."""
    person = load_person(request, username)
    count = close_sessions(person, actor=request.actor)
    messages.success(
        request,
        gettext("{count} sessions of {printed_name} are ended.").format(count=count, printed_name=person.printed_name),
    )
    return redirect("accounts:person", username)


@require_safe
def show_register(request: PersonRequest) -> HttpResponse:
    """Show who held which role at the end of a day. The look itself is recorded."""
    actor = take_role(request.actor, REGISTER_ROLES)
    form = forms.RegisterForm(request.GET or None)
    day = form.cleaned_data["as_of"] if form.is_bound and form.is_valid() else None
    at = min(end_of(day) or now(), now())
    record_event(actor, "accounts.register.viewed", details={"as_of": at.isoformat(timespec="seconds")})
    context = {"form": form, "at": at, "lines": access_register(at)}
    return render(request, "accounts/register.html", context)


def start_of(day: dt.date | None) -> dt.datetime | None:
    """Return the first instant of a day in the person's zone."""
    return None if day is None else timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def end_of(day: dt.date | None) -> dt.datetime | None:
    """Return the instant at which a day is over in the person's zone."""
    return None if day is None else timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min))
