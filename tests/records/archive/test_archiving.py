"""What the ledger and signed versions leave in the archive, under which names, and what a comparison finds."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from records.archive import archiving
from records.archive.comparing import find_archive_differences, find_later_checkpoints
from records.archive.errors import ArchiveNameInvalid, ArchiveNameTaken, ArchiveObjectAltered, ArchiveObjectMissing
from records.archive.folder import FolderArchive
from records.archive.interface import Archive, StoredObject

pytestmark = pytest.mark.clause("11.10(c)")

CONTENT = b'{"number":"BR-2026-0001"}'
HASH = hashlib.sha256(CONTENT).hexdigest()
NOTE = b"qms.example.com/countersign\n256\nroot\n\n\xe2\x80\x94 key signature\n"


@pytest.fixture
def rows() -> list[StoredObject]:
    return []


def test_a_checkpoint_is_archived_under_its_size_and_recorded(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    for size in (9, 256, 100_000):
        archiving.archive_checkpoint(archive, size=size, note=NOTE, retain_until=tomorrow, record=rows.append)
    assert [row.name for row in rows] == list(archive.list(archiving.CHECKPOINTS))
    assert [archiving.read_checkpoint_size(row.name) for row in rows] == [9, 256, 100_000]
    assert archive.get(rows[1].name) == NOTE
    assert rows[1] == archive.stat(rows[1].name)


@pytest.mark.assurance("C2")
def test_another_checkpoint_of_an_archived_size_is_refused(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    """That is what a rewritten ledger, or one rolled back and continued, comes to."""
    archiving.archive_checkpoint(archive, size=256, note=NOTE, retain_until=tomorrow, record=rows.append)
    with pytest.raises(ArchiveNameTaken):
        archiving.archive_checkpoint(
            archive, size=256, note=NOTE.replace(b"root", b"fork"), retain_until=tomorrow, record=rows.append
        )
    assert len(rows) == 1


@pytest.mark.parametrize("name", ["checkpoints/9", "tile/0/000", "checkpoints/" + "9" * 21, "checkpoints/" + "x" * 20])
def test_a_name_that_is_no_checkpoints_tells_no_size(name: str) -> None:
    with pytest.raises(ArchiveNameInvalid):
        archiving.read_checkpoint_size(name)


@pytest.mark.parametrize(
    "path",
    ["tile/0/000", "tile/0/255.p/1", "tile/63/x999/x000/067.p/255", "tile/entries/000", "tile/entries/x001/067.p/64"],
)
def test_tiles_and_entry_bundles_are_archived_under_their_own_paths(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject], path: str
) -> None:
    archiving.archive_tile(archive, path=path, data=b"\x00" * 32, retain_until=tomorrow, record=rows.append)
    assert [row.name for row in rows] == [path] == list(archive.list("tile/"))


@pytest.mark.parametrize(
    "path",
    ["tile/64/000", "tile/0/1000", "tile/0/67", "tile/0/000.p/0", "tile/0/000.p/256", "tile/x/000", "tile/0/../000"],
)
def test_a_path_that_is_no_tile_is_refused(tmp_path: Path, tomorrow: datetime, path: str) -> None:
    with pytest.raises(ArchiveNameInvalid):
        archiving.archive_tile(
            FolderArchive(tmp_path), path=path, data=b"", retain_until=tomorrow, record=lambda row: None
        )


@pytest.mark.clause("11.70")
def test_a_signed_version_is_archived_with_each_statement_and_signature(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    signatures = [archiving.SignedBytes(b'{"n":%d}' % n, b"cms %d" % n) for n in range(2)]
    held = archiving.archive_version(
        archive, content=CONTENT, content_hash=HASH, signatures=signatures, retain_until=tomorrow, record=rows.append
    )
    assert held == rows
    assert archive.get(f"versions/{HASH}.json") == CONTENT
    for signature in signatures:
        stem = f"signatures/{hashlib.sha256(signature.statement).hexdigest()}"
        assert (archive.get(f"{stem}.json"), archive.get(f"{stem}.p7s")) == (signature.statement, signature.cms)
    assert len(list(archive.list())) == 5


def test_a_signature_added_later_joins_without_changing_what_is_there(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    first, second = (archiving.SignedBytes(b'{"n":%d}' % n, b"cms %d" % n) for n in range(2))
    for signatures in ([first], [first, second], [first, second]):
        archiving.archive_version(
            archive,
            content=CONTENT,
            content_hash=HASH,
            signatures=signatures,
            retain_until=tomorrow,
            record=rows.append,
        )
    assert len(list(archive.list())) == 5
    assert list(find_archive_differences(archive, rows)) == []


@pytest.mark.assurance("C1")
def test_a_damaged_version_is_never_archived_as_if_it_were_the_record(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    with pytest.raises(ArchiveObjectAltered, match="SHA-256"):
        archiving.archive_version(
            archive, content=CONTENT + b" ", content_hash=HASH, signatures=[], retain_until=tomorrow, record=rows.append
        )
    assert rows == []
    assert list(archive.list()) == []


def test_a_later_retention_extends_what_is_archived_and_an_earlier_one_changes_nothing(
    archive: Archive, tomorrow: datetime, rows: list[StoredObject]
) -> None:
    later = tomorrow + timedelta(days=365)
    for until in (tomorrow, later, tomorrow):
        archiving.archive_object(archive, "tile/0/000", b"tile", retain_until=until, record=rows.append)
    assert [row.retain_until for row in rows] == [tomorrow, later, later]
    assert archive.stat("tile/0/000").retain_until == later


def test_keeping_longer_only_ever_adds(archive: Archive, tomorrow: datetime) -> None:
    later = tomorrow + timedelta(days=365)
    archive.put("tile/0/000", b"tile", tomorrow)
    for until, held in ((later, later), (tomorrow, later)):
        assert archiving.keep_longer(archive, "tile/0/000", until).retain_until == held
    with pytest.raises(ArchiveObjectMissing):
        archiving.keep_longer(archive, "tile/0/001", later)


@pytest.mark.assurance("C2")
def test_a_comparison_names_what_is_missing_altered_or_kept_too_short(archive: Archive, tomorrow: datetime) -> None:
    row = archive.put("tile/0/000", b"tile", tomorrow)
    assert list(find_archive_differences(archive, [row])) == []
    wrong = [
        dataclasses.replace(row, name="tile/0/001"),
        dataclasses.replace(row, sha256=HASH),
        dataclasses.replace(row, size=5),
        dataclasses.replace(row, retain_until=tomorrow + timedelta(seconds=1)),
    ]
    found = [(difference.kind, difference.name) for difference in find_archive_differences(archive, wrong)]
    assert found == [
        ("missing", "tile/0/001"),
        ("altered", "tile/0/000"),
        ("altered", "tile/0/000"),
        ("retention_shortened", "tile/0/000"),
    ]


@pytest.mark.assurance("C2")
def test_a_rolled_back_ledger_is_seen_by_the_archives_later_checkpoints(archive: Archive, tomorrow: datetime) -> None:
    for size in (9, 256, 1000):
        archiving.archive_checkpoint(archive, size=size, note=NOTE, retain_until=tomorrow, record=lambda row: None)
    archiving.archive_tile(archive, path="tile/0/000", data=b"x", retain_until=tomorrow, record=lambda row: None)
    assert list(find_later_checkpoints(archive, size=1000)) == []
    assert list(find_later_checkpoints(archive, size=256)) == [archiving.name_checkpoint(1000)]
    assert len(list(find_later_checkpoints(archive, size=0))) == 3
