"""The archive ↔ the database: what was archived is still there, and our ledger continues what it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import F

from records.archive.archiving import (
    CHECKPOINTS,
    COSIGNED,
    SIZE_DIGITS,
    STAMPS,
    name_checkpoint,
    name_cosigned,
    name_stamp,
    read_checkpoint_size,
    read_cosigned_size,
)
from records.archive.comparing import find_archive_differences
from records.archive.errors import ArchiveKeyMissing, ArchiveNameInvalid, ArchiveObjectAltered, ArchiveObjectMissing
from records.archive.interface import Archive, StoredObject
from records.archive.opening import open_archive
from records.clock import now
from records.errors import Refusal
from records.ledger.checkpoints import open_checkpoint
from records.ledger.cosigning import cosigned_note
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.known import check_known_checkpoint, witness_key
from records.ledger.notes import parse_note, verify_note
from records.models_ledger import ArchivedObject, CheckpointCosignature, CheckpointStamp
from records.verifying.findings import Finding, Tally, register_check, shorten

TABLE, COSIGNATURE = "records_archivedobject", "records_checkpointcosignature"
NAMES_AT_A_TIME: Final = 500
COSIGNED_WITHIN: Final = dt.timedelta(hours=1)
"""A witness may be slow and the archive down for this long before its absence there is a finding."""


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
    yield from check_cosigned(archive, tally)
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
    data = read_whole(archive, newest) if newest else None
    if data is not None:
        yield from check_known_checkpoint(data)


def read_whole(archive: Archive, name: str) -> bytes | None:
    """Return an object's bytes, or None of one that is altered or hidden, which the other checks name."""
    try:
        return archive.get(name)
    except (ArchiveObjectAltered, ArchiveObjectMissing):
        return None


def check_cosigned(archive: Archive, tally: Tally) -> Iterator[Finding]:
    """Compare every archived cosigned checkpoint with ours, open the newest, and miss it where there is none."""
    since, newest = tally.since.size if tally.since else 0, ""
    reached = since
    for names in batched(archive.list(COSIGNED, after=f"{COSIGNED}{since:0{SIZE_DIGITS}d}~" if since else "")):
        sizes = cosigned_sizes(names)
        kept = cosigned_names(sizes)
        reached = max([reached, *sizes])
        tally.add("archived cosignatures", len(names))
        newest = max([newest, *kept.intersection(names)])
        for name in names:
            if name not in kept:
                yield Finding(
                    "cosignature_missing", COSIGNATURE, name, "line", "the archived cosignature", "no such row"
                )
    data = read_whole(archive, newest) if newest else None
    if data is not None:
        yield from check_cosigned_note(data, newest)
    for row in ArchivedObject.objects.filter(name__startswith=COSIGNED).exclude(name__contains=F("sha256")):
        yield Finding("archive_altered", TABLE, row.name, "sha256", "the hash that stands in the name", row.sha256)
    awaited = awaited_size()
    if awaited > reached:  # a later one, even one that this copy of the database does not know, covers it
        expected = f"the cosigned checkpoint at {awaited}"
        yield Finding("archive_missing", TABLE, COSIGNED, "", expected, f"up to {reached}")


def batched(names: Iterator[str]) -> Iterator[list[str]]:
    """Yield the names in lists, so that each list costs one question to the database."""
    while chosen := list(islice(names, NAMES_AT_A_TIME)):
        yield chosen


def cosigned_sizes(names: Iterable[str]) -> set[int]:
    """Return the tree sizes that the names of archived cosigned checkpoints tell."""
    sizes = set()
    for name in names:
        with suppress(ArchiveNameInvalid):  # then it is none of ours
            sizes.add(read_cosigned_size(name))
    return sizes


def cosigned_names(sizes: Collection[int]) -> set[str]:
    """Return the names that our own cosignatures of these sizes have."""
    found = set()
    for row in CheckpointCosignature.objects.filter(checkpoint__size__in=sizes).select_related("checkpoint"):
        with suppress(Refusal):  # a row that cannot be read is named by the check of the cosignatures
            note = cosigned_note(row.checkpoint, [row])
            found.add(name_cosigned(row.checkpoint_id, str(note).encode()))
    return found


def check_cosigned_note(data: bytes, name: str) -> Iterator[Finding]:
    """Verify an archived cosigned checkpoint by its own bytes: the ledger's signature and the witness's."""
    witness = witness_key()
    try:
        signed, note = open_checkpoint(data, ledger_origin(), trusted_keys()), parse_note(data)
        if witness is not None and any(line.name == witness.name for line in note.signatures):
            verify_note(note, [witness])
    except Refusal as refusal:
        yield Finding("cosignature_forged", TABLE, name, "", "a cosigned checkpoint of this ledger", shorten(refusal))
        return
    if name != name_cosigned(signed.size, data):
        yield Finding("archive_altered", TABLE, name, "", "the note that its name tells", f"one at {signed.size}")


def awaited_size() -> int:
    """Return the size of the newest cosigned checkpoint that had an hour to be archived, or 0."""
    archived = ArchivedObject.objects.filter(name__startswith=CHECKPOINTS, archived_at__lt=now() - COSIGNED_WITHIN)
    last = archived.order_by("-name").first()
    if last is None:
        return 0
    due = CheckpointCosignature.objects.filter(
        checkpoint__size__lte=read_checkpoint_size(last.name), cosigned_at__lt=now() - COSIGNED_WITHIN
    )
    return due.order_by("-checkpoint_id").values_list("checkpoint_id", flat=True).first() or 0


def check_stamps(archive: Archive) -> Iterator[Finding]:
    """Name each archived time stamp that the database forgot."""
    archived = list(archive.list(STAMPS))  # before the rows: one archived meanwhile has its row already
    kept = {
        name_stamp(stamp.checkpoint_id, bytes(stamp.token))
        for stamp in CheckpointStamp.objects.only("checkpoint_id", "token").iterator(chunk_size=500)
    }
    for name in archived:
        if name not in kept:
            yield Finding(
                "stamp_missing", "records_checkpointstamp", name, "token", "the archived time stamp", "no row"
            )
