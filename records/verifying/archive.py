"""The archive ↔ the database: what was archived is still there, and our ledger continues what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from records.archive.archiving import CHECKPOINTS, STAMPS, name_checkpoint, name_stamp, read_checkpoint_size
from records.archive.comparing import find_archive_differences
from records.archive.errors import ArchiveKeyMissing
from records.archive.interface import Archive, StoredObject
from records.archive.opening import open_archive
from records.errors import Refusal
from records.ledger.known import check_known_checkpoint
from records.models_ledger import ArchivedObject, CheckpointStamp
from records.verifying.findings import Finding, Tally, register_check, shorten

TABLE = "records_archivedobject"


@register_check("archive", incremental=True)
def check_archive(tally: Tally) -> Iterator[Finding]:
    """Compare every archived object with its row, and our ledger with the newest archived checkpoint."""
    if not is_in_use():
        return
    try:
        archive = open_archive()
    except ArchiveKeyMissing:
        tally.add("archives whose key is elsewhere")
        return
    except Refusal as refusal:
        yield Finding("archive_unreadable", TABLE, "", "", "an archive that can be read", shorten(refusal))
        return
    yield from check_objects(archive, tally)
    yield from check_checkpoint(archive)
    yield from check_stamps(archive)
    for fault in archive.find_faults():
        yield Finding(f"archive_{fault.kind}", TABLE, fault.name, "", "written once and never touched", fault.found)


def is_in_use() -> bool:
    """Tell whether anything was ever archived here."""
    wanted = settings.ARCHIVE
    return wanted.kind != "folder" or Path(wanted.root).exists() or ArchivedObject.objects.exists()


def check_objects(archive: Archive, tally: Tally) -> Iterator[Finding]:
    """Name each object that is not what its row says; an incremental run looks at the newest checkpoint's alone."""
    rows = ArchivedObject.objects.order_by("name")
    if tally.since:
        rows = rows.filter(name__gt=name_checkpoint(tally.since.size), name__startswith=CHECKPOINTS)
    tally.expect("archived objects", rows.count())

    def told() -> Iterator[StoredObject]:
        for row in rows.iterator(chunk_size=500):
            tally.add("archived objects")
            yield StoredObject(row.name, row.sha256, row.size, row.retain_until)

    for difference in find_archive_differences(archive, told()):
        kind = f"archive_{difference.kind}"
        yield Finding(kind, TABLE, difference.name, "", difference.expected, difference.found or "nothing")


def check_checkpoint(archive: Archive) -> Iterator[Finding]:
    """Compare our ledger with the newest checkpoint that the archive holds, whatever our rows say of it."""
    newest = ""
    for newest in archive.list(CHECKPOINTS):
        read_checkpoint_size(newest)
    if newest:
        yield from check_known_checkpoint(archive.get(newest))


def check_stamps(archive: Archive) -> Iterator[Finding]:
    """Name each archived time stamp that the database forgot."""
    kept = {
        name_stamp(stamp.checkpoint_id, bytes(stamp.token))
        for stamp in CheckpointStamp.objects.only("checkpoint_id", "token").iterator(chunk_size=500)
    }
    for name in archive.list(STAMPS):
        if name not in kept:
            yield Finding(
                "stamp_missing", "records_checkpointstamp", name, "token", "the archived time stamp", "no row"
            )
