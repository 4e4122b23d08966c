"""Copies to take away: one numbered evidence capsule per record, made by a job.

Owns the numbers, the states and the events of copies; what is in them is `signatures.capsules`'.
Serves: 21 CFR 11.10(b): accurate and complete copies, human-readable and electronic.
"""

from __future__ import annotations

import tempfile

from django.db import transaction

from qms.inspections.models import Export
from records.acting import acting
from records.attachments import register_file
from records.evidence import Actor, system_actor
from records.models import ControlledRecord, StoredFile
from records.numbering import take_number
from records.outbox import promise
from records.stores import file_store
from signatures.capsules.building import build_capsule
from signatures.capsules.scopes import scope_of_records

MAX_ZIP_BYTES = 64 * 1024**3


def request_export(record: ControlledRecord, *, actor: Actor) -> Export:
    """Ask for a copy of a record; a job makes it.

    Writes: inspections_export and one event; promises the job in the outbox.
    """
    with transaction.atomic():
        number = take_number("EX")
        with acting(actor, "inspections.export.requested", record, details={"export": number}):
            export = Export.objects.create(number=number, record=record, requested_by_id=actor.person_id)
        promise("inspections.export", key=number, payload={"export": export.pk})
    return export


def make_export(export_id: int) -> Export:
    """Make the zip of an export; doing it again changes nothing.

    Writes: inspections_export, records_storedfile and one event.
    """
    export = Export.objects.select_related("record", "requested_by").get(pk=export_id)
    if export.state == Export.State.READY:
        return export
    actor = system_actor("exports")
    record = export.record.concrete()
    given = {"export": export.number, "requested_by": export.requested_by.username}
    with tempfile.TemporaryFile() as target:
        build_capsule(target, scope_of_records(record.number, [record.pk]), given=given)
        target.seek(0)
        kept = file_store().add(target, max_bytes=MAX_ZIP_BYTES)
    with transaction.atomic():
        locked = Export.objects.select_for_update().get(pk=export_id)
        if locked.state == Export.State.READY:
            return locked
        details = {"export": export.number, "sha256": kept.sha256, "bytes": kept.size}
        with acting(actor, "inspections.export.made", record, details=details):
            locked.file = register_file(sha256=kept.sha256, size=kept.size, media_type="application/zip")
            locked.state = Export.State.READY
            locked.error = ""
            locked.save(update_fields=["file", "state", "error"])
    return locked


def fail_export(export_id: int, error: str) -> None:
    """Mark an export that could not be made, with its cause. Writes: inspections_export and one event."""
    with transaction.atomic():
        export = Export.objects.select_for_update().select_related("record").get(pk=export_id)
        details = {"export": export.number, "error": error[:200]}
        with acting(system_actor("exports"), "inspections.export.failed", export.record, details=details):
            export.state, export.error = Export.State.FAILED, error[:500]
            export.save(update_fields=["state", "error"])


def stored_file_of(export: Export) -> StoredFile:
    """Return the finished export's file row."""
    if export.file is None:
        raise LookupError(f"{export.number} is not ready")
    return export.file
