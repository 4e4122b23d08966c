"""What was sealed lies in the archive as C2SP tiles, and the archive remembers what a database forgot."""

from dataclasses import replace

import pytest

from records.archive.archiving import name_checkpoint
from records.archive.errors import ArchiveUnavailable
from records.archive.folder import FolderArchive
from records.ledger.archiving import archive_ledger
from records.ledger.checkpoints import open_checkpoint
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.merkle import leaf_hash, root_at
from records.ledger.sealing import seal_events
from records.ledger.tiles import ENTRIES, Tile, split_entries, tile_hash_reader, tiles_of
from records.models_ledger import ArchivedObject, Checkpoint, Leaf
from records.verifying.archive import check_archive
from records.verifying.findings import Tally
from tests.records.ledger.sealing_stage import DATABASES, attack, make_events, seal

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(c)"),
]


@pytest.fixture
def archive(settings, tmp_path):
    settings.ARCHIVE = replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive", seconds=60)
    made = FolderArchive(tmp_path / "archive")
    made.check_ready()
    return made


def grow(store, count: int) -> int:
    make_events(count)
    seal_events(store)
    return Checkpoint.objects.latest("size").size


def found() -> set[tuple[str, str]]:
    return {(finding.kind, finding.key) for finding in check_archive(Tally())}


def test_a_reader_of_the_archive_alone_finds_the_signed_root_and_every_entry(store, archive):
    for count in (3, 300, 260):
        size = grow(store, count)
        assert archive_ledger(archive) == size
    checkpoint = open_checkpoint(archive.get(name_checkpoint(size)), ledger_origin(), trusted_keys())
    read_hash = tile_hash_reader(size, lambda tile: archive.get(tile.path))
    assert root_at(checkpoint.size, read_hash) == checkpoint.root
    hashes = [bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")]
    bundles = [tile for tile in tiles_of(size) if tile.level == ENTRIES]
    entries = [entry for tile in bundles for entry in split_entries(tile, archive.get(tile.path))]
    assert [leaf_hash(entry) for entry in entries] == hashes
    assert found() == set()


def test_few_leaves_wait_for_the_time_many_do_not(store, archive):
    assert archive_ledger(archive) is None
    grow(store, 3)
    assert archive_ledger(archive) == 3
    grow(store, 3)
    assert archive_ledger(archive) is None
    grow(store, 300)
    assert archive_ledger(archive) == 306
    assert ArchivedObject.objects.filter(name=Tile(0, 0).path).exists()


def test_what_was_cut_off_is_archived_by_the_next_run(store, archive, monkeypatch):
    grow(store, 300)
    put, calls = archive.put, []

    def fail_at_third(*args):
        calls.append(args)
        if len(calls) == 3:
            raise ArchiveUnavailable(why="the disk is gone")
        return put(*args)

    monkeypatch.setattr(archive, "put", fail_at_third)
    with pytest.raises(ArchiveUnavailable):
        archive_ledger(archive)
    assert not ArchivedObject.objects.filter(name=name_checkpoint(300)).exists()
    monkeypatch.undo()
    assert archive_ledger(archive) == 300
    assert found() == set()


def test_a_ledger_that_forgot_what_was_archived_is_named(store, archive, admin_connection):
    seal(store, 3)
    grow(store, 300)
    archive_ledger(archive)
    attack(
        admin_connection,
        'DELETE FROM records_leaf WHERE "index" >= 3',
        "DELETE FROM records_checkpoint WHERE size > 3",
        "DELETE FROM records_treenode",
        "DELETE FROM records_archivedobject",
    )
    assert found() == {("ledger_rolled_back", "303")}


def test_an_altered_archived_object_is_named(store, archive):
    grow(store, 3)
    archive_ledger(archive)
    name = Tile(0, 0, 3).path
    place = next(path for path in archive.root.rglob("3") if path.is_file() and "entries" not in path.parts)
    place.chmod(0o640)
    place.write_bytes(b"another tile")
    assert ("archive_altered", name) in found()


def test_an_altered_newest_checkpoint_is_named_and_stops_no_verification(store, archive):
    grow(store, 3)
    archive_ledger(archive)
    (place,) = [path for path in archive.root.rglob("00000000000000000003") if path.is_file()]
    place.chmod(0o640)
    place.write_bytes(place.read_bytes().replace(b"3", b"4"))
    assert ("archive_altered", name_checkpoint(3)) in found()
