"""The log as others read it: a package that is not ours verifies every file, and finds every fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from records.ledger import checkpoints, merkle, notes, tiles
from records.ledger.checkpoints import Checkpoint
from records.ledger.merkle import Frontier
from records.ledger.tiles import ENTRIES, WIDTH, Tile
from tests.readers import LogRefused, digest_entries, read_log
from tests.sizes import choose_size
from tests.witnesses import SmallLog

pytestmark = pytest.mark.clause("11.10(b)", "11.10(e)")

LOG = SmallLog()
WITNESS = SmallLog("witness.example")
WITNESS_KEY = notes.VerifierKey("witness.example", notes.SignatureType.COSIGNATURE, WITNESS.key.public_key)
SIZES = [1, 2, 255, 256, 257, 600]
ENTRY_LIST = [f"countersign-event/v1\n{number}\n".encode() for number in range(choose_size(small=600, full=5_000))]
ENTRY_LIST[7] = b""


def write_log(folder: Path, entries: Sequence[bytes], log: SmallLog, sizes: Sequence[int]) -> None:
    """Grow a log in steps into a folder laid out as C2SP tlog-tiles, a checkpoint kept of each step."""
    frontier = Frontier()
    for size in sizes:
        added = entries[frontier.size : size]
        leaves = [merkle.leaf_hash(entry) for entry in added]
        made = dict(tiles.grow_tiles(frontier.size, leaves, lambda tile: (folder / tile.path).read_bytes()))
        for tile in tiles.tiles_of(size, frontier.size):
            if tile.level == ENTRIES:
                start = tile.index * WIDTH
                made[tile] = tiles.join_entries(entries[start : start + tile.width])
        for tile, data in made.items():
            (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / tile.path).write_bytes(data)
        frontier.extend(leaves)
        head = Checkpoint(log.key.name, frontier.size, frontier.root())
        note = checkpoints.sign_checkpoint(head, log.key, log.secret.sign)
        cosigned = note.with_signatures([notes.cosign_note(note.text, WITNESS_KEY, 1_700_000_000, WITNESS.secret.sign)])
        for name in (f"checkpoint.{size}", "checkpoint"):
            (folder / name).write_text(str(cosigned))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    write_log(folder, ENTRY_LIST, LOG, [*SIZES[:-1], len(ENTRY_LIST)])
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "log")


@pytest.mark.assurance("C2")
def test_a_reader_that_is_not_ours_verifies_the_whole_log(whole: Path):
    size = len(ENTRY_LIST)
    found = read_log(
        whole, LOG.key, witness=WITNESS_KEY, older=[whole / f"checkpoint.{older}" for older in [*SIZES[:-1], size]]
    )
    assert (found.origin, found.size, found.cosignatures) == (LOG.key.name, size, 1)
    assert found.root == merkle.root_of([merkle.leaf_hash(entry) for entry in ENTRY_LIST]).hex()
    assert found.entries == digest_entries(ENTRY_LIST)
    files = list(tiles.tiles_of(size))
    assert found.bundles == sum(tile.level == ENTRIES for tile in files)
    assert found.tiles + found.bundles == len(files)


@pytest.mark.parametrize("size", [1, 256, 257])
def test_the_log_is_still_readable_at_each_of_its_sizes(whole: Path, size: int):
    found = read_log(whole, LOG.key, witness=WITNESS_KEY, checkpoint=whole / f"checkpoint.{size}")
    assert (found.size, found.entries) == (size, digest_entries(ENTRY_LIST[:size]))


def change_byte(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))


def change_full_tile(folder: Path) -> None:
    change_byte(folder / Tile(0, 0).path, 100)


def change_edge_tile(folder: Path) -> None:
    change_byte(folder / Tile(1, 0, len(ENTRY_LIST) // WIDTH).path, 0)


def change_entry(folder: Path) -> None:
    change_byte(folder / Tile(ENTRIES, 1).path, 10)


def lose_tile(folder: Path) -> None:
    (folder / Tile(0, 1).path).unlink()


def lose_bundle(folder: Path) -> None:
    (folder / Tile(ENTRIES, 0).path).unlink()


def cut_checkpoint(folder: Path) -> None:
    text = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(text.replace(f"\n{len(ENTRY_LIST)}\n", "\n599\n"))


def forge_history(folder: Path) -> None:
    write_log(folder, [b"forged", *ENTRY_LIST[1:]], LOG, [len(ENTRY_LIST)])


def lose_cosignature(folder: Path) -> None:
    text = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(text[: text.index("— witness")])


@pytest.mark.parametrize(
    "fault",
    [
        change_full_tile,
        change_edge_tile,
        change_entry,
        lose_tile,
        lose_bundle,
        cut_checkpoint,
        forge_history,
        lose_cosignature,
    ],
)
def test_the_reader_finds_each_fault(copy: Path, fault: Callable[[Path], None]):
    fault(copy)
    with pytest.raises(LogRefused):
        read_log(copy, LOG.key, witness=WITNESS_KEY, older=[copy / "checkpoint.257"])


def test_the_reader_asks_for_the_keys_it_was_given(whole: Path):
    with pytest.raises(LogRefused):
        read_log(whole, SmallLog(LOG.key.name).key)
    other = notes.VerifierKey("witness.example", notes.SignatureType.COSIGNATURE, LOG.key.public_key)
    with pytest.raises(LogRefused):
        read_log(whole, LOG.key, witness=other)
