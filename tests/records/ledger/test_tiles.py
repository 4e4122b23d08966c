"""The ledger's files: a published log byte for byte, paths, growth, and broken files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.ledger import checkpoints, merkle, notes, tiles
from records.ledger.errors import EntryTooLarge, TileMalformed
from records.ledger.tiles import ENTRIES, Tile

pytestmark = pytest.mark.clause("11.10(b)")

VECTORS = Path(__file__).resolve().parents[2] / "assets" / "vectors" / "tlog"
LOG = VECTORS / "tessera_log"
PUBLISHED = json.loads((VECTORS / "tessera_log_key.json").read_text())
ENTRIES_PUBLISHED = [text.encode() for text in PUBLISHED["entries"]]
LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


class Shelf(dict[str, bytes]):
    """Tiles in memory, found by path."""

    def read(self, tile: Tile) -> bytes:
        return self[tile.path]

    def grow(self, old_size: int, leaves: list[bytes]) -> set[Tile]:
        made = dict(tiles.grow_tiles(old_size, leaves, self.read))
        self.update({tile.path: data for tile, data in made.items()})
        return set(made)


@pytest.mark.parametrize("size", range(16))
def test_each_size_of_a_published_log_is_signed_and_adds_up(size: int):
    key = notes.parse_verifier_key(PUBLISHED["verifier_key"])
    data = (LOG / f"checkpoint.{size}").read_bytes()
    checkpoint = checkpoints.open_checkpoint(data, "example.com/log/testdata", [key])
    assert checkpoint.size == size
    reader = tiles.tile_hash_reader(size, lambda tile: (LOG / tile.path).read_bytes())
    assert merkle.root_at(size, reader) == checkpoint.root
    for tile in tiles.tiles_of(size):
        stored = (LOG / tile.path).read_bytes()
        if tile.level == ENTRIES:
            assert tiles.split_entries(tile, stored) == ENTRIES_PUBLISHED[:size]
            assert tiles.join_entries(ENTRIES_PUBLISHED[:size]) == stored
        else:
            assert stored == b"".join(map(merkle.leaf_hash, ENTRIES_PUBLISHED[:size]))


def test_the_steps_of_a_published_log_are_proven_from_its_tiles():
    roots = [
        checkpoints.parse_checkpoint(notes.parse_note((LOG / f"checkpoint.{size}").read_bytes()).text).root
        for size in range(16)
    ]
    reader = tiles.tile_hash_reader(15, lambda tile: (LOG / tile.path).read_bytes())
    for new in range(1, 16):
        for old in range(1, new + 1):
            merkle.verify_consistency(old, new, merkle.consistency_proof(old, new, reader), roots[old], roots[new])
    for index in range(15):
        proof = merkle.inclusion_proof(index, 15, reader)
        merkle.verify_inclusion(merkle.leaf_hash(ENTRIES_PUBLISHED[index]), index, 15, proof, roots[15])


def test_a_log_of_seventy_thousand_has_the_files_of_the_specification():
    made = list(tiles.tiles_of(70_000))
    by_level = {level: [tile for tile in made if tile.level == level] for level in (ENTRIES, 0, 1, 2)}
    assert {level: len(found) for level, found in by_level.items()} == {ENTRIES: 274, 0: 274, 1: 2, 2: 1}
    assert [by_level[level][-1].width for level in (0, 1, 2)] == [112, 17, 1]
    assert by_level[0][-1].path == "tile/0/273.p/112"
    assert [tile.path for tile in tiles.tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles.tiles_of(0)) == []


@given(old=st.integers(0, 70_000), grown=st.integers(0, 2_000))
def test_growth_needs_exactly_the_files_that_were_not_there(old: int, grown: int):
    size = old + grown
    assert set(tiles.tiles_of(size, old)) == set(tiles.tiles_of(size)) - set(tiles.tiles_of(old))


@pytest.mark.parametrize("steps", [[1, 254, 1, 1, 255, 300], [70_000], [65_535, 1, 1, 255, 1_000]])
def test_tiles_grown_in_steps_are_the_tiles_of_the_tree(steps: list[int]):
    shelf, size = Shelf(), 0
    for step in steps:
        made = shelf.grow(size, LEAVES[size : size + step])
        assert made == {tile for tile in tiles.tiles_of(size + step, size) if tile.level != ENTRIES}
        size += step
        reader = tiles.tile_hash_reader(size, shelf.read)
        assert merkle.root_at(size, reader) == merkle.root_of(LEAVES[:size])


def test_proofs_from_tiles_of_several_levels_hold():
    shelf = Shelf()
    shelf.grow(0, LEAVES)
    reader, root = tiles.tile_hash_reader(70_000, shelf.read), merkle.root_of(LEAVES)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        merkle.verify_inclusion(LEAVES[index], index, 70_000, merkle.inclusion_proof(index, 70_000, reader), root)
    for old in (1, 256, 65_536, 65_537, 69_999):
        proof = merkle.consistency_proof(old, 70_000, reader)
        merkle.verify_consistency(old, 70_000, proof, merkle.root_of(LEAVES[:old]), root)


def test_a_subtree_beyond_the_log_is_refused():
    shelf = Shelf()
    shelf.grow(0, LEAVES[:10])
    reader = tiles.tile_hash_reader(10, shelf.read)
    assert reader(3, 0) == merkle.root_of(LEAVES[:8])
    for level, index in ((0, 10), (3, 1), (4, 0), (0, -1)):
        with pytest.raises(TileMalformed):
            reader(level, index)


def test_a_tile_of_another_width_is_refused():
    shelf = Shelf()
    shelf.grow(0, LEAVES[:10])
    shelf["tile/0/000.p/10"] += b"x"
    with pytest.raises(TileMalformed):
        tiles.tile_hash_reader(10, shelf.read)(0, 0)
    with pytest.raises(TileMalformed):
        shelf.grow(10, LEAVES[10:11])


@given(level=st.integers(-1, 63), index=st.integers(0, 10**12), width=st.integers(1, 256))
def test_a_path_reads_back(level: int, index: int, width: int):
    tile = Tile(level, index, width)
    assert tiles.parse_path(tile.path) == tile


def test_paths_are_written_as_specified():
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(ENTRIES, 5, 7).path == "tile/entries/005.p/7"


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/data/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/999",
        "tile/0/001.p/07",
        "tile/0/٠٠١",
        "tile/0/001\n",
        "/tile/0/001",
        "tile/0/../001",
    ],
)
def test_a_path_that_no_tile_has_is_refused(path: str):
    with pytest.raises(TileMalformed):
        tiles.parse_path(path)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_a_bundle_reads_back(entries: list[bytes]):
    bundle = Tile(ENTRIES, 0, len(entries))
    data = tiles.join_entries(entries)
    assert tiles.split_entries(bundle, data) == entries
    for broken in (data[:-1], data + b"\0", data + b"\0\0"):
        with pytest.raises(TileMalformed):
            tiles.split_entries(bundle, broken)


def test_an_entry_that_does_not_fit_is_refused():
    assert len(tiles.join_entries([b"x" * tiles.ENTRY_LIMIT])) == tiles.ENTRY_LIMIT + 2
    with pytest.raises(EntryTooLarge):
        tiles.join_entries([b"x" * (tiles.ENTRY_LIMIT + 1)])
