"""Canonical content: the same record always gives the same bytes, and nothing doubtful gets in."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import enum
import json
import struct
import unicodedata
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.canonical import (
    canonical_bytes,
    content_hash,
    instant_text,
    parse_canonical,
    parse_instant,
    rfc8785_bytes,
)
from records.errors_content import CanonicalBytesAltered, ContentNotCanonical

VECTORS = Path(__file__).parent.parent / "assets" / "vectors" / "rfc8785"

pytestmark = [pytest.mark.clause("11.10(a)"), pytest.mark.clause("11.70")]


class Outcome(str, enum.Enum):  # noqa: UP042 - the old mixed-in form is what Django's TextChoices is made of
    REJECT = "reject"


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)
)
_numbers = st.integers(-(2**53) + 1, 2**53 - 1)
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)
_contents = st.dictionaries(_texts, _values, max_size=6)


@pytest.mark.parametrize("name", sorted(path.name for path in (VECTORS / "input").iterdir()))
def test_published_pairs_give_the_published_bytes(name: str) -> None:
    value = json.loads((VECTORS / "input" / name).read_text(encoding="utf-8"))
    assert rfc8785_bytes(value) == (VECTORS / "output" / name).read_bytes()


def test_sixty_peer_documents_give_the_bytes_two_implementations_agree_on() -> None:
    documents = json.loads((VECTORS / "peer_documents.json").read_text(encoding="utf-8"))
    assert len(documents) == 60
    wrong = [
        d["input_json"]
        for d in documents
        if rfc8785_bytes(json.loads(d["input_json"])) != bytes.fromhex(d["canonical_hex"])
    ]
    assert wrong == []


def test_thousand_numbers_are_written_as_ecmascript_writes_them() -> None:
    with (VECTORS / "numbers.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1000
    wrong = [
        row
        for row in rows
        if rfc8785_bytes(struct.unpack(">d", bytes.fromhex(row["ieee754_hex"].zfill(16)))[0])
        != row["canonical"].encode()
    ]
    assert wrong == []


@given(_contents)
def test_reading_canonical_bytes_and_writing_them_again_gives_the_same_bytes(content: dict[str, object]) -> None:
    data = canonical_bytes(content)
    assert parse_canonical(data) == content
    assert canonical_bytes(parse_canonical(data)) == data


@given(_contents, st.randoms(use_true_random=False))
def test_key_order_of_the_dict_does_not_matter(content: dict[str, object], random: object) -> None:
    keys = list(content)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert canonical_bytes({key: content[key] for key in keys}) == canonical_bytes(content)


@given(_contents, st.data())
def test_any_altered_byte_is_refused_or_reads_as_other_content(content: dict[str, object], data: st.DataObject) -> None:
    original = canonical_bytes(content)
    position = data.draw(st.integers(0, len(original) - 1))
    flipped = original[position] ^ data.draw(st.integers(1, 255))
    altered = original[:position] + bytes([flipped]) + original[position + 1 :]
    try:
        read = parse_canonical(altered)
    except CanonicalBytesAltered:
        return
    assert read != content
    assert content_hash(altered) != content_hash(original)


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_by_name_only(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except CanonicalBytesAltered:
        return
    assert canonical_bytes(value) == data


def test_text_typed_in_two_unicode_forms_has_one_hash() -> None:
    assert canonical_bytes({"name": "A\u030angstro\u0308m"}) == canonical_bytes({"name": "\u00c5ngstr\u00f6m"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (decimal.Decimal("1.50"), "1.50"),
        (decimal.Decimal("1E+3"), "1000"),
        (decimal.Decimal("-0.00"), "0.00"),
        (decimal.Decimal("0.0000001"), "0.0000001"),
        (dt.date(2026, 11, 22), "2026-11-22"),
        (dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))), "2026-11-22T07:30:00.000000Z"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Outcome.REJECT, "reject"),
    ],
)
def test_typed_values_have_one_agreed_text_form(value: object, text: str) -> None:
    assert json.loads(canonical_bytes({"v": value})) == {"v": text}


def test_lists_and_tuples_are_the_same_array() -> None:
    assert canonical_bytes({"v": (1, 2)}) == canonical_bytes({"v": [1, 2]})


def test_keys_are_sorted_by_utf16_units_as_rfc8785_says() -> None:
    assert canonical_bytes({"\ufffd": 1, "\U0001f0a1": 2}) == '{"\U0001f0a1":2,"\ufffd":1}'.encode()


@pytest.mark.parametrize(
    ("content", "path", "says"),
    [
        ({"units": [{"fill_ml": 1.5}]}, "$.units[0].fill_ml", "floating-point"),
        ({"a": float("nan")}, "$.a", "floating-point"),
        ({"a": 2**53}, "$.a", "2^53"),
        ({"a": -(2**53)}, "$.a", "2^53"),
        ({"a": dt.datetime(2026, 1, 1)}, "$.a", "no zone"),  # noqa: DTZ001 - the naive time is what is refused
        ({"a": dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5)))}, "$.a", "years 1 to 9999"),
        ({"a": b"x"}, "$.a", "SHA-256"),
        ({"a": "x\0y"}, "$.a", "NUL"),
        ({"a": "\ud800"}, "$.a", "surrogate"),
        ({"a": {1: 2}}, "$.a", "not text"),
        ({"a": {"\u00e9": 1, "e\u0301": 2}}, "$.a", "two keys"),
        ({"a": decimal.Decimal("NaN")}, "$.a", "finite"),
        ({"a": decimal.Decimal("1E+999999")}, "$.a", "100 digits"),
        ({"a": {1, 2}}, "$.a", "type set"),
        ({"a": dt.timedelta(1)}, "$.a", "type timedelta"),
        (["not", "a", "mapping"], "$", "mapping"),
    ],
)
def test_doubtful_values_are_refused_with_their_path(content: dict[str, object], path: str, says: str) -> None:
    with pytest.raises(ContentNotCanonical) as refusal:
        canonical_bytes(content)
    assert refusal.value.facts["path"] == path
    assert says in refusal.value.text


def test_endless_nesting_is_refused_not_crashed_on() -> None:
    content: dict[str, object] = {}
    content["self"] = content
    with pytest.raises(ContentNotCanonical, match="levels deep"):
        canonical_bytes(content)
    with pytest.raises(CanonicalBytesAltered):
        parse_canonical(b'{"a":' * 100_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{ "a":1}',
        b'{"a":1}\n',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 5000 + b"}",
        '{"a":"e\u0301"}'.encode(),
        b'{"a":"\xff"}',
    ],
)
def test_bytes_in_any_other_form_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalBytesAltered):
        parse_canonical(data)


def test_values_outside_rfc8785_are_refused_by_name() -> None:
    for value in (float("inf"), 2**60, "\udfff", {"\ud800": 1}, {1: 2}, object()):
        with pytest.raises(ContentNotCanonical):
            rfc8785_bytes(value)


def test_content_hash_is_what_sha256sum_says_of_the_file() -> None:
    assert content_hash(b'{"a":1}') == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_instants_survive_text_and_back(instant: dt.datetime) -> None:
    text = instant_text(instant)
    assert len(text) == 27
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "2026-11-22T07:30:00Z", "2026-11-22T07:30:00.1Z", "2026-1-2T7:3:0.000000Z"]
)
def test_instants_in_another_spelling_are_refused(text: str) -> None:
    with pytest.raises(CanonicalBytesAltered):
        parse_instant(text)
