"""What the model looked at: occlusion sensitivity, as numbers and as a small picture.

A grey patch is moved over the picture that the model saw; where hiding something
lowers the model's confidence in its answer, it had looked there (Zeiler and Fergus,
2014). Owns the method, its version and its parameters; the same model, photograph and
region give the same bytes on one software build, so an overlay may be made at once or
on demand. It explains a recommendation and never changes one.

Serves: draft Annex 22, 8. Pure: no Django.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from qms.batches.inference import INPUT_SIDE, PinnedModel, Pixels, crop_region, predict
from qms.batches.regions import Region

METHOD: Final = "occlusion"
VERSION: Final = "1"
PATCH: Final = 24
STRIDE: Final = 12
#: Cells per side of the map: one per stride.
GRID: Final = INPUT_SIDE // STRIDE
OVERLAY_SIDE: Final = 192
#: Log-odds by which confidence must change for the strongest colour.
FULL_COLOUR: Final = 1.0
PARAMETERS: Final = f"patch {PATCH}, stride {STRIDE}, fill mean colour, value change of log-odds"

_SUPPORTS: Final = np.array((255, 176, 0), dtype=np.float32)
_OPPOSES: Final = np.array((0, 114, 255), dtype=np.float32)
_STRONGEST_ALPHA: Final = 0.55
_COLOURS: Final = 256
_TINY: Final = 1e-6

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where the answer came from.

    ``grid`` has GRID x GRID values, top row first: by how much the log-odds of the
    model's answer fall when that place is hidden (negative: they rise). ``png`` shows
    the picture that the model saw with amber where it supported and blue where it
    opposed the answer, and a frame around the strongest cell.
    """

    method: str
    version: str
    parameters: str
    answer: int
    grid: tuple[tuple[float, ...], ...]
    png: bytes


def explain(model: PinnedModel, *, image: Image.Image, region: Region) -> Attribution:
    """Explain the model's answer for one unit. Raises: RegionInvalid."""
    crop = crop_region(image, region)
    pixels = np.asarray(crop, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
    answer, grid = measure_occlusion(model, pixels)
    return Attribution(
        method=METHOD,
        version=VERSION,
        parameters=PARAMETERS,
        answer=answer,
        grid=tuple(tuple(round(float(value), 4) for value in row) for row in grid),
        png=draw_overlay(crop, grid),
    )


def measure_occlusion(model: PinnedModel, pixels: Pixels) -> tuple[int, Grid]:
    """Return the likeliest class and the change of its log-odds for each cell of the map.

    All occluded pictures go to the model in one batch; a cell's value is the mean over
    the patches that cover it. Units: log-odds (natural logarithm).
    """
    offsets = range(0, INPUT_SIDE - PATCH + 1, STRIDE)
    places = list(itertools.product(offsets, offsets))
    batch = np.repeat(pixels[np.newaxis], len(places) + 1, axis=0)
    fill = pixels.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)[:, np.newaxis, np.newaxis]
    for number, (top, left) in enumerate(places, start=1):
        batch[number, :, top : top + PATCH, left : left + PATCH] = fill
    scores = predict(model, batch)
    answer = int(scores[0].argmax())
    odds = _log_odds(scores[:, answer])
    total, count = np.zeros((GRID, GRID)), np.zeros((GRID, GRID))
    span = PATCH // STRIDE
    for (top, left), value in zip(places, odds[0] - odds[1:], strict=True):
        cells = np.s_[top // STRIDE : top // STRIDE + span, left // STRIDE : left // STRIDE + span]
        total[cells] += value
        count[cells] += 1
    return answer, total / count


def draw_overlay(crop: Image.Image, grid: Grid) -> bytes:
    """Return the overlay as PNG of OVERLAY_SIDE x OVERLAY_SIDE pixels, fixed encoder settings."""
    size = (OVERLAY_SIDE, OVERLAY_SIDE)
    strength = np.clip(grid / max(float(np.abs(grid).max()), FULL_COLOUR), -1, 1)
    smooth = Image.fromarray(strength.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    weight = np.asarray(smooth)[:, :, np.newaxis]
    base = np.asarray(crop.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
    alpha = np.abs(weight) * np.float32(_STRONGEST_ALPHA)
    mixed = base * (1 - alpha) + np.where(weight > 0, _SUPPORTS, _OPPOSES) * alpha
    picture = Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))
    _frame_strongest(picture, grid)
    buffer = io.BytesIO()
    picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", compress_level=3, optimize=False
    )
    return buffer.getvalue()


def _log_odds(scores: Pixels) -> Grid:
    clipped = np.clip(scores.astype(np.float64), _TINY, 1 - _TINY)
    return np.log(clipped) - np.log1p(-clipped)


def _frame_strongest(picture: Image.Image, grid: Grid) -> None:
    """Frame the strongest cell, dark and light, so that it shows without colour vision too."""
    row, column = divmod(int(np.argmax(grid)), GRID)
    cell = OVERLAY_SIDE // GRID
    left, top = column * cell, row * cell
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + cell - 1, top + cell - 1), outline=(0, 0, 0))
    draw.rectangle((left + 1, top + 1, left + cell - 2, top + cell - 2), outline=(255, 255, 255))
