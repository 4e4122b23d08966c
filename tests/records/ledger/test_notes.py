"""Signed notes and cosignatures: the published examples, and every way of spoiling them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Refusal
from records.ledger import notes
from records.ledger.errors import NoteMalformed, NoteNotSigned, NoteSignatureInvalid, VerifierKeyMalformed
from records.ledger.notes import SignatureType, SignedNote, VerifierKey

pytestmark = pytest.mark.clause("11.10(a)")

VECTORS = Path(__file__).resolve().parents[2] / "assets" / "vectors" / "tlog"
CASES = json.loads((VECTORS / "signed_note_cases.json").read_text())
EXAMPLES = json.loads((VECTORS / "c2sp_examples.json").read_text())

SECRET = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
LOG_KEY = notes.make_verifier_key("ledger.example/countersign", SignatureType.ED25519, SECRET.public_key())
WITNESS_KEY = notes.make_verifier_key("witness.example/w1", SignatureType.COSIGNATURE, SECRET.public_key())
TEXT = "first\n\nthird, after a blank line\n"

CASE_ENDS: dict[str, type[Refusal]] = {
    "unverified": NoteNotSigned,
    "invalid signature": NoteSignatureInvalid,
    "malformed": NoteMalformed,
}


def make_note(text: str = TEXT) -> SignedNote:
    return SignedNote(text, (notes.sign_note(text, LOG_KEY, SECRET.sign),))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_published_notes_get_their_published_verdict(case: dict[str, Any]):
    keys = [notes.parse_verifier_key(text) for text in case["keys"]]

    def open_note() -> tuple[SignedNote, list[str]]:
        note = notes.parse_note(case["note"].encode())
        return note, [found.key.name for found in notes.verify_note(note, keys)]

    if case["expect"] != "valid":
        with pytest.raises(CASE_ENDS[case["expect"]]):
            open_note()
        return
    note, verified = open_note()
    assert verified == case["verified"]
    assert [line.name for line in note.signatures] == [*case["verified"], *case["unverified"]]
    assert str(note) == case["note"]


def test_the_published_key_signs_the_published_note():
    _, _, name, key_id, material = CASES["skey_for_signing_test"].split("+", 4)
    secret = Ed25519PrivateKey.from_private_bytes((notes.decode_base64(material) or b"")[1:])
    key = notes.make_verifier_key(name, SignatureType.ED25519, secret.public_key())
    text = CASES["sign_text"]
    assert key.key_id.hex() == key_id
    assert str(SignedNote(text, (notes.sign_note(text, key, secret.sign),))) == CASES["sign_result"]


def test_the_example_of_the_specification_holds():
    example = EXAMPLES["signed_note"]
    key = notes.parse_verifier_key(example["verifier_key"])
    assert str(key) == example["verifier_key"]
    assert len(notes.verify_note(notes.parse_note(example["note"].encode()), [key])) == 1


def test_the_witness_line_of_the_specification_is_read():
    note = notes.parse_note(EXAMPLES["cosigned_checkpoint_format"].encode())
    witness = note.signatures[1]
    assert witness.name == "witness.example.com/w1"
    assert int.from_bytes(witness.signature[:8], "big") == 1679315147
    assert str(note) == EXAMPLES["cosigned_checkpoint_format"]


def test_a_log_and_its_witness_sign_one_note():
    cosignature = notes.cosign_note(TEXT, WITNESS_KEY, 1679315147, SECRET.sign)
    earlier = notes.cosign_note(TEXT, WITNESS_KEY, 1, SECRET.sign)
    note = make_note().with_signatures([earlier]).with_signatures([cosignature])
    again = notes.parse_note(str(note).encode())
    assert again == note
    assert [(found.key, found.timestamp) for found in notes.verify_note(again, [WITNESS_KEY, LOG_KEY])] == [
        (LOG_KEY, None),
        (WITNESS_KEY, 1679315147),
    ]


def test_a_cosignature_is_not_a_log_signature_and_its_time_is_signed():
    line = notes.cosign_note(TEXT, WITNESS_KEY, 1, SECRET.sign)
    later = (2).to_bytes(8, "big") + line.signature[8:]
    for signature in (later, line.signature[8:], line.signature[:-1], b"x", b"\xff" * 72):
        note = SignedNote(TEXT, (notes.SignatureLine(line.name, line.key_id, signature),))
        with pytest.raises(NoteSignatureInvalid):
            notes.verify_note(note, [WITNESS_KEY])
    assert WITNESS_KEY.key_id != VerifierKey(WITNESS_KEY.name, SignatureType.ED25519, WITNESS_KEY.public_key).key_id


def test_one_bad_line_of_a_trusted_key_spoils_the_note():
    good = make_note()
    bad = notes.SignatureLine(LOG_KEY.name, LOG_KEY.key_id, b"\0" * 64)
    assert notes.verify_note(good, [LOG_KEY])
    with pytest.raises(NoteSignatureInvalid):
        notes.verify_note(SignedNote(TEXT, (*good.signatures, bad)), [LOG_KEY])


def test_lines_of_other_keys_are_kept_and_not_believed():
    stranger = notes.SignatureLine("stranger.example", b"abcd", b"signature")
    namesake = notes.SignatureLine(LOG_KEY.name, b"abcd", b"signature")
    note = make_note().with_signatures([stranger, namesake])
    assert [found.line for found in notes.verify_note(note, [LOG_KEY])] == [note.signatures[0]]
    assert "— stranger.example YWJjZHNpZ25hdHVyZQ==\n" in str(note)
    with pytest.raises(NoteNotSigned, match=r"stranger\.example"):
        notes.verify_note(SignedNote(TEXT, (stranger, namesake)), [LOG_KEY])


@given(data=st.data())
def test_no_bit_of_a_signed_note_can_change_unnoticed(data: st.DataObject):
    whole = str(make_note()).encode()
    position, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    altered = bytearray(whole)
    altered[position] ^= 1 << bit
    with pytest.raises((NoteMalformed, NoteNotSigned, NoteSignatureInvalid)):
        notes.verify_note(notes.parse_note(bytes(altered)), [LOG_KEY])


@given(st.binary(max_size=200) | st.text(alphabet="— \na+=Z\t", max_size=60).map(str.encode))
def test_whatever_comes_is_a_note_or_is_refused(data: bytes):
    try:
        note = notes.parse_note(data)
    except NoteMalformed:
        return
    assert str(note).encode() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 name YWJjZGU=",
        b"text\n\n- name YWJjZGU=\n",
        b"text\n\n\xe2\x80\x94 name YWJjZA==\n",
        b"text\n\n\xe2\x80\x94 name YWJjZGV=\n",
        b"text\n\n\xe2\x80\x94 na+me YWJjZGU=\n",
        b"text\n\n\xe2\x80\x94  YWJjZGU=\n",
        b"te\txt\n\n\xe2\x80\x94 name YWJjZGU=\n",
        b"te\xffxt\n\n\xe2\x80\x94 name YWJjZGU=\n",
        b"text\n\n" + b"\xe2\x80\x94 name YWJjZGU=\n" * (notes.SIGNATURE_LIMIT + 1),
        b"x" * notes.NOTE_LIMIT + b"\n\n\xe2\x80\x94 name YWJjZGU=\n",
    ],
)
def test_what_is_not_a_note_is_refused(data: bytes):
    with pytest.raises(NoteMalformed):
        notes.parse_note(data)


@pytest.mark.parametrize("text", ["no newline", "tab\there\n", "half \ud800 pair\n"])
def test_a_text_that_a_note_cannot_hold_is_not_signed(text: str):
    with pytest.raises(NoteMalformed):
        notes.sign_note(text, LOG_KEY, SECRET.sign)
    with pytest.raises(NoteMalformed):
        notes.cosign_note(text, WITNESS_KEY, 1, SECRET.sign)


def test_a_time_outside_the_range_of_cosignatures_is_not_signed():
    for timestamp in (-1, 2**63):
        with pytest.raises(NoteMalformed):
            notes.cosign_note(TEXT, WITNESS_KEY, timestamp, SECRET.sign)


@pytest.mark.parametrize("key", [LOG_KEY, WITNESS_KEY], ids=lambda key: key.kind.name)
def test_a_verifier_key_reads_back(key: VerifierKey):
    assert notes.parse_verifier_key(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+12345678",
        "name+12345678+!",
        str(LOG_KEY).replace("+", "-"),
        str(LOG_KEY).replace("ledger", "lodger"),
        str(LOG_KEY) + "\n",
        str(LOG_KEY).upper(),
        f"na me{str(LOG_KEY)[len(LOG_KEY.name) :]}",
        "\ud800+12345678+AQ==",
        "name+12345678+" + notes.encode_base64(b"\x02" + b"k" * 32),
        "name+12345678+" + notes.encode_base64(b"\x01" + b"k" * 31),
    ],
)
def test_what_is_not_a_verifier_key_is_refused(text: str):
    with pytest.raises(VerifierKeyMalformed):
        notes.parse_verifier_key(text)


def test_a_public_key_that_is_no_point_verifies_nothing():
    key = VerifierKey("ledger.example", SignatureType.ED25519, b"\xff" * 32)
    note = SignedNote(TEXT, (notes.SignatureLine(key.name, key.key_id, b"\0" * 64),))
    with pytest.raises(NoteSignatureInvalid):
        notes.verify_note(note, [key])
