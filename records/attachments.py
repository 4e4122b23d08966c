"""Linking stored files to records."""

from __future__ import annotations

from django.db import transaction

from records.acting import acting
from records.evidence import Actor
from records.models import Attachment, ControlledRecord, StoredFile


def register_file(*, sha256: str, size: int, media_type: str) -> StoredFile:
    """Return the row of a file in the store, making it if it is new.

    Must run inside `records.acting`. Writes: records_storedfile.
    """
    found, _ = StoredFile.objects.get_or_create(sha256=sha256, defaults={"size": size, "media_type": media_type})
    return found


def attach_file(
    record: ControlledRecord,
    *,
    actor: Actor,
    sha256: str,
    size: int,
    media_type: str,
    name: str,
    purpose: str,
    note: str = "",
) -> Attachment:
    """Attach a file of the store to a record.

    Writes: records_attachment, records_storedfile and one event. Serves: 21 CFR 11.10(e).
    """
    details = {"name": name, "sha256": sha256, "purpose": purpose}
    with transaction.atomic(), acting(actor, "records.attachment.added", record, details=details):
        file = register_file(sha256=sha256, size=size, media_type=media_type)
        return Attachment.objects.create(record_id=record.pk, file=file, name=name, purpose=purpose, note=note)
