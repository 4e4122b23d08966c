"""The tree of RFC 6962: published vectors, every size and index, and every flipped bit."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.ledger import merkle
from records.ledger.errors import FrontierMalformed, ProofImpossible, ProofInvalid
from records.ledger.merkle import Frontier, leaf_hash, node_hash

pytestmark = pytest.mark.clause("11.10(a)")

VECTORS = Path(__file__).resolve().parents[2] / "assets" / "vectors" / "rfc6962"
REFERENCE = json.loads((VECTORS / "eight_leaf_tree.json").read_text())
LEAVES = [leaf_hash(str(number).encode()) for number in range(71)]

sizes = st.integers(min_value=1, max_value=400)


def naive_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = max(2**power for power in range(16) if 2**power < len(leaves))
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def read_hash(level: int, index: int) -> bytes:
    """Read from the leaves of this module; a range beyond them would be a fault of the proof's maker."""
    assert (index + 1) << level <= 400
    return merkle.hash_reader(lambda start, end: MANY[start:end])(level, index)


MANY = [leaf_hash(number.to_bytes(2, "big")) for number in range(400)]


def list_cases(kind: str) -> list[Path]:
    cases = sorted((VECTORS / kind).rglob("*.json"))
    assert len(cases) > 30
    return cases


def decode(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def holds(case: dict[str, object], check: object, *facts: object) -> None:
    """Ask the check, which must refuse exactly the cases that the suite calls wrong."""
    assert callable(check)
    if case.get("wantErr"):
        with pytest.raises(ProofInvalid):
            check(*facts)
    else:
        check(*facts)


@pytest.mark.parametrize("path", list_cases("inclusion"), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_published_inclusion_proofs_get_their_published_verdict(path: Path):
    case = json.loads(path.read_text())
    proof = [decode(value) for value in case.get("proof") or []]
    leaf, root = decode(case.get("leafHash")), decode(case.get("root"))
    holds(case, merkle.verify_inclusion, leaf, case.get("leafIdx", 0), case.get("treeSize", 0), proof, root)


@pytest.mark.parametrize("path", list_cases("consistency"), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_published_consistency_proofs_get_their_published_verdict(path: Path):
    case = json.loads(path.read_text())
    proof = [decode(value) for value in case.get("proof") or []]
    roots = decode(case.get("root1")), decode(case.get("root2"))
    holds(case, merkle.verify_consistency, case.get("size1", 0), case.get("size2", 0), proof, *roots)


def test_the_reference_tree_has_its_published_roots_and_nodes():
    leaves = [leaf_hash(bytes.fromhex(value)) for value in REFERENCE["leaf_inputs_hex"]]
    roots = [merkle.root_of(leaves[:size]).hex() for size in range(9)]
    assert roots == REFERENCE["root_hashes_hex_by_size"]
    reader = merkle.hash_reader(lambda start, end: leaves[start:end])
    nodes = [reader(level, index).hex() for level in range(4) for index in range(8 >> level)]
    assert sorted(nodes) == sorted(REFERENCE["node_hashes_hex"])


def test_the_frontier_is_the_recursive_tree_at_every_size():
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES):
        assert frontier.root() == naive_root(LEAVES[:size])
        assert merkle.root_at(size, merkle.hash_reader(lambda start, end: LEAVES[start:end])) == frontier.root()
        frontier.append(leaf)


@given(first=st.integers(0, 200), second=st.integers(0, 200))
def test_growing_in_steps_is_growing_at_once(first: int, second: int):
    stepwise = Frontier()
    stepwise.extend(MANY[:first])
    stored = Frontier(stepwise.size, stepwise.hashes)
    stored.extend(iter(MANY[first : first + second]))
    whole = Frontier()
    for leaf in MANY[: first + second]:
        whole.append(leaf)
    assert stored == whole
    assert stored.root() == merkle.root_of(MANY[: first + second])
    assert (stepwise == whole) == (second == 0)


def test_many_leaves_cross_the_chunks_they_are_taken_in(monkeypatch: pytest.MonkeyPatch):
    expected = naive_root(MANY)
    monkeypatch.setattr(merkle, "CHUNK_LEAVES", 7)
    frontier = Frontier()
    frontier.extend(MANY)
    assert (frontier.size, frontier.root()) == (400, expected)


def test_a_copy_grows_alone():
    frontier = Frontier()
    frontier.extend(LEAVES[:5])
    copy = frontier.copy()
    copy.append(LEAVES[5])
    assert (frontier.size, copy.size) == (5, 6)
    assert frontier.root() == naive_root(LEAVES[:5])
    assert "size=5" in repr(frontier)
    assert len({frontier, copy, frontier.copy()}) == 2


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (1, []), (2, LEAVES[:2]), (0, LEAVES[:1]), (1, [b"short"]), (3, LEAVES[:1])]
)
def test_a_stored_edge_that_does_not_fit_its_size_is_refused(size: int, hashes: list[bytes]):
    with pytest.raises(FrontierMalformed):
        Frontier(size, hashes)


