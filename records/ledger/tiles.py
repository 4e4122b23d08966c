"""The ledger's public files: hash tiles and entry bundles (C2SP tlog-tiles).

Owns paths, contents, and which files a tree of a given size has; reads hashes back from
tiles. Never touches a disk or a network: the caller passes how to read. Pure: no Django.
Serves: 21 CFR 11.10(b), 11.10(c).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from records.digests import DIGEST_SIZE
from records.ledger.errors import EntryTooLarge, TileMalformed
from records.ledger.merkle import ReadHash, root_of

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
"""Hashes of a full tile, and entries of a full bundle."""

ENTRIES: Final = -1
"""The level of entry bundles, which have a name instead of a number in their paths."""

ENTRY_LIMIT: Final = (1 << 16) - 1
"""Bytes of the largest entry that a bundle can hold."""

LEVEL_LIMIT: Final = 63

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file: tile or bundle ``index`` of a level, with ``width`` hashes or entries in it."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix, for example ``tile/0/x001/234.p/7``."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")


ReadTile = Callable[[Tile], bytes]
"""The bytes of one tile; refuses what it does not have."""


def parse_path(path: str) -> Tile:
    """Return the tile or bundle of a path. Raises: TileMalformed for a path that no tile has."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileMalformed(path=path[:200], problem="its path is not of the form tile/level/index")
    level = ENTRIES if match["level"] == "entries" else int(match["level"])
    tile = Tile(level, int(match["index"].replace("/", "").replace("x", "")), int(match["width"] or WIDTH))
    if level > LEVEL_LIMIT or tile.width > WIDTH or tile.path != path:
        raise TileMalformed(path=path[:200], problem="its level, index or width is not written as one is")
    return tile


def tiles_of(size: int, old_size: int = 0) -> Iterator[Tile]:
    """Yield the hash tiles and entry bundles of a log of ``size`` that one of ``old_size`` had not.

    Levels upwards, bundles first; the last of each level may be partial.
    """
    if size > old_size:
        yield from _row(ENTRIES, size, old_size)
    level = 0
    while size > old_size and level <= LEVEL_LIMIT:
        yield from _row(level, size, old_size)
        size, old_size, level = size // WIDTH, old_size // WIDTH, level + 1


def _row(level: int, count: int, old_count: int) -> Iterator[Tile]:
    for index in range(old_count // WIDTH, -(-count // WIDTH)):
        yield Tile(level, index, min(WIDTH, count - index * WIDTH))


def split_tile(tile: Tile, data: bytes) -> list[bytes]:
    """Return the hashes of a tile. Raises: TileMalformed unless it has exactly its width of them."""
    if len(data) != tile.width * DIGEST_SIZE:
        raise TileMalformed(path=tile.path, problem=f"it has {len(data)} bytes, not {tile.width * DIGEST_SIZE}")
    return [data[start : start + DIGEST_SIZE] for start in range(0, len(data), DIGEST_SIZE)]


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Return the bytes of an entry bundle: each entry after its length. Raises: EntryTooLarge."""
    parts = []
    for entry in entries:
        if len(entry) > ENTRY_LIMIT:
            raise EntryTooLarge(size=len(entry), limit=ENTRY_LIMIT)
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def split_entries(bundle: Tile, data: bytes) -> list[bytes]:
    """Return the entries of a bundle. Raises: TileMalformed unless it has exactly its width of them."""
    entries = []
    position = 0
    while position < len(data):
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        entries.append(data[start:position])
    if position != len(data) or len(entries) != bundle.width:
        raise TileMalformed(path=bundle.path, problem=f"it does not hold exactly {bundle.width} whole entries")
    return entries


def grow_tiles(old_size: int, leaves: Sequence[bytes], read_tile: ReadTile) -> Iterator[tuple[Tile, bytes]]:
    """Yield the hash tiles that leaf hashes appended to a log of ``old_size`` make, with their bytes.

    Reads at most one partial tile of each level, so that growing costs the new leaves only.
    Raises: TileMalformed when a tile read back has another width.
    """
    level, count, row = 0, old_size, list(leaves)
    while row:
        first, kept = divmod(count, WIDTH)
        if kept:
            partial = Tile(level, first, kept)
            row = split_tile(partial, read_tile(partial)) + row
        chunks = [row[start : start + WIDTH] for start in range(0, len(row), WIDTH)]
        for offset, chunk in enumerate(chunks):
            yield Tile(level, first + offset, len(chunk)), b"".join(chunk)
        level, count, row = level + 1, count // WIDTH, [root_of(chunk) for chunk in chunks if len(chunk) == WIDTH]


def tile_hash_reader(size: int, read_tile: ReadTile) -> ReadHash:
    """Return a reader of subtree hashes from the tiles of a log of ``size``, for proofs and roots.

    Keeps the tiles it read last. Raises, when called: TileMalformed for a tile of another width
    or a subtree that reaches beyond the size; what ``read_tile`` raises.
    """

    @lru_cache(maxsize=64)
    def read_row(level: int, index: int) -> list[bytes]:
        tile = Tile(level, index, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))
        return split_tile(tile, read_tile(tile))

    def read_hash(level: int, index: int) -> bytes:
        row, height = divmod(level, HEIGHT)
        start = index << height
        tile_index, offset = divmod(start, WIDTH)
        if index < 0 or (index + 1) << level > size:
            raise TileMalformed(path=f"tile/{row}", problem=f"its log of {size} entries has no such subtree")
        return root_of(read_row(row, tile_index)[offset : offset + (1 << height)])

    return read_hash
