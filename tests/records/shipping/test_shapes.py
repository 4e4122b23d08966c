"""What leaves the house is one line of JSON or one syslog message per event, whatever people typed."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.shipping.events import SealedEvent, encode_event, shape_for_azure, shape_like_cloudtrail
from records.shipping.sinks import SYSLOG_BYTES, format_syslog, frame_octets, split_lines

pytestmark = pytest.mark.clause("11.10(e)")

EVENT = SealedEvent(
    index=7,
    id=42,
    at=datetime(2026, 11, 25, 13, 30, 0, 5, tzinfo=timezone(timedelta(hours=1))),
    act="batches.batch.disposed",
    category="change",
    username="kim",
    printed_name="Kim Björk",
    role="QA manager",
    is_person=True,
    record="BR-2026-0007",
    reason="first line\r\n<13>1 second line\x00\u2028",
    details={"number": "BR-2026-0007"},
    address="192.0.2.1",
    station="line 3",
    request_id="r-1",
    build='1.0 "quoted" ]',
    origin="qms.example.com/countersign",
)
# RFC 5424, 6: HEADER SP STRUCTURED-DATA SP MSG
SYSLOG = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) - "
    rb'(?P<act>[!-~]{1,32}) (?P<data>(?:\[[!-~]+(?: [a-zA-Z]+="(?:[^"\\\]]|\\["\\\]])*")+\])+) (?P<text>\{.*\})\Z'
)
TEXT = st.text(max_size=300)


def test_a_syslog_message_has_the_form_of_rfc_5424() -> None:
    message = format_syslog(EVENT)
    found = SYSLOG.match(message)
    assert found is not None, message
    assert found["pri"] == b"109"  # log audit, notice
    assert found["at"] == b"2026-11-25T12:30:00.000005Z"
    assert (found["host"], found["app"], found["act"]) == (
        b"qms.example.com",
        b"countersign",
        b"batches.batch.disposed",
    )
    assert b'[meta sequenceId="8"]' in found["data"]
    assert json.loads(found["text"])["userIdentity"]["printedName"] == "Kim Björk"
    assert frame_octets(message) == str(len(message)).encode() + b" " + message


def test_a_security_event_is_a_warning() -> None:
    assert format_syslog(dataclasses.replace(EVENT, category="security")).startswith(b"<108>1 ")


@pytest.mark.parametrize(
    ("shape", "reason_in"),
    [
        (shape_like_cloudtrail, lambda row: row["requestParameters"]["reason"]),
        (shape_for_azure, lambda row: row["Reason"]),
    ],
    ids=["cloudtrail", "azure"],
)
def test_line_breaks_that_people_typed_begin_no_second_record(shape, reason_in) -> None:
    line = encode_event(EVENT, shape, max_bytes=60_000)
    assert not re.search(rb"[^ -~]", line)
    assert reason_in(json.loads(line)) == EVENT.reason


@given(TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=5), st.integers(0, 2**63 - 1), st.text(max_size=100))
def test_any_event_fits_the_form_and_the_limit(reason, name, build, details, index, act) -> None:
    event = dataclasses.replace(
        EVENT, reason=reason * 20, printed_name=name[:200], build=build[:80], details=details, index=index, act=act
    )
    message = format_syslog(event)
    found = SYSLOG.match(message)
    assert found is not None
    assert len(message) <= SYSLOG_BYTES
    assert json.loads(found["text"])["additionalEventData"]["leafIndex"] == index


def test_an_event_too_large_keeps_who_what_and_when_and_the_hash_of_what_it_leaves_out() -> None:
    event = dataclasses.replace(EVENT, details={"rows": ["x" * 100] * 1000}, reason="because " * 1000)
    line = encode_event(event, shape_like_cloudtrail, max_bytes=2000)
    assert len(line) <= 2000
    kept = json.loads(line)
    assert (kept["eventName"], kept["userIdentity"]["userName"]) == (EVENT.act, "kim")
    assert kept["requestParameters"]["details"]["omitted_bytes"] > 100_000
    assert len(kept["requestParameters"]["details"]["omitted_sha256"]) == 64
    assert kept["requestParameters"]["reason"].startswith("because because")


def test_azure_rows_are_flat_and_carry_their_time() -> None:
    row = shape_for_azure(dataclasses.replace(EVENT, at=datetime(2026, 1, 2, tzinfo=UTC)))
    assert row["TimeGenerated"] == "2026-01-02T00:00:00.000000Z"
    assert [name for name, value in row.items() if isinstance(value, dict)] == ["Details"]


def test_lines_are_split_in_order_by_size() -> None:
    assert split_lines([b"aaa", b"bb", b"c" * 20, b"d"], max_bytes=8) == [[b"aaa", b"bb"], [b"c" * 20], [b"d"]]
    assert split_lines([]) == []
