"""The ledger's public files in the write-once archive: tiles, entry bundles, checkpoints (C2SP tlog-tiles).

Runs in the sealer's process after a checkpoint is committed. A checkpoint is archived last, so that
whoever finds it finds everything below it; what was cut off is archived by the next run.
Serves: 21 CFR 11.10(b), 11.10(c).
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Final

from django.conf import settings

from records.archive.archiving import (
    CHECKPOINTS,
    archive_checkpoint,
    archive_cosigned,
    archive_stamp,
    archive_tile,
    name_cosigned,
    name_stamp,
    read_checkpoint_size,
)
from records.archive.interface import Archive, StoredObject
from records.clock import now
from records.errors_ledger import LedgerBroken
from records.ledger.cosigning import cosigned_note
from records.ledger.leaves import fixed_texts
from records.ledger.merkle import leaf_hash
from records.ledger.recomputing import Formats, make_stored_entries, read_leaves
from records.ledger.tiles import ENTRIES, WIDTH, Tile, join_entries, tiles_of
from records.ledger.trees import tile_reader
from records.models_ledger import ArchivedObject, Checkpoint, CheckpointCosignature, CheckpointStamp
from records.retention import compute_ledger_retain_until

STAMPS_AT_ONCE: Final = 100
"""So many time stamps are looked at in one run: more than are given while the archive is away for an hour."""

LEAVES_AT_ONCE: Final = 256
"""So many new leaves are archived at once, whatever the time: a full tile is never written again."""


def archive_ledger(archive: Archive, *, using: str = "sealer") -> int | None:
    """Archive the last checkpoint and what it adds, where that is due; return its size.

    Writes: records_archivedobject. Raises: LedgerBroken, what the archive raises.
    """
    last = Checkpoint.objects.using(using).order_by("-size").first()
    before = last_archived(using)
    old_size = read_checkpoint_size(before.name) if before else 0
    if last is None or last.size <= old_size or not is_due(last, before, old_size):
        return None
    until, record = compute_ledger_retain_until(now()), partial(record_object, using=using)
    for tile in tiles_of(last.size, old_size):
        data = read_bundle(tile, using) if tile.level == ENTRIES else tile_reader(using)(tile)
        archive_tile(archive, path=tile.path, data=data, retain_until=until, record=record)
    archive_checkpoint(archive, size=last.size, note=last.note.encode(), retain_until=until, record=record)
    return last.size


def archive_cosigned_checkpoint(archive: Archive, *, using: str = "sealer") -> int | None:
    """Archive the newest cosigned checkpoint whose tiles are archived, unless it is; return its size.

    An object of its own beside the checkpoint's, so that a slow witness never delays the archive.
    Writes: records_archivedobject. Raises: what the archive raises, NoteMalformed.
    """
    covered = last_archived(using)
    if covered is None:
        return None
    cosigned = CheckpointCosignature.objects.using(using).filter(
        checkpoint__size__lte=read_checkpoint_size(covered.name)
    )
    newest = cosigned.select_related("checkpoint").order_by("-checkpoint_id", "-id").first()
    if newest is None:
        return None
    size, note = newest.checkpoint_id, str(cosigned_note(newest.checkpoint, [newest])).encode()
    if ArchivedObject.objects.using(using).filter(name=name_cosigned(size, note)).exists():
        return None
    until, record = compute_ledger_retain_until(now()), partial(record_object, using=using)
    archive_cosigned(archive, size=size, note=note, retain_until=until, record=record)
    return size


def archive_stamps(archive: Archive, *, using: str = "sealer") -> int:
    """Archive the newest time stamps that are not archived yet; return how many.

    Writes: records_archivedobject. Raises: what the archive raises.
    """
    stamps = list(CheckpointStamp.objects.using(using).order_by("-id")[:STAMPS_AT_ONCE])
    names = {stamp.pk: name_stamp(stamp.checkpoint_id, bytes(stamp.token)) for stamp in stamps}
    known = set(ArchivedObject.objects.using(using).filter(name__in=names.values()).values_list("name", flat=True))
    until, record = compute_ledger_retain_until(now()), partial(record_object, using=using)
    missing = [stamp for stamp in reversed(stamps) if names[stamp.pk] not in known]
    for stamp in missing:
        archive_stamp(archive, size=stamp.checkpoint_id, token=bytes(stamp.token), retain_until=until, record=record)
    return len(missing)


def last_archived(using: str = "default") -> ArchivedObject | None:
    """Return the newest archived checkpoint's row; names sort as sizes do."""
    return ArchivedObject.objects.using(using).filter(name__startswith=CHECKPOINTS).order_by("-name").first()


def is_due(last: Checkpoint, before: ArchivedObject | None, old_size: int) -> bool:
    """Tell whether enough leaves or time came since, so that the store does not fill with partial tiles."""
    if before is None or last.size - old_size >= LEAVES_AT_ONCE:
        return True
    return now() - before.archived_at >= dt.timedelta(seconds=settings.ARCHIVE.seconds)


def read_bundle(bundle: Tile, using: str) -> bytes:
    """Return an entry bundle, made from the rows and compared with the leaves. Raises: LedgerBroken."""
    start = bundle.index * WIDTH
    leaves = read_leaves(using, start, start + bundle.width)
    with fixed_texts(using):
        entries = make_stored_entries(using, leaves, Formats(using))
    if len(leaves) != bundle.width or any(
        entry is None or leaf_hash(entry) != leaf.hash for leaf, entry in zip(leaves, entries, strict=True)
    ):
        raise LedgerBroken(problem=f"the rows no longer give the entries of {bundle.path}")
    return join_entries(entry for entry in entries if entry is not None)


def record_object(held: StoredObject, *, using: str) -> None:
    """Keep what the archive says it holds, once. Writes: records_archivedobject."""
    ArchivedObject.objects.using(using).get_or_create(
        name=held.name, defaults={"sha256": held.sha256, "size": held.size, "retain_until": held.retain_until}
    )
