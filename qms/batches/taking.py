"""Taking chosen photographs: originals stored untouched, display copies made, units written in one act.

Files are stored before rows: a process that dies between leaves files that nothing names
and that the next try finds. Serves: 21 CFR 11.10(a)(c).
"""

from __future__ import annotations

import base64
import datetime as dt
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from qms.batches.judging import ADDITIONS, quarantine, read_addition
from qms.batches.locks import Work, hold_work
from qms.batches.manifests import MANIFEST_NAME
from qms.batches.models import BatchRecord, FileImport, ImportProgress, StationDelivery, VialImage
from qms.batches.stations import SIGNATURE_NAME, read_signature
from records.acting import acting
from records.attachments import register_file
from records.clock import now
from records.errors import Refusal
from records.errors_files import DeliveryUnknown
from records.evidence import system_actor
from records.filestore import StoredContent
from records.models import Attachment, StoredFile
from records.stores import file_store
from records.uploads.deliveries import Delivery, ReceivedFile
from records.uploads.images import ENCODER, Part, make_copies
from records.uploads.kinds import CSV, JPEG, JSON, PICTURES, PNG
from records.workflow import lock_record, perform_transition

ACTOR = system_actor("import")
State = FileImport.State
MAKERS = 2
CHUNK = 16
FOCUS_MARGIN = 1.2  # times the larger side of the unit


@dataclass(frozen=True, slots=True)
class StoredPhotograph:
    """One photograph's three files as stored."""

    original: StoredContent
    display: StoredContent
    thumbnail: StoredContent


def take_photographs(import_id: int) -> None:
    """Do what is left of a chosen import; harmless when another worker has it or it is over.

    Writes: batches_vialimage, records_storedfile, batches_stationdelivery,
    batches_fileimport, the batch's state and their events, as ``system:import``.
    """
    with hold_work(Work.IMPORT, import_id) as is_held:
        file_import = FileImport.objects.select_related("batch").get(pk=import_id)
        if not is_held or file_import.state != State.TAKING:
            return
        try:
            delivery = quarantine().load(file_import.folder)
        except DeliveryUnknown as refusal:
            lose_import(file_import, refusal)
            return
        stored = store_photographs(file_import, delivery)
        with transaction.atomic():
            write_units(file_import, delivery, stored)
        quarantine().discard(file_import.folder)


def lose_import(file_import: FileImport, refusal: Refusal) -> None:
    """Give up an import whose files left quarantine before they were taken; nothing of it was stored.

    Writes: batches_fileimport, one event.
    """
    details = {"source": file_import.source_name, "said": refusal.text}
    with transaction.atomic():
        lock_record(file_import.batch)
        with acting(ACTOR, "batches.upload.lost", file_import.batch, details=details):
            file_import.state = State.GIVEN_UP
            file_import.checked = []
            file_import.save(update_fields=["state", "checked"])


def store_photographs(file_import: FileImport, delivery: Delivery) -> dict[int, StoredPhotograph]:
    """Store originals and copies of the chosen files, by their number in quarantine; show the progress."""
    files = {file.number: file for file in delivery.received}
    chosen = [files[row["number"]] for row in file_import.checked]
    regions = {row["number"]: row["region"] for row in file_import.checked}
    stored: dict[int, StoredPhotograph] = {}
    with ThreadPoolExecutor(max_workers=MAKERS, thread_name_prefix="copies") as makers:
        for start in range(0, len(chosen), CHUNK):
            part = chosen[start : start + CHUNK]
            made = makers.map(lambda file: store_photograph(delivery, file, region=regions[file.number]), part)
            stored.update(zip((file.number for file in part), made, strict=True))
            ImportProgress.objects.filter(file_import=file_import).update(done=len(stored), beat_at=now())
    return stored


def store_photograph(delivery: Delivery, file: ReceivedFile, *, region: Mapping[str, str] | None) -> StoredPhotograph:
    """Store one original, hashed again, and the copies that browsers are shown. Uses no database."""
    content = quarantine().read(delivery, file)
    kind = next(kind for kind in PICTURES if kind.media_type == file.media_type)
    copies = make_copies(io.BytesIO(content), kind=kind, focus=focus_of(region))
    store = file_store()
    return StoredPhotograph(
        original=store.add_bytes(content, expected=file.sha256),
        display=store.add_bytes(copies.display),
        thumbnail=store.add_bytes(copies.thumbnail),
    )


