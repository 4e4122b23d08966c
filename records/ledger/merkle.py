"""The Merkle tree of the ledger: hashes, the growing edge, proofs of inclusion and consistency.

Owns the tree of RFC 6962, section 2.1, with SHA-256, and the checks of RFC 9162, sections
2.1.3.2 and 2.1.4.2. Never reads a hash by itself: the caller passes how. Every check that
fails raises ProofInvalid, whatever the proof holds. Pure: no Django.
Serves: 21 CFR 11.10(a), 11.10(e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Final

from records.digests import DIGEST_SIZE
from records.ledger.errors import FrontierMalformed, ProofImpossible, ProofInvalid

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""

CHUNK_LEAVES: Final = 1 << 14
"""Leaves taken at a time when a tree grows by many, so that memory stays small (about 1 MB)."""

ReadHash = Callable[[int, int], bytes]
"""(level, index) -> root of the perfect subtree over the leaves [index * 2^level, (index + 1) * 2^level)."""

ReadLeaves = Callable[[int, int], Sequence[bytes]]
"""(start, end) -> the leaf hashes [start, end)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's data (RFC 6962, 2.1: SHA-256 of 0x00 and the data)."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees (RFC 6962, 2.1: SHA-256 of 0x01, left and right)."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The growing edge of a tree: the roots of its perfect subtrees, largest first.

    At most 64 hashes, whatever the size; enough to append leaves and to know the root.
    Units: ``size`` in leaves.
    """

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Take up a stored edge. Raises: FrontierMalformed unless the hashes fit the size."""
        kept = tuple(hashes)
        if size < 0 or len(kept) != size.bit_count():
            raise FrontierMalformed(size=size, problem=f"there are {len(kept)} of them")
        if any(len(value) != DIGEST_SIZE for value in kept):
            raise FrontierMalformed(size=size, problem=f"each has {DIGEST_SIZE} bytes, but not here")
        self.size = size
        # By level, largest first in iteration order, as the bits of the size are read.
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        self._edge: dict[int, bytes] = dict(zip(levels, kept, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frontier) and (self.size, self.hashes) == (other.size, other.hashes)

    def __hash__(self) -> int:
        return hash((self.size, self.hashes))

    def __repr__(self) -> str:
        return f"Frontier(size={self.size}, root={self.root().hex()})"

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees, largest (leftmost) first: what is stored."""
        return tuple(self._edge[level] for level in sorted(self._edge, reverse=True))

    def copy(self) -> Frontier:
        """Return an edge of its own with the same leaves."""
        return Frontier(self.size, self.hashes)

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes in order, about a microsecond each.

        Raises: FrontierMalformed when one has not 32 bytes; the leaves before its chunk stay.
        """
        rest = iter(leaves)
        while chunk := list(islice(rest, CHUNK_LEAVES)):
            self._merge(chunk)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _fold(self.hashes) if self._edge else EMPTY_ROOT

    def _merge(self, row: list[bytes]) -> None:
        if set(map(len, row)) != {DIGEST_SIZE}:
            raise FrontierMalformed(size=self.size, problem=f"a leaf to append has not {DIGEST_SIZE} bytes")
        self.size += len(row)
        edge, level = self._edge, 0
        while row:
            waiting = edge.pop(level, None)
            if waiting is not None:
                row.insert(0, waiting)
            if len(row) & 1:
                edge[level] = row.pop()
            pairs = iter(row)
            row = [sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            level += 1


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over these leaf hashes (RFC 6962, 2.1)."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def hash_reader(read_leaves: ReadLeaves) -> ReadHash:
    """Return a reader of subtree hashes that computes each from its leaves; for small trees and checks."""

    def read_hash(level: int, index: int) -> bytes:
        return root_of(read_leaves(index << level, (index + 1) << level))

    return read_hash


def root_at(size: int, read_hash: ReadHash) -> bytes:
    """Return the root of the first ``size`` leaves. Raises: ProofImpossible for a negative size."""
    if size < 0:
        raise ProofImpossible(problem="a tree has no negative number of leaves")
    return _range_root(0, size, read_hash) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_hash: ReadHash) -> list[bytes]:
    """Return the audit path of a leaf, from its sibling up to the root (RFC 6962, 2.1.1).

    Units: ``index`` counts from 0. Raises: ProofImpossible unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ProofImpossible(problem=f"a tree of {size} leaves has no leaf {index}")
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(middle, end, read_hash))
            end = middle
        else:
            proof.append(_range_root(start, middle, read_hash))
            start = middle
    return proof[::-1]


def consistency_proof(old_size: int, new_size: int, read_hash: ReadHash) -> list[bytes]:
    """Return the proof that the larger tree begins with the smaller (RFC 6962, 2.1.2).

    Empty when the sizes are equal, or when the smaller tree has no leaf: nothing is to be proven then.
    Raises: ProofImpossible unless 0 <= old_size <= new_size.
    """
    if not 0 <= old_size <= new_size:
        raise ProofImpossible(problem=f"a tree of {new_size} leaves cannot continue one of {old_size}")
    if old_size == 0:
        return []
    proof = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(_range_root(middle, end, read_hash))
            end = middle
        else:
            proof.append(_range_root(start, middle, read_hash))
            start = middle
    if start:
        proof.append(_range_root(start, end, read_hash))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash is the leaf ``index`` of the tree with this size and root (RFC 9162, 2.1.3.2).

    Raises: ProofInvalid on every failure.
    """
    what = "inclusion"
    if not 0 <= index < size:
        raise ProofInvalid(what=what, problem=f"a tree of {size} leaves has no leaf {index}")
    _check_lengths(what, (leaf, root, *proof))
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofInvalid(what=what, problem="it is too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            node, last = _climb(node, last)
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofInvalid(what=what, problem="it is too short")
    if value != root:
        raise ProofInvalid(what=what, problem="it leads to another root")


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of ``new_size`` begins with the leaves of the tree of ``old_size`` (RFC 9162, 2.1.4.2).

    A smaller tree without leaves is refused, since nothing could be shown; a caller who begins
    there knows it. Raises: ProofInvalid on every failure.
    """
    what = "consistency"
    if not 0 < old_size <= new_size:
        raise ProofInvalid(what=what, problem=f"sizes {old_size} and {new_size} are not growth from at least one leaf")
    _check_lengths(what, (old_root, new_root, *proof))
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofInvalid(what=what, problem="two trees of one size have one root and need no proof")
        return
    # A perfect smaller tree is itself the first node, so the proof leaves it out.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not proof:
        raise ProofInvalid(what=what, problem="it is empty")
    _walk_consistency(old_size, new_size, path, old_root, new_root)


def _walk_consistency(old_size: int, new_size: int, path: list[bytes], old_root: bytes, new_root: bytes) -> None:
    what = "consistency"
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofInvalid(what=what, problem="it is too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            node, last = _climb(node, last)
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofInvalid(what=what, problem="it is too short")
    if old != old_root:
        raise ProofInvalid(what=what, problem="the earlier tree had another root")
    if new != new_root:
        raise ProofInvalid(what=what, problem="it leads to another root")


def _climb(node: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the last node of an unfinished row has no sibling."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _check_lengths(what: str, hashes: Iterable[bytes]) -> None:
    if any(len(value) != DIGEST_SIZE for value in hashes):
        raise ProofInvalid(what=what, problem=f"a hash in it has not {DIGEST_SIZE} bytes")


def _split(count: int) -> int:
    """Return the largest power of two below ``count`` (RFC 6962, 2.1: k)."""
    return 1 << (count - 1).bit_length() - 1


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the perfect subtrees (level, index) that cover [start, end), left to right."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_root(start: int, end: int, read_hash: ReadHash) -> bytes:
    # Within a proof, start is always a multiple of the largest subtree of the range.
    return _fold([read_hash(level, index) for level, index in _subtrees(start, end)])


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring perfect subtrees, largest first."""
    value = hashes[-1]
    for left in reversed(hashes[:-1]):
        value = node_hash(left, value)
    return value
