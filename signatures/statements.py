"""The canonical statement: what one signature says, field by field.

Owns the text that a person's key signs, its bytes (RFC 8785) and the strict way back. A
statement is complete when it exists: a blank name, a missing hash or a doubtful time is
refused at making and at reading alike. Pure: no Django.
Serves: 21 CFR 11.50(a), 11.70, 11.200(a)(1).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from records.canonical import INTEGER_LIMIT, JsonValue, canonical_bytes, parse_canonical, parse_instant
from records.digests import is_digest
from records.errors_content import CanonicalBytesAltered
from signatures.errors_pki import StatementMalformed

SCHEMA = "countersign/statement/1"
"""Names the meaning of the fields below; other fields mean another schema."""

LARGEST_STATEMENT = 64 * 1024
"""Bytes; a long reason has about 2,000."""

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_YEARS = range(1997, 3000)
"""From the year of 21 CFR Part 11 on."""

_MAY_BE_EMPTY = frozenset({"reason", "action", "seat", "previous_signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person declares by signing. Immutable; valid by construction.

    ``sentence`` is the sentence shown beside the sign button, word for word. ``components``
    are the identification components used at this signing, such as password and totp.
    ``signed_at`` is the database clock in UTC; ``time_zone`` and ``utc_offset`` are the
    signer's own at that instant. ``previous_signature`` is the SHA-256 of the CMS before it
    on the same version, or empty for the first. Text is put into NFC with plain line ends.
    Raises: StatementMalformed.
    """

    record_type: str
    record_number: str
    version: int
    content_hash: str
    meaning: str
    sentence: str
    printed_name: str
    username: str
    role: str
    reason: str
    components: tuple[str, ...]
    signed_at: dt.datetime
    time_zone: str
    utc_offset: str
    ceremony: str
    policy_version: str
    build: str
    action: str = ""
    seat: str = ""
    previous_signature: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            # Browsers send line ends and accents in several forms; a statement has one.
            value = _settled(getattr(self, field.name))
            _check_field(field.name, value)
            object.__setattr__(self, field.name, value)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed, embedded and shown to inspectors."""
        content: dict[str, object] = {field.name: getattr(self, field.name) for field in fields(self)}
        return canonical_bytes({"schema": SCHEMA, **content})

    @property
    def local_time(self) -> str:
        """The signing time as the signer's clock showed it, with offset and zone: 11.50(a)(2) in words."""
        sign = -1 if self.utc_offset[0] == "-" else 1
        hours, minutes = int(self.utc_offset[1:3]), int(self.utc_offset[4:6])
        local = self.signed_at + sign * dt.timedelta(hours=hours, minutes=minutes)
        return f"{local:%Y-%m-%d %H:%M:%S} {self.utc_offset} ({self.time_zone})"


def parse_statement(data: bytes) -> Statement:
    """Return the statement of which these are the canonical bytes.

    Strict: any unknown, missing or misshapen field and any other spelling is refused.
    Serves: 21 CFR 11.70. Raises: StatementMalformed.
    """
    if len(data) > LARGEST_STATEMENT:
        raise StatementMalformed(problem="it is far larger than a statement")
    try:
        content = parse_canonical(data)
    except CanonicalBytesAltered as refusal:
        raise StatementMalformed(problem=str(refusal.facts["problem"])) from None
    if content.pop("schema", None) != SCHEMA:
        raise StatementMalformed(problem=f"its schema is not {SCHEMA}")
    known = {field.name for field in fields(Statement)}
    if content.keys() != known:
        odd = sorted(content.keys() ^ known)
        raise StatementMalformed(problem=f"fields are missing or unknown: {', '.join(odd)[:200]}")
    statement = Statement(**_typed(content))
    if statement.to_bytes() != data:
        raise StatementMalformed(problem="it is not in canonical form")
    return statement


def offset_at(instant: dt.datetime, time_zone: str) -> str:
    """Return the zone's offset from UTC at an instant, as ``+01:00``. Raises: StatementMalformed."""
    try:
        offset = instant.astimezone(zoneinfo.ZoneInfo(time_zone)).utcoffset()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise StatementMalformed(problem=f"{time_zone[:64]!r} is not a known time zone") from None
    minutes = round((offset or dt.timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _typed(content: Mapping[str, JsonValue]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(content)
    components, signed_at = content["components"], content["signed_at"]
    if not isinstance(components, list):
        raise StatementMalformed(problem="components is not a list")
    typed["components"] = tuple(components)
    try:
        typed["signed_at"] = parse_instant(str(signed_at))
    except CanonicalBytesAltered:
        raise StatementMalformed(problem="signed_at is not a UTC instant") from None
    return typed


def _settled(value: object) -> object:
    match value:
        case str():
            return unicodedata.normalize("NFC", str.__str__(value)).replace("\r\n", "\n")
        case dt.datetime() if value.utcoffset() is not None:
            return value.astimezone(dt.UTC) if value.year in _YEARS else value
        case _:
            return value


def _check_field(name: str, value: object) -> None:
    match name:
        case "version":
            if type(value) is not int or not 1 <= value < INTEGER_LIMIT:
                raise StatementMalformed(problem="version is not a positive number")
        case "components":
            if not isinstance(value, tuple) or not value:
                raise StatementMalformed(problem="components are missing")
            for component in value:
                _check_text("components", component)
            if len(set(value)) != len(value):
                raise StatementMalformed(problem="components are repeated")
        case "signed_at":
            _check_instant(value)
        case _:
            _check_text(name, value)
            _check_form(name, str(value))


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise StatementMalformed(problem=f"{name} is not text")
    if not value.strip() and (value or name not in _MAY_BE_EMPTY):
        raise StatementMalformed(problem=f"{name} is blank")
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in value):
        raise StatementMalformed(problem=f"{name} holds control characters")


def _check_form(name: str, value: str) -> None:
    if name in {"content_hash", "previous_signature"} and value and not is_digest(value):
        raise StatementMalformed(problem=f"{name} is not a SHA-256 digest")
    if name == "utc_offset" and not _OFFSET.fullmatch(value):
        raise StatementMalformed(problem="utc_offset is not of the form +01:00")


def _check_instant(value: object) -> None:
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        raise StatementMalformed(problem="signed_at is not an instant with a time zone")
    if value.year not in _YEARS:
        raise StatementMalformed(problem="signed_at is not in this or the next centuries")
