"""Where on a photograph a unit is, in exact fractions of the upright image.

Owns the arithmetic of regions only. The numbers are decimals, never floats: one
hundred-millionth decides which pixel a crop begins at, and so what the model sees.

Pure: no Django.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from qms.batches.errors_images import RegionInvalid

#: Digits after the point that are kept in manifests and in the database.
DECIMAL_PLACES: Final = 8
_ONE: Final = Decimal(1)
_STEP: Final = Decimal(1).scaleb(-DECIMAL_PLACES)


@dataclass(frozen=True, slots=True)
class Region:
    """The box around a unit: left, top, width, height as fractions of the image's size.

    The image is taken upright, as a person sees it. Units: fractions from 0 to 1.
    """

    x: Decimal
    y: Decimal
    w: Decimal
    h: Decimal

    @property
    def centre(self) -> tuple[Decimal, Decimal]:
        """Return the middle of the box. Units: fractions."""
        return self.x + self.w / 2, self.y + self.h / 2

    def square_crop(self, width: int, height: int, *, margin: Decimal) -> tuple[int, int, int, int]:
        """Return the pixels of the crop around the region: left, top, right, bottom.

        Its side is ``margin`` times the larger side of the box, in fractions of the
        image, width and height apart; each edge is cut off, not rounded, to a pixel.
        Units: pixels of an image of ``width`` x ``height``.
        """
        cx, cy = self.centre
        half = margin * max(self.w, self.h) / 2
        return (
            int((cx - half) * width),
            int((cy - half) * height),
            int((cx + half) * width),
            int((cy + half) * height),
        )

    def as_texts(self) -> tuple[str, str, str, str]:
        """Return the four numbers as plain text, for a manifest or a record's content."""
        return (f"{self.x:f}", f"{self.y:f}", f"{self.w:f}", f"{self.h:f}")


def parse_region(x: str, y: str, w: str, h: str) -> Region:
    """Read a region from text. Raises: RegionInvalid, saying what to correct."""
    numbers = [_fraction(name, text) for name, text in zip("xywh", (x, y, w, h), strict=True)]
    region = Region(*numbers)
    if region.w <= 0 or region.h <= 0:
        raise RegionInvalid(why="its width and height must be greater than 0")
    if region.x + region.w > _ONE or region.y + region.h > _ONE:
        raise RegionInvalid(why="it reaches beyond the image")
    return region


def _fraction(name: str, text: str) -> Decimal:
    if len(text) > 24 or not text.isascii() or "_" in text:
        raise RegionInvalid(why=f"{name} is not a number")
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise RegionInvalid(why=f"{name} is not a number") from None
    if not number.is_finite() or not 0 <= number <= 1:
        raise RegionInvalid(why=f"{name} must lie between 0 and 1")
    if number != number.quantize(_STEP):
        raise RegionInvalid(why=f"{name} has more than {DECIMAL_PLACES} digits after the point")
    return number
