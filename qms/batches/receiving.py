"""Receiving an upload for a batch: one zip, or files, into quarantine, and then the import's check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from qms.batches.errors_imports import UploadEmpty, ZipAmongFiles
from qms.batches.importing import offer_delivery, record_refused_upload
from qms.batches.judging import quarantine
from qms.batches.models import BatchRecord, FileImport
from records.errors import Refusal
from records.evidence import Actor
from records.filestore import Readable
from records.uploads.deliveries import Delivery
from records.uploads.kinds import CSV, JSON, PICTURES

DELIVERY_KINDS = (*PICTURES, CSV, JSON)


class NamedFile(Readable, Protocol):
    """An uploaded file with the name its sender gave it."""

    name: str | None


def offer_upload(
    batch: BatchRecord,
    *,
    actor: Actor,
    archive: NamedFile | None,
    photographs: Sequence[NamedFile] = (),
    folder: Sequence[NamedFile] = (),
    manual_reason: str = "",
) -> FileImport:
    """Receive and check an upload for a batch; a complete one is taken at once.

    Writes and raises as `offer_delivery`; a zip that is refused as a whole is an event too.
    Raises: `UploadEmpty`, `ZipAmongFiles`.
    """
    loose = [*photographs, *folder]
    if archive is None and not loose:
        raise UploadEmpty
    if archive is not None and loose:
        raise ZipAmongFiles
    try:
        if archive is not None:
            delivery, source = receive_zip(archive), archive.name or "zip"
        else:
            delivery = receive_files((file.name or "", file) for file in loose)
            source = f"{len(loose)} files"
    except Refusal as refusal:
        record_refused_upload(batch, refusal, actor=actor)
        raise
    return offer_delivery(batch, actor=actor, delivery=delivery, source_name=source, manual_reason=manual_reason)


def receive_zip(source: Readable) -> Delivery:
    """Stream a zip into quarantine and check every file in it. Raises: the upload's refusals."""
    return quarantine().receive_zip(source, allowed=DELIVERY_KINDS)


def receive_files(files: Iterable[tuple[str, Readable]]) -> Delivery:
    """Stream files into quarantine and check each. Raises: the upload's refusals."""
    return quarantine().receive_files(files, allowed=DELIVERY_KINDS)
