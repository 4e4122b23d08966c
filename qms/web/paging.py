"""Pages of long lists by key: no COUNT and no OFFSET, so page 10,000 costs what page 1 costs.

A page is found by the values of its ordering columns, so rows that arrive meanwhile
neither repeat nor hide others. The last ordering column must be unique; ``pk`` is added
where it is missing. Ordering columns must not be null.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

from records.errors import Refusal

M = TypeVar("M", bound=Model)
PAGE_SIZE = 50


class PageLinkNotValid(Refusal):
    code: ClassVar[str] = "web.page_link_not_valid"
    status: ClassVar[int] = 404
    message: ClassVar[str] = "This link to a part of a list is not valid. Open the list again from its beginning."


@dataclass(frozen=True)
class Words:
    """What the links of the pager say."""

    first: str = "Newest"
    back: str = "Newer"
    on: str = "Older"


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page: its rows, and the keys behind the links onward and back (empty: no link)."""

    rows: list[M]
    older: str = ""
    newer: str = ""
    words: Words = field(default_factory=Words)


def page_through(
    rows: QuerySet[M],
    *,
    ordering: Sequence[str],
    query: Mapping[str, str],
    size: int = PAGE_SIZE,
    words: Words | None = None,
) -> Page[M]:
    """Return the page that the querystring's ``after`` or ``before`` names, or the first.

    ``ordering`` as for ``order_by``, model fields only. Raises: PageLinkNotValid if the
    key was not made by this list.
    """
    keys = _unique_ordering(rows.model, ordering)
    is_backward = bool(query.get("before"))
    cursor = query.get("before") or query.get("after") or ""
    asked = [_reversed(key) for key in keys] if is_backward else keys
    if cursor:
        rows = rows.filter(_beyond(asked, _read_cursor(rows.model, asked, cursor)))
    found = list(rows.order_by(*asked)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_backward:
        found.reverse()
    has_older = has_more if not is_backward else True
    has_newer = has_more if is_backward else bool(cursor)
    return Page(
        rows=found,
        older=_write_cursor(found[-1], keys) if found and has_older else "",
        newer=_write_cursor(found[0], keys) if found and has_newer else "",
        words=words or Words(),
    )


def _unique_ordering(model: type[Model], ordering: Sequence[str]) -> list[str]:
    """Return the ordering, made total by the primary key, in the direction of its last column."""
    keys = list(ordering)
    names = [key.removeprefix("-") for key in keys]
    for name in names:
        if _field(model, name).null:
            raise ValueError(f"{model.__name__}.{name} may be null and cannot order pages.")
    if not keys or not _field(model, names[-1]).unique:
        keys.append("-pk" if keys and keys[-1].startswith("-") else "pk")
    return keys


def _reversed(key: str) -> str:
    return key[1:] if key.startswith("-") else f"-{key}"


def _beyond(keys: Sequence[str], values: Sequence[object]) -> Q:
    """Return the condition for rows after the given values.

    The first column's bound stands alone as well, because that is what an index can use.
    """
    condition, equal = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        name, comparison = key.removeprefix("-"), "lt" if key.startswith("-") else "gt"
        condition |= equal & Q(**{f"{name}__{comparison}": value})
        equal &= Q(**{name: value})
    first, comparison = keys[0].removeprefix("-"), "lte" if keys[0].startswith("-") else "gte"
    return Q(**{f"{first}__{comparison}": values[0]}) & condition


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    found = model._meta.pk if name == "pk" else model._meta.get_field(name)
    if not isinstance(found, Field):
        raise FieldDoesNotExist(f"{model.__name__}.{name} is not a column and cannot order pages.")
    return found


def _write_cursor(row: Model, keys: Sequence[str]) -> str:
    values = [_plain(getattr(row, _field(type(row), key.removeprefix("-")).attname)) for key in keys]
    packed = json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _read_cursor(model: type[Model], keys: Sequence[str], cursor: str) -> list[object]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(keys) or None in values:
            raise PageLinkNotValid
        return [_read_value(_field(model, key.removeprefix("-")), v) for key, v in zip(keys, values, strict=True)]
    except (
        binascii.Error,
        UnicodeError,
        ValueError,
        TypeError,
        RecursionError,
        OverflowError,
        ValidationError,
    ) as fault:
        raise PageLinkNotValid from fault


def _read_value(column: Field[Any, Any], value: object) -> object:
    read: object = column.to_python(value)
    if isinstance(read, dt.datetime) and read.tzinfo is None:
        raise PageLinkNotValid
    return read


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | uuid.UUID) else value
