"""What the pages of plans and reports are made of. Between views and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from qms.web.navigation import find_url
from signatures.subjects import subject_of
from validation.item_changes import ItemChange
from validation.open_points import OpenPoint


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """An open point in the reader's language, and the page where it is closed."""

    text: str
    number: str
    url: str


def show_points(points: Iterable[OpenPoint]) -> list[ShownPoint]:
    """Return open points as a page lists them."""
    return [
        ShownPoint(
            gettext(point.message).format_map({"number": point.number, **point.facts}),
            point.number,
            find_url(subject_of(point.kind).url_name, point.number),
        )
        for point in points
    ]


def tell_changes(changes: Iterable[ItemChange]) -> list[str]:
    """Return what changed in the reader's language."""
    return [gettext(change.message).format_map(change.facts) for change in changes]
