"""One's own account: preferences, password, device, certificate, policy, sessions."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.accounts import forms
from qms.accounts.enrolment import (
    change_password,
    renew_recovery_codes,
    replace_device,
    report_lost_device,
    test_device,
)
from qms.accounts.form_pages import handle_form
from qms.accounts.profile import save_preferences
from qms.accounts.queries import read_account
from qms.accounts.requests import PersonRequest
from qms.accounts.roles import SIGNING_ROLES
from qms.accounts.scanning import make_scan, pairing_of
from qms.accounts.session_store import hash_key
from qms.accounts.sessions import close_sessions
from qms.accounts.tour import end_tour
from records.clock import now
from signatures.authentication import next_code_at
from signatures.authority import authority_file, revocation_list_file
from signatures.credentials import import_company_container, issue_certificate
from signatures.signing_policy import acknowledge_policy, policy_in_force

PROFILE = "accounts:profile"


def code_wait(request: PersonRequest) -> dict[str, Any]:
    """Return when the person's next code counts, for pages that ask for one."""
    return {"code_available_at": next_code_at(request.user), "server_now": now()}


@require_safe
def show_profile(request: PersonRequest) -> HttpResponse:
    """Show one's own account."""
    account = read_account(request.user, session_key=request.session.session_key or "")
    initial = {"time_zone": request.user.time_zone, "shortcuts_enabled": request.user.shortcuts_enabled}
    context = {
        "account": account,
        "form": forms.PreferencesForm(initial=initial),
        "zones": sorted(zoneinfo.available_timezones()),
        "policy": policy_in_force(),
        "may_ever_sign": bool(request.actor.roles & SIGNING_ROLES),
    }
    return render(request, "accounts/profile.html", context)