def focus_of(region: Mapping[str, str] | None) -> Part | None:
    """Return the part of a photograph that lists show: the unit with a margin around it."""
    if region is None:
        return None
    x, y, width, height = (float(region[name]) for name in ("x", "y", "width", "height"))
    half = FOCUS_MARGIN * max(width, height) / 2
    cx, cy = x + width / 2, y + height / 2
    return cx - half, cy - half, cx + half, cy + half


def write_units(file_import: FileImport, delivery: Delivery, stored: Mapping[int, StoredPhotograph]) -> None:
    """Write an import's units as one act; complete the batch's images when none is missing."""
    lock_record(file_import.batch)
    batch = BatchRecord.objects.get(pk=file_import.batch_id)
    files = {file.number: file for file in delivery.received}
    first = int(batch.images.aggregate(last=Max("position"))["last"] or 0) + 1
    details = {
        "source": file_import.source_name,
        "good": file_import.good_count,
        "refused": file_import.refused_count,
        "copies_made_by": ENCODER,
    }
    with acting(ACTOR, "batches.upload.taken", batch, details=details):
        insert_files(files, stored)
        insert_delivery(file_import, delivery, batch)
        VialImage.objects.bulk_create(
            make_unit(file_import, row, files[row["number"]], stored[row["number"]], position=first + place)
            for place, row in enumerate(file_import.checked)
        )
        file_import.state = State.TAKEN
        file_import.checked = []
        file_import.save(update_fields=["state", "checked"])
    if batch.images.count() == batch.units_received:
        perform_transition(batch, "complete_import", actor=ACTOR, details={"units": batch.units_received})


def insert_files(files: Mapping[int, ReceivedFile], stored: Mapping[int, StoredPhotograph]) -> None:
    """Insert the rows of all stored files that are new."""
    rows: dict[str, StoredFile] = {}
    for number, photograph in stored.items():
        kinds = (files[number].media_type, PNG.media_type, JPEG.media_type)
        for part, media_type in zip(
            (photograph.original, photograph.display, photograph.thumbnail), kinds, strict=True
        ):
            rows[part.sha256] = StoredFile(sha256=part.sha256, size=part.size, media_type=media_type)
    StoredFile.objects.bulk_create(rows.values(), ignore_conflicts=True)


def insert_delivery(file_import: FileImport, delivery: Delivery, batch: BatchRecord) -> None:
    """Keep manifest and signature with the batch, and take the signature's nonce."""
    for name in ADDITIONS:
        content = read_addition(delivery, name)
        if content is None:
            continue
        kept = file_store().add_bytes(content)
        media_type = CSV.media_type if name == MANIFEST_NAME else JSON.media_type
        file = register_file(sha256=kept.sha256, size=kept.size, media_type=media_type)
        Attachment.objects.create(record_id=batch.pk, file=file, name=f"{file_import.pk}-{name}", purpose="delivery")
        if name == SIGNATURE_NAME:
            signed = read_signature(content)
            StationDelivery.objects.create(
                file_import=file_import,
                station_id=batch.station_id,
                nonce=signed.nonce,
                signed_at=signed.signed_at,
                manifest_sha256=manifest_hash(delivery),
                signature=base64.b64encode(signed.signature).decode(),
            )


def manifest_hash(delivery: Delivery) -> str:
    """Return the SHA-256 of a delivery's manifest."""
    return next(file.sha256 for file in delivery.received if file.name.casefold() == MANIFEST_NAME)


def make_unit(
    file_import: FileImport, row: Mapping[str, Any], file: ReceivedFile, stored: StoredPhotograph, *, position: int
) -> VialImage:
    """Return one unit's row, not saved yet."""
    return VialImage(
        batch_id=file_import.batch_id,
        file_import=file_import,
        position=position,
        unit_id=row["unit_id"],
        name=row["name"],
        original_id=stored.original.sha256,
        display_id=stored.display.sha256,
        thumbnail_id=stored.thumbnail.sha256,
        width=file.width,
        height=file.height,
        region=row["region"],
        captured_at=dt.datetime.fromisoformat(row["captured_at"]),
    )
