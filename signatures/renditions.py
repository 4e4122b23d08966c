"""The rendition of a signed version: made when its route completes, from frozen things alone.

Owns the document around the kind's own body: manifestations, embedded originals, seal.
The same signatures give the same bytes, so a rendition whose file is lost is made again
and compared, unless an outside authority has stamped it. Runs from the outbox; idempotent.
Serves: 21 CFR 11.10(b), 11.50(b), 11.70.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from records.acting import acting
from records.attachments import register_file
from records.differences import list_fields
from records.digests import sha256_hex
from records.evidence import system_actor
from records.models import Event, Rendition, Version
from records.pdf import EmbeddedFile, Look, Resource, render_pdf
from records.stamping.checkpoints import site_client
from records.stamping.client import StampClient
from records.stores import file_store, key_store
from records.versions import read_content
from records.workflow import lock_record, workflow_of
from signatures.authority import SEAL_KEY_NAME, authority_file, seal_certificate, site_authority
from signatures.errors import RenditionNotDue, RenditionNotTheSame, RenditionStamped
from signatures.manifestation import manifestation_of, write_moment
from signatures.models import Signature
from signatures.pdf_seal import Seal, seal_pdf
from signatures.queries import is_round_complete, signatures_of_round
from signatures.subjects import subject_of
from signatures.time_stamps import SiteTimeStamper

PDF_TYPE = "application/pdf"
MADE = "records.rendition.made"
STAMPED_BY = "time_stamped_by"


@dataclass(frozen=True, slots=True)
class Part:
    """An embedded file as the document lists it."""

    name: str
    description: str
    sha256: str


def keep_promise(payload: Mapping[str, Any]) -> None:
    """Make the rendition that a completed route promised."""
    version = Version.objects.select_related("record").get(pk=payload["version"])
    make_rendition(version, str(payload["action"]))


def make_rendition(version: Version, action: str) -> Rendition:
    """Make and keep the sealed PDF of a version's completed round; return the one there is if it exists.

    Writes: records_rendition, records_storedfile, the file, and one event.
    Raises: `RenditionNotDue` while signatures are missing. Serves: 21 CFR 11.10(b).
    """
    found = Rendition.objects.filter(version=version, action=action).first()
    if found is not None:
        return found
    pdf = draw_rendition(version, action)
    stored = file_store().add_bytes(pdf)
    with transaction.atomic():
        record = lock_record(version.record)
        found = Rendition.objects.filter(version=version, action=action).first()
        if found is not None:
            return found
        details = {"version": version.number, "action": action, "sha256": stored.sha256} | stamped_by(site_client())
        with acting(system_actor("renditions"), MADE, record, details=details):
            file = register_file(sha256=stored.sha256, size=stored.size, media_type=PDF_TYPE)
            return Rendition.objects.create(version=version, action=action, file=file)


def restore_rendition(rendition: Rendition) -> None:
    """Make a lost file of a rendition again, and keep it only if it is byte for byte the same.

    Raises: `RenditionStamped`, since a time stamp is given once; `RenditionNotTheSame`. Serves: 21 CFR 11.10(c).
    """
    made = Event.objects.filter(act=MADE, record=rendition.version.record, details__sha256=rendition.file_id).first()
    if made is not None and STAMPED_BY in made.details:
        raise RenditionStamped(number=rendition.version.record.number)
    pdf = draw_rendition(rendition.version, rendition.action)
    if sha256_hex(pdf) != rendition.file_id:
        raise RenditionNotTheSame(number=rendition.version.record.number)
    file_store().add_bytes(pdf, expected=rendition.file_id)


def draw_rendition(version: Version, action: str) -> bytes:
    """Return the sealed PDF of a version's round: from its frozen content and signatures alone.

    Serves: 21 CFR 11.10(b), 11.50(b). Raises: `RenditionNotDue`, the renderer's and the seal's refusals.
    """
    signatures = signatures_of_round(version, action)
    if not signatures or not is_round_complete(signatures[-1]):
        raise RenditionNotDue(number=version.record.number)
    files = embedded_files(version, signatures)
    last = signatures[-1]
    pdf = render_pdf(
        write_html(version, signatures, files),
        attachments=files,
        identifier=f"{version.record.number} v{version.number} {action}",
        created=last.signed_at,
        look=document_look(),
    )
    seal = Seal(key_store(), SEAL_KEY_NAME, seal_certificate(), (site_authority().certificate,))
    reason = f"True copy of {version.record.number} version {version.number}"
    client = site_client()
    return seal_pdf(
        pdf,
        seal=seal,
        organisation=settings.ORGANISATION,
        reason=reason,
        at=last.signed_at,
        time_stamper=SiteTimeStamper(client) if client else None,
    )


def stamped_by(client: StampClient | None) -> dict[str, str]:
    """Return what the event says of the time stamp in a rendition: the address that gave it."""
    return {STAMPED_BY: client.url} if client else {}


def write_html(version: Version, signatures: list[Signature], files: list[EmbeddedFile]) -> str:
    """Return the document as HTML, all of it escaped by the template engine."""
    record, content = version.record, read_content(version)
    subject = subject_of(record.kind)
    action = signatures[0].action
    context: dict[str, Any] = {
        "organisation": settings.ORGANISATION,
        "version": version,
        "content": {"number": record.number, "title": record.title, **content},
        "kind_label": type(record.concrete()).KIND_LABEL,
        "frozen_at": write_moment(version.frozen_at, "UTC"),
        "action_label": workflow_of(record).by_action[action].label,
        "is_decline": any(row.is_decline for row in signatures),
        "manifestations": [manifestation_of(row) for row in signatures],
        "first": signatures[0].number,
        "files": [Part(one.name, one.description, sha256_hex(one.data)) for one in files],
        "body": subject.rendition_template,
        "fields": list_fields(content),
    }
    with translation.override(None):  # the words of a document are kept; no reader's language may change them
        return render_to_string("signatures/rendition.html", context | subject.rendition_context(content))


def embedded_files(version: Version, signatures: list[Signature]) -> list[EmbeddedFile]:
    """Return the originals that travel inside: content, each statement and CMS, the authorities."""
    files = [
        EmbeddedFile(
            "content.json",
            bytes(version.content),
            "application/json",
            "Source",
            "the content that was signed, RFC 8785",
        )
    ]
    for row in signatures:
        who = f"of {row.printed_name}"
        statement, cms = bytes(row.statement), bytes(row.cms)
        files += [
            EmbeddedFile(f"{row.number}.statement.json", statement, "application/json", "Data", f"statement {who}"),
            EmbeddedFile(f"{row.number}.p7s", cms, "application/pkcs7-signature", "Data", f"signature (CMS) {who}"),
        ]
    authorities = authority_file()
    files.append(EmbeddedFile("ca.pem", authorities, "application/x-pem-file", "Supplement", "the trusted authorities"))
    return files


@functools.lru_cache(maxsize=1)
def document_look() -> Look:
    """Return the stylesheet and fonts of all renditions, read once a process."""
    fonts = {
        "countersign:fonts/latin.woff2": Resource(_static("vendor/inter/inter-latin.woff2"), "font/woff2"),
        "countersign:fonts/latin-ext.woff2": Resource(_static("vendor/inter/inter-latin-ext.woff2"), "font/woff2"),
    }
    return Look((_static("css/rendition.css").decode(),), fonts)


def _static(name: str) -> bytes:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_bytes()
