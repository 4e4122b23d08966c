"""Times for people: local time, offset and UTC together, right on both sides of a clock change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms.web import moments

NEW_YORK, BERLIN, KOLKATA, SYDNEY = (
    ZoneInfo(name) for name in ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney")
)
FIRST, LAST = (dt.datetime.fromisoformat(day) for day in ("1970-01-02", "2100-01-01"))  # the strategy adds the zone
ZONES = st.sampled_from([NEW_YORK, BERLIN, KOLKATA, SYDNEY, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")])


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.clause("11.10(e)", "11.50(a)")
def test_local_time_offset_and_utc_are_shown_together() -> None:
    assert moments.write_moment(utc("2026-11-22T19:03:07"), NEW_YORK) == "2026-11-22 14:03:07 UTC−05:00 (19:03:07 UTC)"


def test_utc_carries_its_date_where_the_day_differs() -> None:
    assert (
        moments.write_moment(utc("2026-11-22T20:03:07"), SYDNEY)
        == "2026-11-23 07:03:07 UTC+11:00 (2026-11-22 20:03:07 UTC)"
    )


def test_a_reader_in_utc_sees_the_time_once() -> None:
    assert moments.write_moment(utc("2026-11-22T19:03:07"), dt.UTC) == "2026-11-22 19:03:07 UTC"
    assert moments.write_moment(utc("2026-01-22T19:03:07"), ZoneInfo("Europe/London")) == "2026-01-22 19:03:07 UTC"


def test_half_hour_offsets_are_written_in_full() -> None:
    assert moments.write_local(utc("2026-11-22T19:03:07"), KOLKATA) == "2026-11-23 00:33:07 UTC+05:30"


def test_the_repeated_hour_of_autumn_is_told_apart_by_its_offset() -> None:
    first, second = utc("2026-10-25T00:30:00"), utc("2026-10-25T01:30:00")
    assert moments.write_local(first, BERLIN) == "2026-10-25 02:30:00 UTC+02:00"
    assert moments.write_local(second, BERLIN) == "2026-10-25 02:30:00 UTC+01:00"


def test_the_missing_hour_of_spring_is_never_shown() -> None:
    before, after = utc("2026-03-29T00:59:59"), utc("2026-03-29T01:00:00")
    assert moments.write_local(before, BERLIN) == "2026-03-29 01:59:59 UTC+01:00"
    assert moments.write_local(after, BERLIN) == "2026-03-29 03:00:00 UTC+02:00"


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="which instant"):
        moments.write_moment(dt.datetime(2026, 11, 22, 14, 3), NEW_YORK)  # noqa: DTZ001  that is the fault


def test_machines_get_utc_in_iso_form() -> None:
    assert moments.write_iso(utc("2026-11-22T19:03:07.000120")) == "2026-11-22T19:03:07.000120Z"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "America", "\x00"])
def test_an_unknown_zone_falls_back_to_utc(name: str) -> None:
    assert moments.find_zone(name) == dt.UTC


@given(moment=st.datetimes(FIRST, LAST, timezones=st.just(dt.UTC)), zone=ZONES)
def test_what_is_written_names_the_same_second(moment: dt.datetime, zone: ZoneInfo) -> None:
    local, _, offset = moments.write_local(moment, zone).rpartition(" UTC")
    hours = offset.replace(moments.MINUS, "-") or "+00:00"
    assert dt.datetime.fromisoformat(f"{local}{hours}") == moment.replace(microsecond=0)
