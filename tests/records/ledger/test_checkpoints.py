"""Checkpoints: the published texts, and what of others is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from records.ledger import checkpoints, merkle, notes
from records.ledger.checkpoints import Checkpoint
from records.ledger.errors import (
    CheckpointMalformed,
    CheckpointOfAnotherLog,
    NoteMalformed,
    NoteNotSigned,
    NoteSignatureInvalid,
    ProofInvalid,
)

pytestmark = pytest.mark.clause("11.10(a)")

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "vectors"
CASES = json.loads((ASSETS / "tlog" / "checkpoint_body_cases.json").read_text())
EXAMPLES = json.loads((ASSETS / "tlog" / "c2sp_examples.json").read_text())
ROOT = b"r" * 32
ENCODED = notes.encode_base64(ROOT)
ORIGIN = "ledger.example/countersign"
SECRET = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEY = notes.make_verifier_key(ORIGIN, notes.SignatureType.ED25519, SECRET.public_key())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["desc"])
def test_published_texts_get_their_published_verdict(case: dict[str, Any]):
    with pytest.raises(CheckpointMalformed):
        # The suite's roots are sentences, not SHA-256: as printed, all are refused here.
        checkpoints.parse_checkpoint(case["checkpoint_body"])
    if case["expect"] == "valid":
        lines = case["checkpoint_body"].split("\n")
        checkpoint = checkpoints.parse_checkpoint("\n".join([*lines[:2], ENCODED, *lines[3:]]))
        assert (checkpoint.origin, str(checkpoint.size)) == (lines[0], lines[1])
        assert list(checkpoint.extensions) == case.get("rest", "").split("\n")[:-1]


def test_the_example_of_the_specification_is_read():
    note = notes.parse_note(EXAMPLES["checkpoint_format"].encode())
    checkpoint = checkpoints.parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert str(checkpoint) == note.text


@pytest.mark.parametrize("name", ["bundle.txt.sigstore", "bundle_v3.txt.sigstore"])
def test_an_entry_of_a_public_log_is_proven_by_its_checkpoint(name: str):
    bundle = json.loads((ASSETS / "sigstore" / name).read_text())
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    shown = entry["inclusionProof"]
    note = notes.parse_note(shown["checkpoint"]["envelope"].encode())
    checkpoint = checkpoints.parse_checkpoint(note.text)
    assert (checkpoint.size, checkpoint.root) == (int(shown["treeSize"]), notes.decode_base64(shown["rootHash"]))
    assert str(note) == shown["checkpoint"]["envelope"]
    assert note.signatures[0].key_id == (notes.decode_base64(entry["logId"]["keyId"]) or b"")[:4]
    leaf = merkle.leaf_hash(notes.decode_base64(entry["canonicalizedBody"]) or b"")
    proof = [notes.decode_base64(value) or b"" for value in shown["hashes"]]
    merkle.verify_inclusion(leaf, int(shown["logIndex"]), checkpoint.size, proof, checkpoint.root)
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(leaf, int(shown["logIndex"]) - 1, checkpoint.size, proof, checkpoint.root)


@given(
    origin=st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=30),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(st.text(alphabet="abc é", min_size=1), max_size=2),
)
def test_a_checkpoint_reads_back(origin: str, size: int, root: bytes, extensions: list[str]):
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert checkpoints.parse_checkpoint(str(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n5\n{ENCODED}",
        f"{ORIGIN}\n05\n{ENCODED}\n",
        f"{ORIGIN}\n+5\n{ENCODED}\n",
        f"{ORIGIN}\n٥\n{ENCODED}\n",
        f"{ORIGIN}\n-1\n{ENCODED}\n",
        f"{ORIGIN}\n{2**63}\n{ENCODED}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ENCODED}\n",
        f"\n5\n{ENCODED}\n",
        f"{ORIGIN}\n5\n{ENCODED[:-1]}\n",
        f"{ORIGIN}\n5\n{notes.encode_base64(b'short')}\n",
        f"{ORIGIN}\n5\n{ENCODED}\n\n",
        f"{ORIGIN}\r\n5\n{ENCODED}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str):
    with pytest.raises(CheckpointMalformed):
        checkpoints.parse_checkpoint(text)


@pytest.mark.parametrize(
    "facts",
    [
        ("", 1, ROOT),
        ("two\nlines", 1, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, 2**63, ROOT),
        (ORIGIN, 1, b""),
        (ORIGIN, 1, ROOT, ("",)),
    ],
)
def test_a_checkpoint_that_could_not_be_read_is_not_made(facts: tuple[Any, ...]):
    with pytest.raises(CheckpointMalformed):
        Checkpoint(*facts)


def test_only_the_checkpoint_of_this_log_and_key_opens():
    checkpoint = Checkpoint(ORIGIN, 3, ROOT)
    data = str(checkpoints.sign_checkpoint(checkpoint, KEY, SECRET.sign)).encode()
    assert checkpoints.open_checkpoint(data, ORIGIN, [KEY]) == checkpoint
    with pytest.raises(CheckpointOfAnotherLog):
        checkpoints.open_checkpoint(data, "other.example/countersign", [KEY])
    with pytest.raises(NoteNotSigned):
        checkpoints.open_checkpoint(data, ORIGIN, [])
    with pytest.raises(NoteSignatureInvalid):
        checkpoints.open_checkpoint(data.replace(b"\n3\n", b"\n4\n"), ORIGIN, [KEY])
    with pytest.raises(NoteMalformed):
        checkpoints.open_checkpoint(str(checkpoint).encode(), ORIGIN, [KEY])