@require_http_methods(["GET", "POST"])
def change_preferences(request: PersonRequest) -> HttpResponse:
    """Keep time zone and keys."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        saved = save_preferences(request.user, **typed, actor=request.actor)
        timezone.activate(zoneinfo.ZoneInfo(saved.time_zone))
        messages.success(request, gettext("Your preferences are saved."))
        return redirect(PROFILE)

    initial = {"time_zone": request.user.time_zone, "shortcuts_enabled": request.user.shortcuts_enabled}
    form = forms.PreferencesForm(request.POST or None, initial=initial)
    context = {"zones": sorted(zoneinfo.available_timezones())}
    return handle_form(request, form, rule, template="accounts/preferences.html", context=context)


@require_POST
def close_tour(request: PersonRequest) -> HttpResponse:
    """Close the tour for good, and go back to one's work."""
    end_tour(request.actor)
    return redirect("home:home")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_password(request: PersonRequest) -> HttpResponse:
    """Change one's own password; the signing key moves with it."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        changed = change_password(
            request.user,
            password=typed["password"],
            code=typed["code"],
            new_password=typed["new_password"],
            actor=request.actor,
            keep_session=hash_key(request.session.session_key or ""),
        )
        update_session_auth_hash(request, changed)
        messages.success(request, gettext("Your password is changed. Your other sessions are ended."))
        return redirect(PROFILE)

    form = forms.PasswordForm(request.POST or None)
    return handle_form(request, form, rule, template="accounts/password.html", context=code_wait(request))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_certificate(request: PersonRequest) -> HttpResponse:
    """Fetch one's signing certificate from the site's authority."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        issue_certificate(request.user, **typed, actor=request.actor)
        messages.success(request, gettext("You have a signing certificate. Its key opens with your password only."))
        return redirect(PROFILE)

    form = forms.ComponentsForm(request.POST or None)
    context = {**code_wait(request), "account": read_account(request.user)}
    return handle_form(request, form, rule, template="accounts/certificate.html", context=context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def import_certificate(request: PersonRequest) -> HttpResponse:
    """Take over a certificate of the company's own authority."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        import_company_container(
            request.user,
            container=typed["container"].read(),
            container_password=typed["container_password"],
            password=typed["password"],
            code=typed["code"],
            actor=request.actor,
        )
        messages.success(request, gettext("Your company certificate is in use. Its key opens with your password here."))
        return redirect(PROFILE)

    form = forms.ImportForm(request.POST or None, request.FILES or None)
    return handle_form(request, form, rule, template="accounts/certificate_import.html", context=code_wait(request))


@require_http_methods(["GET", "POST"])
def show_device_test(request: PersonRequest) -> HttpResponse:
    """Test one's device by two codes that follow one another."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        drift = test_device(request.user, **typed, actor=request.actor)
        said = gettext("Your device works.")
        if drift:
            said += gettext(" Its clock is {seconds} s off; that is allowed for.").format(seconds=abs(drift) * 30)
        messages.success(request, said)
        return redirect(PROFILE)

    form = forms.DeviceTestForm(request.POST or None)
    return handle_form(request, form, rule, template="accounts/device_test.html", context=code_wait(request))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_device_replacement(request: PersonRequest) -> HttpResponse:
    """Move to a new device while the old one is at hand."""
    scan = make_scan(request.user, request.POST.get("sealed_seed", ""))

    def rule(typed: dict[str, Any]) -> HttpResponse:
        replace_device(
            request.user,
            password=typed["password"],
            code=typed["code"],
            pairing=pairing_of(typed),
            actor=request.actor,
        )
        messages.success(request, gettext("Your new device is in use. The old one gives no more codes that count."))
        return redirect(PROFILE)

    form = forms.ReplaceDeviceForm(request.POST or None, initial={"sealed_seed": scan.sealed})
    context = {**code_wait(request), "scan": scan}
    return handle_form(request, form, rule, template="accounts/device_replace.html", context=context)


@require_http_methods(["GET", "POST"])
def show_lost_device(request: PersonRequest) -> HttpResponse:
    """Ask once, then switch the device off and end all sessions at once."""
    if request.method == "GET":
        return render(request, "accounts/device_lost.html")
    report_lost_device(request.user, actor=request.actor)
    request.session.flush()
    return redirect(f"{reverse('accounts:login')}?ended=lost")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show_recovery_codes(request: PersonRequest) -> HttpResponse:
    """Make new recovery codes and show them once."""

    def rule(typed: dict[str, Any]) -> HttpResponse:
        made = renew_recovery_codes(request.user, **typed, actor=request.actor)
        return render(request, "accounts/recovery_codes.html", {"codes": made})

    form = forms.ComponentsForm(request.POST or None)
    return handle_form(request, form, rule, template="accounts/recovery_renew.html", context=code_wait(request))


@require_http_methods(["GET", "POST"])
def show_policy(request: PersonRequest) -> HttpResponse:
    """Show the signing policy and let the person acknowledge it."""
    policy = policy_in_force()

    def rule(typed: dict[str, Any]) -> HttpResponse:
        acknowledge_policy(request.user, digest=typed["policy_digest"], actor=request.actor)
        messages.success(request, gettext("Your acknowledgement is recorded."))
        return redirect(PROFILE)

    form = forms.PolicyForm(request.POST or None, initial={"policy_digest": policy.digest})
    acknowledged = request.user.policy_acknowledgements.filter(policy_hash=policy.digest).first()
    context = {"policy": policy, "acknowledged": acknowledged}
    return handle_form(request, form, rule, template="accounts/policy.html", context=context)


@require_POST
def close_other_sessions(request: PersonRequest) -> HttpResponse:
    """End all one's sessions but this one."""
    count = close_sessions(request.user, actor=request.actor, keep=hash_key(request.session.session_key or ""))
    messages.success(request, gettext("{count} other sessions are ended.").format(count=count))
    return redirect(PROFILE)


@require_safe
def download_authority(request: PersonRequest) -> HttpResponse:
    """Give the trusted authorities as a PEM file, for checking signatures elsewhere."""
    headers = {"Content-Disposition": 'attachment; filename="countersign-ca.pem"'}
    return HttpResponse(authority_file(), content_type="application/x-pem-file", headers=headers)


@require_safe
def download_revocation_list(request: PersonRequest) -> HttpResponse:
    """Give the list of revoked certificates (DER)."""
    headers = {"Content-Disposition": 'attachment; filename="countersign.crl"'}
    return HttpResponse(revocation_list_file(), content_type="application/pkix-crl", headers=headers)
