"""The signing page, the signed page and the verification page.

The ceremony's page belongs to its signer alone; the others follow the access rule of the
signed record. A refusal at the moment of signing shows the form again, with nothing of
the two components kept.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qms.accounts.roles import SIGNING_ROLES
from qms.signing.access import load_record, load_signature
from qms.signing.forms import DECLINE, SigningForm
from qms.signing.pages import form_options, signing_page, url_of
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.models import Rendition
from records.workflow import take_role
from signatures.authentication import next_code_at
from signatures.ceremonies import cancel_ceremony, load_ceremony, open_ceremony
from signatures.checklist import verify_stored_signature
from signatures.errors import NothingToSign, RecordChangedSinceShown
from signatures.manifestation import manifestation_of
from signatures.models import Ceremony, Signature
from signatures.queries import is_round_complete, signature_of, signatures_of_round
from signatures.series import next_of
from signatures.signing import Credentials, complete_ceremony, decline_ceremony
from signatures.worklist import tasks_to_sign

SIGNERS = tuple(sorted(SIGNING_ROLES))


@require_POST
@login_required
def open_signing(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Open the ceremony of an action on a record; every reason against it is named here."""
    actor = actor_of(request)
    record = load_record(number, actor=actor)
    reason = request.POST.get("reason", "")[:2000].replace("\x00", "")
    ceremony = open_ceremony(record, action, actor=actor, reason=reason)
    return redirect("signing:ceremony", ceremony.pk)


@require_POST
@login_required
def open_next(request: HttpRequest) -> HttpResponse:
    """Go to the next signature that waits for this person: to the page where it is weighed, where it has one."""
    actor = take_role(actor_of(request), SIGNERS)
    item = next(tasks_to_sign(actor), None)
    if item is None:
        raise NothingToSign
    if item.page:
        return redirect(item.page, item.record.number)
    return redirect("signing:ceremony", open_ceremony(item.record, item.action, actor=actor).pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def show_ceremony(request: HttpRequest, ceremony_id: uuid.UUID) -> HttpResponse:
    """Show what is signed; posted, sign or decline it."""
    ceremony = load_ceremony(ceremony_id, actor=actor_of(request))
    if request.method == "POST":
        return _act(request, ceremony)
    signature = signature_of(ceremony)
    if signature is not None:
        return redirect("signing:signature-detail", signature.number)
    typed = {"username": ceremony.signer.username, "reason": ceremony.reason}
    form = SigningForm(initial=typed, **form_options(ceremony, actor=actor_of(request)))
    return render(request, "signing/ceremony.html", {"page": signing_page(ceremony), "form": form})


def _act(request: HttpRequest, ceremony: Ceremony) -> HttpResponse:
    form = SigningForm(request.POST, **form_options(ceremony, actor=actor_of(request)))
    if not form.is_valid():
        return _show_again(request, ceremony, form, status=422)
    typed = form.cleaned_data
    credentials = Credentials(typed["password"], typed["code"], typed["username"])
    carry_out = decline_ceremony if request.POST.get("decision") == DECLINE else complete_ceremony
    try:
        signature = carry_out(ceremony, actor=actor_of(request), credentials=credentials, reason=typed["reason"])
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        form.add_error(None, tell_refusal(refusal))
        if isinstance(refusal, RecordChangedSinceShown):
            ceremony.refresh_from_db()
        return _show_again(request, ceremony, form, status=refusal.status)
    return _go_on(request, ceremony, signature)


def _go_on(request: HttpRequest, ceremony: Ceremony, signature: Signature) -> HttpResponse:
    """Go to the signed page, or within a series to its next record."""
    if ceremony.series is None:
        return redirect(f"{reverse('signing:signature-detail', args=[signature.number])}?signed")
    messages.success(
        request,
        gettext("{signature_number}: {record_number} is signed.").format(
            signature_number=signature.number, record_number=ceremony.record.number
        ),
    )
    following = next_of(ceremony.series)
    if following is None:
        return redirect("signing:series", ceremony.series_id)
    return redirect("signing:ceremony", following.pk)


def _show_again(request: HttpRequest, ceremony: Ceremony, form: SigningForm, *, status: int) -> HttpResponse:
    context = {"page": signing_page(ceremony), "form": form, "has_error": True}
    return render(request, "signing/ceremony.html", context, status=status)


@require_POST
@login_required
def cancel(request: HttpRequest, ceremony_id: uuid.UUID) -> HttpResponse:
    """Leave without signing, back to the record."""
    ceremony = load_ceremony(ceremony_id, actor=actor_of(request))
    cancel_ceremony(ceremony, actor=actor_of(request))
    return redirect(url_of(ceremony.record) or "/")


@require_safe
@login_required
def show_signature(request: HttpRequest, number: str) -> HttpResponse:
    """Show a signature and those beside it; fresh from signing, with the green panel and what comes next."""
    actor = actor_of(request)
    signature = load_signature(number, actor=actor)
    is_own = signature.signer_id == actor.user_id
    context = {
        "signature": signature,
        "record": signature.record.concrete(),
        "record_url": url_of(signature.record),
        "manifestations": [_shown(row) for row in signatures_of_round(signature.version, signature.action)],
        "is_new": is_own and "signed" in request.GET,
        "waiting": sum(1 for _ in tasks_to_sign(actor)) if is_own else 0,
        "next_code_at": next_code_at(signature.signer) if is_own and "signed" in request.GET else None,
        **rendition_state(signature),
    }
    return render(request, "signing/signature.html", context)


@require_safe
@login_required
def show_rendition_state(request: HttpRequest, number: str) -> HttpResponse:
    """Show whether the signed PDF is there; asked again until it is."""
    signature = load_signature(number, actor=actor_of(request))
    return render(request, "signing/_rendition.html", {"signature": signature, **rendition_state(signature)})


@require_safe
@login_required
def show_verification(request: HttpRequest, number: str) -> HttpResponse:
    """Check a signature from raw data, now, and show every step."""
    signature = load_signature(number, actor=actor_of(request))
    status = verify_stored_signature(signature)
    context = {
        "signature": signature,
        "record": signature.record,
        "status": status,
        "manifestation": manifestation_of(signature, is_verified=status.bottom_line),
        **rendition_state(signature),
    }
    return render(request, "signing/verification.html", context)


def rendition_state(signature: Signature) -> dict[str, Any]:
    """Return whether the signed PDF of the signature's round exists, is being made, or waits for signatures."""
    renditions: QuerySet[Rendition] = Rendition.objects.filter(version=signature.version, action=signature.action)
    rendition = renditions.first()
    return {
        "rendition": rendition,
        "is_being_made": rendition is None and is_round_complete(signature),
    }


def _shown(row: Signature) -> Any:
    return manifestation_of(row, url=reverse("signing:signature-detail", args=[row.number]))
