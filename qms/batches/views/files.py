"""Files of a batch, each behind the batch's own access rule.

The type comes from the database, never from a name; a browser may not guess another one,
and whatever it shows is shown without scripts and apart from the site (`sandbox`). The
untouched original leaves only as an attachment.

Nothing here is cached, as on every page: a picture is part of a record, and a shared or
forgotten browser must not keep it after sign-out. The lightbox does not need a cache:
it holds the pictures that come next as decoded elements of its own page.
Serves: 21 CFR 11.10(c)(d).
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from qms.batches.access import load_batch
from qms.batches.errors import ImageNotFound, OverlayNotMade
from qms.batches.models import Overlay, VialImage
from qms.web.requests import actor_of
from records.models import Attachment, StoredFile
from records.stores import file_store

POLICY = "default-src 'none'; style-src 'none'; sandbox"


def load_unit(request: HttpRequest, number: str, unit: str) -> VialImage:
    """Return a unit's image in a batch that the person may see. Raises: `BatchNotFound`, `ImageNotFound`."""
    batch = load_batch(actor_of(request).user_id, number)
    found = VialImage.objects.select_related("thumbnail", "display", "original").filter(batch=batch, unit_id=unit)
    image = found.first()
    if image is None:
        raise ImageNotFound
    return image


def send(file: StoredFile, *, name: str, as_attachment: bool = False) -> HttpResponse:
    """Send a stored file, hashed again before its first byte leaves. Raises: `FileAltered`, `FileMissing`."""
    response = HttpResponse(file_store().read_checked(file.sha256), content_type=file.media_type)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment, name) or "inline"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["ETag"] = f'"{file.sha256}"'
    return response


@login_required
@require_safe
def send_thumbnail(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Send a unit's thumbnail."""
    image = load_unit(request, number, unit)
    return send(image.thumbnail, name=f"{image.unit_id}-small.jpg")


@login_required
@require_safe
def send_display(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Send a unit's display copy."""
    image = load_unit(request, number, unit)
    return send(image.display, name=f"{image.unit_id}.png")


@login_required
@require_safe
def send_overlay(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Send what the model looked at in a unit."""
    image = load_unit(request, number, unit)
    overlay = Overlay.objects.select_related("file").filter(result__image=image).first()
    if overlay is None:
        raise OverlayNotMade
    return send(overlay.file, name=f"{image.unit_id}-overlay.png")


@login_required
@require_safe
def send_original(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Send a unit's original, untouched, as an attachment."""
    image = load_unit(request, number, unit)
    return send(image.original, name=image.name.rpartition("/")[2], as_attachment=True)


@login_required
@require_safe
def send_attachment(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Send a file that is attached to the batch."""
    batch = load_batch(actor_of(request).user_id, number)
    found = Attachment.objects.select_related("file").filter(record_id=batch.pk, pk=pk).first()
    if found is None:
        raise ImageNotFound
    return send(found.file, name=found.name, as_attachment=True)
