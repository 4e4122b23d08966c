"""Copies to take away: the signed PDF, statement, CMS, content, certificates. Each download is an event."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qms.signing.access import load_signature
from qms.web.requests import actor_of
from records.acting import record_event
from records.models import Rendition
from records.stores import file_store
from signatures.errors import RenditionNotReady
from signatures.models import Signature


@require_safe
@login_required
def give_rendition(request: HttpRequest, number: str) -> HttpResponse:
    """Give the signed PDF of the signature's round, its bytes checked against their hash."""
    signature = load_signature(number, actor=actor_of(request))
    found = Rendition.objects.filter(version=signature.version, action=signature.action).first()
    if found is None:
        raise RenditionNotReady(number=signature.record.number)
    name = f"{signature.record.number}-v{signature.version.number}-{signature.action}.pdf"
    return give(request, signature, file_store().read_checked(found.file_id), name, "application/pdf")


@require_safe
@login_required
def give_statement(request: HttpRequest, number: str) -> HttpResponse:
    """Give the signed statement, byte for byte."""
    signature = load_signature(number, actor=actor_of(request))
    return give(request, signature, bytes(signature.statement), f"{number}.statement.json", "application/json")


@require_safe
@login_required
def give_cms(request: HttpRequest, number: str) -> HttpResponse:
    """Give the detached CMS in DER."""
    signature = load_signature(number, actor=actor_of(request))
    return give(request, signature, bytes(signature.cms), f"{number}.p7s", "application/pkcs7-signature")


@require_safe
@login_required
def give_content(request: HttpRequest, number: str) -> HttpResponse:
    """Give the canonical content that was signed."""
    signature = load_signature(number, actor=actor_of(request))
    name = f"{signature.record.number}-v{signature.version.number}.content.json"
    return give(request, signature, bytes(signature.version.content), name, "application/json")


@require_safe
@login_required
def give_certificate(request: HttpRequest, number: str) -> HttpResponse:
    """Give the signer's certificate."""
    signature = load_signature(number, actor=actor_of(request))
    pem = signature.certificate.certificate_pem.encode()
    return give(request, signature, pem, f"{number}.certificate.pem", "application/x-pem-file")


def give(request: HttpRequest, signature: Signature, data: bytes, name: str, media_type: str) -> HttpResponse:
    """Record who took the copy, then give it. Writes: records_event."""
    details = {"name": name, "signature": signature.number}
    record_event(actor_of(request), "signatures.copy.taken", signature.record, details=details)
    return as_download(data, name, media_type)


def as_download(data: bytes, name: str, media_type: str) -> HttpResponse:
    """Return bytes as a file to keep, never to be shown inside the site."""
    response = HttpResponse(data, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
