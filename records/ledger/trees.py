"""The stored tree: hashes read back from leaves and tree nodes, for growing it and proving from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connections

from records.errors_ledger import LedgerBroken
from records.ledger.merkle import Frontier, ReadHash, root_of
from records.ledger.tiles import WIDTH, ReadTile, Tile, grow_tiles, split_tile, tile_hash_reader

LEAVES_SQL = 'SELECT "hash" FROM records_leaf WHERE "index" >= %s AND "index" < %s ORDER BY "index"'
NODES_SQL = 'SELECT "hash" FROM records_treenode WHERE tier = %s AND "index" >= %s AND "index" < %s ORDER BY "index"'


def tile_reader(using: str = "default") -> ReadTile:
    """Return a reader of the hash tiles of the stored tree. Raises, when called: LedgerBroken for a lost hash."""

    def read_tile(tile: Tile) -> bytes:
        start = tile.index * WIDTH
        with connections[using].cursor() as cursor:
            if tile.level == 0:
                cursor.execute(LEAVES_SQL, [start, start + tile.width])
            else:
                cursor.execute(NODES_SQL, [tile.level, start, start + tile.width])
            hashes = [bytes(row[0]) for row in cursor.fetchall()]
        if len(hashes) != tile.width:
            raise LedgerBroken(problem=f"{tile.width - len(hashes)} hashes of {tile.path} are missing")
        return b"".join(hashes)

    return read_tile


def tree_reader(size: int, using: str = "default") -> ReadHash:
    """Return a reader of subtree hashes of the stored tree, for roots and proofs at a size."""
    return tile_hash_reader(size, tile_reader(using))


def read_frontier(size: int, using: str = "default") -> Frontier:
    """Return the stored tree's edge at a size. Raises: LedgerBroken."""
    read_hash = tree_reader(size, using)
    hashes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(read_hash(level, start >> level))
            start += 1 << level
    return Frontier(size, hashes)


def new_nodes(old_size: int, leaves: Sequence[bytes], using: str = "default") -> Iterator[tuple[int, int, bytes]]:
    """Yield (tier, index, hash) of each tree node that appended leaf hashes complete."""
    for tile, data in grow_tiles(old_size, leaves, tile_reader(using)):
        if tile.width == WIDTH:
            yield tile.level + 1, tile.index, root_of(split_tile(tile, data))
