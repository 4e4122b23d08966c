"""The signed statement: complete, unambiguous, and read back only when it is exactly that."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.canonical import canonical_bytes
from signatures.errors_pki import StatementMalformed
from signatures.statements import LARGEST_STATEMENT, Statement, offset_at, parse_statement
from tests.signatures.pki import AT, make_statement

pytestmark = [pytest.mark.clause("11.50(a)"), pytest.mark.clause("11.70")]

_words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(str.strip)


def test_a_statement_carries_every_element_of_a_signature_in_plain_json() -> None:
    content = json.loads(make_statement().to_bytes())
    assert content == {
        "schema": "countersign/statement/1",
        "record_type": "batches.batch",
        "record_number": "BR-2026-0007",
        "version": 3,
        "content_hash": "ab" * 32,
        "meaning": "approval",
        "sentence": "I approve the disposition “Released” of BR-2026-0007, version 3.",
        "printed_name": "Mei Itō",
        "username": "m.ito",
        "role": "qa_manager",
        "reason": "All units reconciled.",
        "components": ["password", "totp"],
        "signed_at": "2026-11-22T09:30:00.000000Z",
        "time_zone": "Europe/Zurich",
        "utc_offset": "+01:00",
        "ceremony": "5b2f0c5e-6a0f-4d3e-9d55-6e2a5f1a0001",
        "policy_version": "1",
        "build": "0.1.0+abc1234",
        "action": "dispose",
        "seat": "qa",
        "previous_signature": "",
    }


@given(_words, _words, st.integers(1, 2**53 - 1), st.datetimes(dt.datetime(1997, 2, 1), dt.datetime(2999, 1, 1)))  # noqa: DTZ001
def test_statements_survive_bytes_and_back(name: str, reason: str, version: int, when: dt.datetime) -> None:
    statement = make_statement(printed_name=name, reason=reason, version=version, signed_at=when.replace(tzinfo=dt.UTC))
    assert parse_statement(statement.to_bytes()) == statement


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Statement)])
def test_no_element_may_be_missing_from_the_bytes(field: str) -> None:
    content = json.loads(make_statement().to_bytes())
    del content[field]
    with pytest.raises(StatementMalformed, match=field):
        parse_statement(canonical_bytes(content))


@pytest.mark.parametrize(
    "field",
    ["record_type", "record_number", "meaning", "sentence", "printed_name", "username", "role", "ceremony", "build"],
)
@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_no_element_may_be_blank(field: str, blank: str) -> None:
    with pytest.raises(StatementMalformed, match=f"{field} is blank"):
        make_statement(**{field: blank})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 0),
        ("version", True),
        ("version", "3"),
        ("version", 2**53),
        ("content_hash", "ab" * 31),
        ("content_hash", "AB" * 32),
        ("content_hash", ""),
        ("previous_signature", "none"),
        ("components", ()),
        ("components", ("password", "password")),
        ("components", ["password"]),
        ("components", ("password", 7)),
        ("components", ("",)),
        ("signed_at", dt.datetime(2026, 1, 1)),  # noqa: DTZ001 - the naive time is what is refused
        ("signed_at", "2026-01-01T00:00:00.000000Z"),
        ("signed_at", dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(-dt.timedelta(hours=5)))),
        ("utc_offset", "1:00"),
        ("utc_offset", "+15:00"),
        ("utc_offset", "+01:00\n"),
        ("printed_name", "Mei\x00Itō"),
        ("printed_name", "Mei\ud800"),
        ("printed_name", None),
        ("reason", "\x1b[31m"),
        ("reason", " "),
    ],
)
def test_misshapen_elements_are_refused(field: str, value: object) -> None:
    with pytest.raises(StatementMalformed, match=field):
        make_statement(**{field: value})


def test_browser_line_ends_accents_and_other_zones_come_to_one_form() -> None:
    zurich = dt.timezone(dt.timedelta(hours=1))
    one = make_statement(reason="a\r\nb", printed_name="e\u0301", signed_at=AT.astimezone(zurich))
    other = make_statement(reason="a\nb", printed_name="\u00e9", signed_at=AT)
    assert one == other
    assert one.to_bytes() == other.to_bytes()


def test_bytes_in_any_other_spelling_are_refused() -> None:
    good = make_statement().to_bytes()
    content = json.loads(good)
    for bad in (
        b"",
        good + b"\n",
        json.dumps(content).encode(),
        canonical_bytes(content | {"note": "x"}),
        canonical_bytes(content | {"schema": "countersign/statement/2"}),
        canonical_bytes(content | {"signed_at": "2026-11-22T09:30:00Z"}),
        canonical_bytes(content | {"signed_at": None}),
        canonical_bytes(content | {"components": "password"}),
        canonical_bytes(content | {"components": [["password"]]}),
        canonical_bytes(content | {"reason": "a\r\nb"}),
        good.replace("Itō".encode(), "Ito\u0304".encode()),
        b"{" + b" " * LARGEST_STATEMENT + good[1:],
    ):
        with pytest.raises(StatementMalformed):
            parse_statement(bad)


@given(st.data())
def test_any_altered_byte_is_refused_or_says_something_else(data: st.DataObject) -> None:
    statement = make_statement()
    good = statement.to_bytes()
    position = data.draw(st.integers(0, len(good) - 1))
    altered = good[:position] + bytes([good[position] ^ data.draw(st.integers(1, 255))]) + good[position + 1 :]
    with contextlib.suppress(StatementMalformed):
        assert parse_statement(altered) != statement


def test_a_statement_cannot_be_changed_after_it_was_made() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_statement().reason = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("when", "zone", "offset", "local"),
    [
        (AT, "Europe/Zurich", "+01:00", "2026-11-22 10:30:00 +01:00 (Europe/Zurich)"),
        (AT - dt.timedelta(days=120), "Europe/Zurich", "+02:00", "2026-07-25 11:30:00 +02:00 (Europe/Zurich)"),
        (AT, "America/St_Johns", "-03:30", "2026-11-22 06:00:00 -03:30 (America/St_Johns)"),
        (AT, "Asia/Kathmandu", "+05:45", "2026-11-22 15:15:00 +05:45 (Asia/Kathmandu)"),
        (AT, "UTC", "+00:00", "2026-11-22 09:30:00 +00:00 (UTC)"),
    ],
)
def test_the_local_time_is_shown_with_offset_and_zone(when: dt.datetime, zone: str, offset: str, local: str) -> None:
    assert offset_at(when, zone) == offset
    assert make_statement(signed_at=when, time_zone=zone, utc_offset=offset).local_time == local


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_unknown_time_zones_are_refused(zone: str) -> None:
    with pytest.raises(StatementMalformed):
        offset_at(AT, zone)
