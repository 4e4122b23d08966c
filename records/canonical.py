"""Canonical bytes of record content (RFC 8785, JSON Canonicalization Scheme).

Owns the one way from a JSON-able dict to the bytes that are hashed and signed, and back.
Never guesses: a value whose meaning could differ between two readers (a float, a local
time, a huge integer, an unpaired surrogate) is refused with its path. Pure: no Django.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import unicodedata
import uuid
from collections.abc import Mapping

import rfc8785

from records.digests import sha256_hex
from records.errors_content import CanonicalBytesAltered, ContentNotCanonical

INTEGER_LIMIT = 2**53
"""Integers of this size and above are not exact in every JSON reader (RFC 7493, 2.2)."""

DEPTH_LIMIT = 64
"""Nesting allowed in content; far above any record, far below the interpreter's stack."""

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


def canonical_bytes(content: Mapping[str, object]) -> bytes:
    """Return the canonical bytes of a record's content.

    Text becomes NFC, decimals and dates become strings, instants become UTC text with
    microseconds and Z; all else that RFC 8785 or a second reader could take differently
    is refused. Serves: 21 CFR 11.10(a), 11.70.
    Raises: ContentNotCanonical with the path of the value that is not allowed.
    """
    if not isinstance(content, Mapping):
        raise ContentNotCanonical(path="$", problem=f"content is a mapping, not {_kind(content)}")
    return rfc8785_bytes(_plain(content, "$", 0))


def parse_canonical(data: bytes) -> dict[str, JsonValue]:
    """Return the content whose canonical bytes these are.

    Serves: 21 CFR 11.10(a). Raises: CanonicalBytesAltered unless ``data`` is exactly what
    canonical_bytes would write for the result.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_float=_no_float)
    except CanonicalBytesAltered:
        raise
    except (ValueError, RecursionError):
        raise CanonicalBytesAltered(problem="they are not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise CanonicalBytesAltered(problem="the outermost value is not an object")
    try:
        again = canonical_bytes(value)
    except ContentNotCanonical as refusal:
        raise CanonicalBytesAltered(problem=refusal.text.rstrip(".")) from None
    if again != data:
        raise CanonicalBytesAltered(problem="key order, spacing, escapes or text form differ")
    return value


def content_hash(canonical: bytes) -> str:
    """Return the content hash: SHA-256 of the canonical bytes, 64 lower-case hex digits.

    Plain on purpose, so that ``sha256sum`` on the extracted file gives the same text.
    Serves: 21 CFR 11.70.
    """
    return sha256_hex(canonical)


def rfc8785_bytes(value: object) -> bytes:
    """Return RFC 8785 bytes of any JSON value, floats included; no rule of ours applied.

    For documents of others (imports, vectors); regulated content goes through
    canonical_bytes. Raises: ContentNotCanonical when the value is outside RFC 8785.
    """
    try:
        # The kept library types its argument as JSON; what is not JSON it refuses itself.
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ContentNotCanonical(path="$", problem=f"it is outside RFC 8785 ({error})") from None


def instant_text(instant: dt.datetime) -> str:
    """Return an aware instant as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, always UTC and 27 characters.

    Serves: 21 CFR 11.10(e), 11.50(a). Raises: ContentNotCanonical for a naive datetime.
    """
    return _instant(instant, "$")


def parse_instant(text: str) -> dt.datetime:
    """Return the aware UTC instant that instant_text wrote as ``text``.

    Raises: CanonicalBytesAltered for any other spelling.
    """
    try:
        instant = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise CanonicalBytesAltered(problem=f"{text!r} is not a UTC instant with microseconds") from None
    if instant_text(instant) != text:
        raise CanonicalBytesAltered(problem=f"{text!r} is not a UTC instant with microseconds")
    return instant


def _plain(value: object, path: str, depth: int) -> JsonValue:
    if depth > DEPTH_LIMIT:
        raise ContentNotCanonical(path=path, problem=f"it is nested more than {DEPTH_LIMIT} levels deep")
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, path)
        case int():
            return _integer(value, path)
        case Mapping():
            return _mapping(value, path, depth)
        case list() | tuple():
            return [_plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        case _:
            return _scalar(value, path)


def _scalar(value: object, path: str) -> str:
    match value:
        case decimal.Decimal():
            return _decimal(value, path)
        case dt.datetime():
            return _instant(value, path)
        case dt.date():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case float():
            problem = "it is a floating-point number; give a Decimal or the text of the number"
        case bytes() | bytearray() | memoryview():
            problem = "it is binary; give its SHA-256 instead"
        case _:
            problem = f"{_kind(value)} has no agreed text form"
    raise ContentNotCanonical(path=path, problem=problem)


def _mapping(value: Mapping[object, object], path: str, depth: int) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise ContentNotCanonical(path=path, problem=f"the key {key!r} is not text")
        name = _text(key, f"{path} (a key)")
        if name in plain:
            raise ContentNotCanonical(path=path, problem=f"two keys are the same text {name!r} once normalised")
        plain[name] = _plain(item, f"{path}.{name}", depth + 1)
    return plain


def _text(value: str, path: str) -> str:
    # str.__str__ also turns a text enumeration member into its value.
    text = unicodedata.normalize("NFC", str.__str__(value))
    if "\0" in text:
        raise ContentNotCanonical(path=path, problem="the text holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ContentNotCanonical(path=path, problem="the text holds half of a character pair (a lone surrogate)")
    return text


def _integer(value: int, path: str) -> int:
    if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
        raise ContentNotCanonical(path=path, problem="the integer is 2^53 or larger; give it as text")
    return int(value)


def _decimal(value: decimal.Decimal, path: str) -> str:
    if not value.is_finite():
        raise ContentNotCanonical(path=path, problem="the decimal is not a finite number")
    if value.adjusted() > 100 or int(value.as_tuple().exponent) < -100:
        raise ContentNotCanonical(path=path, problem="the decimal has more than 100 digits")
    # Fixed notation keeps the recorded number of places (1.50 is not 1.5); minus zero is zero.
    return format(value.copy_abs() if value == 0 else value, "f")


def _instant(value: dt.datetime, path: str) -> str:
    if value.utcoffset() is None:
        raise ContentNotCanonical(path=path, problem="the time has no zone, so it is not an instant")
    try:
        utc = value.astimezone(dt.UTC)
    except OverflowError:
        raise ContentNotCanonical(path=path, problem="the time is outside the years 1 to 9999 in UTC") from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CanonicalBytesAltered(problem="a key occurs twice")
    return result


def _no_float(text: str) -> JsonValue:
    raise CanonicalBytesAltered(problem=f"{text} is a floating-point number")


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"
