"""Signing in and out, and enrolling under a one-time link."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login, logout
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.accounts import forms
from qms.accounts.demo import demo_codes, demo_files, demo_password, find_demo_file, is_demo
from qms.accounts.enrolment import accept_link, find_link
from qms.accounts.form_pages import handle_form
from qms.accounts.middleware import own_path
from qms.accounts.requests import PersonRequest, VisitorRequest
from qms.accounts.scanning import make_scan, pairing_of
from qms.accounts.sessions import SignedIn, sign_in, start_facts
from qms.web.people import build_actor
from records.acting import record_event
from signatures.signing_policy import policy_in_force

BACKEND = "django.contrib.auth.backends.ModelBackend"
ENDED = {
    "idle": "You were signed out because nothing happened for 15 minutes.",
    "absolute": "You were signed out because 12 hours had passed.",
    "unknown": "Your session is no longer valid.",
    "lost": "Your second factor is off and all your sessions are ended. A security officer must enrol you again.",
    "out": "You are signed out.",
}


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_sign_in(request: VisitorRequest, with_recovery_code: bool = False) -> HttpResponse:  # noqa: FBT001, FBT002  from the address
    """Ask for user name, password and second component."""
    target = own_path(request, request.GET.get("next", "/"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    form_class = forms.RecoverySignInForm if with_recovery_code else forms.SignInForm

    def rule(typed: dict[str, Any]) -> HttpResponse:
        found = sign_in(**typed, actor=request.actor, with_recovery_code=with_recovery_code)
        open_session(request, found)
        return HttpResponseRedirect(target)

    context = {
        "with_recovery_code": with_recovery_code,
        "ended": ENDED.get(request.GET.get("ended", ""), ""),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "is_demo": is_demo(),
    }
    return handle_form(
        request, form_class(request.POST or None), rule, template="accounts/sign_in.html", context=context
    )


def open_session(request: VisitorRequest, found: SignedIn) -> None:
    """Begin a session under a new key. Writes: one event."""
    facts = start_facts(found, address=request.actor.address, browser=request.headers.get("User-Agent", ""))
    request.session.flush()
    login(request, found.person, backend=BACKEND)
    request.session.update(facts)
    actor = build_actor(request, found.person, request_id=request.request_id)
    record_event(actor, "accounts.session.started", details={"factor": found.proof.factor})


@require_POST
def sign_out(request: PersonRequest) -> HttpResponse:
    """End this session."""
    record_event(request.actor, "accounts.session.ended")
    logout(request)
    return redirect(f"{reverse('accounts:login')}?ended=out")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_enrolment(request: VisitorRequest, secret: str) -> HttpResponse:
    """Let an invited person set password and second factor, and read the signing policy."""
    person, policy = find_link(secret).person, policy_in_force()
    scan = make_scan(person, request.POST.get("sealed_seed", ""))
    initial = {"sealed_seed": scan.sealed, "policy_digest": policy.digest}
    form = forms.EnrolForm(request.POST or None, initial=initial)

    def rule(typed: dict[str, Any]) -> HttpResponse:
        enrolled = accept_link(
            secret,
            password=typed["new_password"],
            pairing=pairing_of(typed),
            policy_digest=typed["policy_digest"],
            address=request.actor.address,
            request_id=request.request_id,
        )
        return render(request, "accounts/enrolled.html", {"enrolled": enrolled})

    context = {"person": person, "scan": scan, "policy": policy}
    return handle_form(request, form, rule, template="accounts/enrol.html", context=context)


@require_safe
def show_demo_codes(request: HttpRequest) -> HttpResponse:
    """Show everybody's current one-time code and the files to try, on a demonstration plant only."""
    if not is_demo():
        raise Http404
    context = {"people": demo_codes(), "password": demo_password(), "files": demo_files()}
    return render(request, "accounts/demo_codes.html", context)


@require_safe
def give_demo_file(request: HttpRequest, name: str) -> FileResponse:
    """Give a delivery to import, on a demonstration plant only."""
    path = find_demo_file(name)
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
