"""How an instant is written for people: local time, offset and UTC, never one alone.

Pure: imports no Django. Never decides which zone a person uses; that is handed in.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

MINUS = "\N{MINUS SIGN}"


def find_zone(name: str) -> dt.tzinfo:
    """Return the zone of that name, or UTC where the name is unknown on this machine."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC


def write_offset(moment: dt.datetime) -> str:
    """Write a moment's offset from UTC: ``UTC−05:00``, or ``UTC`` where there is none."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("A time without its offset cannot be shown: which instant it means is unknown.")
    minutes = int(offset.total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{MINUS if minutes < 0 else '+'}{hours:02}:{rest:02}"


def write_local(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Write the local date and time with its offset: ``2026-11-22 14:03:07 UTC−05:00``."""
    local = _moved(moment, zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {write_offset(local)}"


def write_minute(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Write a term to the minute, with its offset: ``2026-11-24 17:00 UTC−05:00``."""
    local = _moved(moment, zone)
    return f"{local:%Y-%m-%d %H:%M} {write_offset(local)}"


def write_utc(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Write the same instant in UTC, with the date where it differs; empty if local time is UTC."""
    local, utc = _moved(moment, zone), _moved(moment, dt.UTC)
    if not local.utcoffset():
        return ""
    if local.date() == utc.date():
        return f"{utc:%H:%M:%S} UTC"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC"


def write_moment(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Write the whole: ``2026-11-22 14:03:07 UTC−05:00 (19:03:07 UTC)``."""
    utc = write_utc(moment, zone)
    return f"{write_local(moment, zone)} ({utc})" if utc else write_local(moment, zone)


def write_iso(moment: dt.datetime) -> str:
    """Write the instant for machines: ISO 8601 in UTC, to the microsecond where there is one."""
    return _moved(moment, dt.UTC).isoformat().replace("+00:00", "Z")


def _moved(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without its offset cannot be shown: which instant it means is unknown.")
    return moment.astimezone(zone)