def test_a_leaf_that_is_no_hash_is_refused():
    frontier = Frontier()
    with pytest.raises(FrontierMalformed):
        frontier.extend([LEAVES[0], b"not a hash"])
    assert frontier == Frontier()


def test_every_leaf_of_every_size_is_proven():
    for size in range(1, len(LEAVES)):
        root = naive_root(LEAVES[:size])
        reader = merkle.hash_reader(lambda start, end: LEAVES[start:end])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, reader)
            merkle.verify_inclusion(LEAVES[index], index, size, proof, root)


def test_every_growth_is_proven():
    roots = [naive_root(LEAVES[:size]) for size in range(len(LEAVES))]
    reader = merkle.hash_reader(lambda start, end: LEAVES[start:end])
    for new in range(1, len(LEAVES)):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(old, new, reader)
            merkle.verify_consistency(old, new, proof, roots[old], roots[new])


@given(data=st.data(), size=sizes)
def test_no_bit_of_an_inclusion_proof_can_change(data: st.DataObject, size: int):
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read_hash)
    parts = [MANY[index], merkle.root_of(MANY[:size]), *proof]
    merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])
    altered = flip_bit(data, parts)
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(altered[0], index, size, altered[2:], altered[1])


@given(data=st.data(), new=sizes)
def test_no_bit_of_a_consistency_proof_can_change(data: st.DataObject, new: int):
    old = data.draw(st.integers(1, new))
    parts = [merkle.root_of(MANY[:old]), merkle.root_of(MANY[:new]), *merkle.consistency_proof(old, new, read_hash)]
    merkle.verify_consistency(old, new, parts[2:], parts[0], parts[1])
    altered = flip_bit(data, parts)
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(old, new, altered[2:], altered[0], altered[1])


@given(data=st.data(), size=sizes)
def test_a_proof_holds_for_its_own_index_only(data: st.DataObject, size: int):
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(-2, size + 2))
    proof, root = merkle.inclusion_proof(index, size, read_hash), merkle.root_of(MANY[:size])
    if other != index:
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(MANY[index], other, size, proof, root)


@given(
    facts=st.tuples(st.integers(-2, 90), st.integers(-2, 90)),
    hashes=st.lists(st.sampled_from([*LEAVES[:3], b"", b"x" * 33]), min_size=2, max_size=9),
)
def test_nonsense_is_refused_and_never_breaks_the_check(facts: tuple[int, int], hashes: list[bytes]):
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(LEAVES[40], *facts, hashes[1:], hashes[0])
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(*facts, hashes[1:], LEAVES[40], LEAVES[41])


def test_growth_from_nothing_needs_no_proof_and_shows_nothing():
    assert merkle.consistency_proof(0, 7, read_hash) == []
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(0, 7, [], merkle.EMPTY_ROOT, naive_root(MANY[:7]))


def test_two_trees_of_one_size_are_one_tree():
    merkle.verify_consistency(7, 7, [], naive_root(LEAVES[:7]), naive_root(LEAVES[:7]))
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(7, 7, [], naive_root(LEAVES[:7]), naive_root(LEAVES[1:8]))


def test_a_proof_that_cannot_exist_is_not_made():
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ProofImpossible):
            merkle.inclusion_proof(index, size, read_hash)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ProofImpossible):
            merkle.consistency_proof(old, new, read_hash)
    with pytest.raises(ProofImpossible):
        merkle.root_at(-1, read_hash)


def flip_bit(data: st.DataObject, parts: list[bytes]) -> list[bytes]:
    """Return the parts with one bit of one of them turned."""
    part = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    altered = bytearray(parts[part])
    altered[bit // 8] ^= 1 << bit % 8
    return [*parts[:part], bytes(altered), *parts[part + 1 :]]
