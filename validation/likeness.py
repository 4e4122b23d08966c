"""Perceptual hashes of pictures, and which of two sets of items are the same or nearly so. Pure of Django.

A difference hash of our own on Pillow, which decodes every picture here already: the usual
library for it would bring SciPy and wavelets along for these few lines. The 256 digits say
for 16 rows of 17 grey points whether each is darker than its right neighbour; a picture
saved anew, smaller or more compressed, keeps nearly all of them.
Serves: draft EU GMP Annex 22 §6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Final

from PIL import Image

METHOD: Final = "countersign-dhash-1"
SIDE: Final = 16
BITS: Final = SIDE * SIDE
NEAR: Final = 12
"""Digits of 256 that may differ: photographs saved at three quarters of their size with JPEG quality 60 differ in 9."""
BANDS: Final = NEAR + 1
HEX_DIGITS: Final = BITS // 4
CUTS: Final = tuple((n * HEX_DIGITS // BANDS, (n + 1) * HEX_DIGITS // BANDS) for n in range(BANDS))


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a set for the comparison; ``dhash`` and ``unit`` may be empty."""

    owner: str
    name: str
    sha256: str
    dhash: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items that are too much alike, and why: the same file, the same physical unit, or nearly the same picture."""

    first: Item
    second: Item
    why: str

    def __str__(self) -> str:
        return f"{self.first.name} is {self.why} {self.second.name} of {self.second.owner}"


def hash_picture(handle: IO[bytes]) -> str:
    """Return the difference hash of a picture that was checked before, as 64 hex digits."""
    with Image.open(handle) as picture:
        grey = picture.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS)
    points = grey.tobytes()
    value = 0
    for row in range(SIDE):
        line = points[row * (SIDE + 1) : (row + 1) * (SIDE + 1)]
        for left, right in pairwise(line):
            value = value << 1 | (left < right)
    return f"{value:0{HEX_DIGITS}x}"


def count_differences(first: str, second: str) -> int:
    """Return in how many of the 256 digits two hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def find_pairs(mine: Sequence[Item], others: Sequence[Item]) -> list[Pair]:
    """Return every item of mine with each other item that it must not meet, the surest reason first."""
    found: dict[tuple[str, str, str], Pair] = {}
    for why, meetings in (
        ("the same file as", meet(mine, others, by="sha256")),
        ("the same physical unit as", meet(mine, others, by="unit")),
        ("nearly the same picture as", meet_nearly(mine, others)),
    ):
        for first, second in meetings:
            found.setdefault((first.name, second.owner, second.name), Pair(first, second, why))
    return list(found.values())


def meet(mine: Iterable[Item], others: Iterable[Item], *, by: str) -> Iterator[tuple[Item, Item]]:
    """Yield the items whose named value is the same."""
    known: dict[str, list[Item]] = {}
    for item in others:
        if value := getattr(item, by):
            known.setdefault(value, []).append(item)
    for item in mine:
        for other in known.get(getattr(item, by), ()):
            yield item, other


def meet_nearly(mine: Iterable[Item], others: Iterable[Item]) -> Iterator[tuple[Item, Item]]:
    """Yield the items whose hashes differ in 12 digits or fewer.

    With 13 bands, 12 differences leave one band untouched, so only items that share a band are compared.
    """
    bands: list[dict[str, list[Item]]] = [{} for _ in CUTS]
    for item in others:
        if item.dhash:
            for known, (low, high) in zip(bands, CUTS, strict=True):
                known.setdefault(item.dhash[low:high], []).append(item)
    for item in mine:
        if not item.dhash:
            continue
        seen: set[int] = set()
        for known, (low, high) in zip(bands, CUTS, strict=True):
            for other in known.get(item.dhash[low:high], ()):
                if id(other) not in seen:
                    seen.add(id(other))
                    if count_differences(item.dhash, other.dhash) <= NEAR:
                        yield item, other
