"""The verifier's own cryptography, against published vectors and against the product's."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from records.canonical import canonical_bytes
from records.errors_content import ContentNotCanonical
from records.ledger.notes import SignatureType, cosign_note, make_verifier_key
from signatures.capsules import verify as verifier

pytestmark = [pytest.mark.clause("11.30"), pytest.mark.clause("11.70")]

VECTORS = Path(__file__).parents[1] / "assets" / "vectors"


def ed25519_cases():
    suite = json.loads((VECTORS / "wycheproof" / "ed25519_test.json").read_text(encoding="utf-8"))
    for group in suite["testGroups"]:
        for case in group["tests"]:
            yield bytes.fromhex(group["publicKey"]["pk"]), case


def test_ed25519_edge_cases_come_out_as_published():
    cases = list(ed25519_cases())
    assert len(cases) > 100
    for public, case in cases:
        found = verifier.is_ed25519(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
        assert found is (case["result"] == "valid"), case["comment"]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_ed25519_agrees_with_the_product(seed, message, bit):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verifier.is_ed25519(public, signature, message)
    forged = bytearray(signature)
    forged[bit // 8] ^= 1 << bit % 8
    assert not verifier.is_ed25519(public, bytes(forged), message)
    assert not verifier.is_ed25519(public, signature, message + b"x")


def inclusion_cases():
    return sorted((VECTORS / "rfc6962" / "inclusion").rglob("*.json"))


@pytest.mark.parametrize("path", inclusion_cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_inclusion_proofs_come_out_as_published(path):
    case = json.loads(path.read_text())
    proof = [base64.b64decode(step) for step in case["proof"] or []]
    try:
        leaf = base64.b64decode(case["leafHash"] or "")
        root = verifier.root_from(leaf, case.get("leafIdx", 0), case.get("treeSize", 0), proof)
    except ValueError:
        root = None
    assert (root == base64.b64decode(case["root"] or "")) is not case["wantErr"]


def test_the_notes_printed_in_the_specifications_hold():
    published = json.loads((VECTORS / "tlog" / "c2sp_examples.json").read_text(encoding="utf-8"))["signed_note"]
    key = verifier.read_key(published["verifier_key"])
    text, signed = verifier.signatures_on(published["note"].encode())
    assert verifier.signed_at(key, text, signed) == 1
    assert verifier.signed_at(key, text + b"x", signed) == 0
    assert verifier.signed_at(key, text, []) == 0


def test_a_cosignature_of_the_product_holds_with_its_time():
    private = Ed25519PrivateKey.generate()
    key = make_verifier_key("witness.example", SignatureType.COSIGNATURE, private.public_key())
    text = "log.example\n1\nAAAA\n"
    line = cosign_note(text, key, 1_700_000_000, private.sign)
    found, signed = verifier.signatures_on(f"{text}\n{line}".encode())
    assert verifier.signed_at(verifier.read_key(str(key)), found, signed) == 1_700_000_000
    assert verifier.signed_at(verifier.read_key(str(key)), b"log.example\n2\nAAAA\n", signed) == 0


def test_a_key_whose_own_hash_is_wrong_is_not_taken():
    with pytest.raises(ValueError, match="own hash"):
        verifier.read_key("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), plain_json, max_size=5))
def test_canonical_bytes_are_those_of_the_product(content):
    try:
        expected = canonical_bytes(content)
    except ContentNotCanonical:  # what the product does not freeze need not be read
        return
    assert verifier.canonical(json.loads(expected)) == expected


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (rb"\N", None),
        (rb"a\tb\\c\nd", "a\tb\\c\nd"),
        (b"", ""),
        (rb"\\N", "\\N"),
        ("ä𝄞".encode(), "ä𝄞"),
        (rb"\b\f\r\v", "\b\f\r\v"),
    ],
)
def test_a_field_of_copied_text_reads_back(field, text):
    assert verifier.copied(field) == text


@pytest.mark.parametrize(
    ("copied", "told"),
    [
        ("2026-11-25 02:30:14.123456+00", "2026-11-25T02:30:14.123456Z"),
        ("2026-11-25 02:30:14.12+00", "2026-11-25T02:30:14.120000Z"),
        ("2026-11-25 02:30:14+00", "2026-11-25T02:30:14.000000Z"),
    ],
)
def test_an_instant_of_copied_text_is_the_trails(copied, told):
    assert verifier.copied_moment(copied) == told
