"""What browsers are shown is made anew: upright, without metadata, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import itertools
import warnings

import pytest
from PIL import Image

from examples.make_lot_zip import VIALS
from records.errors_files import ImageDamaged
from records.uploads.images import DISPLAY_SIDE, THUMBNAIL_SIDE, make_copies, make_display_copy, make_thumbnail
from records.uploads.kinds import BMP, JPEG, PNG, TIFF, WEBP, Kind
from tests.assets.hostile_uploads.pictures import picture

VIAL = (VIALS / "images" / "256.jpg").read_bytes()


def encode(image: Image.Image, fmt: str = "PNG", **options: object) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer


def decode(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_the_display_copy_of_a_photograph_has_its_very_pixels() -> None:
    copy = decode(make_display_copy(io.BytesIO(VIAL), kind=JPEG))
    assert copy.format == "PNG"
    assert copy.tobytes() == decode(VIAL).convert("RGB").tobytes()


def test_the_original_is_not_touched() -> None:
    handle = io.BytesIO(VIAL)
    make_copies(handle, kind=JPEG)
    assert hashlib.sha256(handle.getvalue()).digest() == hashlib.sha256(VIAL).digest()


@pytest.mark.clause("11.10(a)")
def test_the_same_photograph_gives_the_same_copies() -> None:
    first, second = (make_copies(io.BytesIO(VIAL), kind=JPEG) for _ in range(2))
    assert first == second
    assert first.display == make_display_copy(io.BytesIO(VIAL), kind=JPEG)
    assert first.encoder.startswith("display-1, Pillow ")


def test_copies_of_a_large_picture_keep_its_shape() -> None:
    large = Image.linear_gradient("L").resize((4_100, 1_025)).convert("RGB")
    copies = make_copies(encode(large), kind=PNG)
    assert (copies.width, copies.height) == (DISPLAY_SIDE, 500)
    assert decode(copies.display).size == (2000, 500)
    assert decode(copies.thumbnail).size == (THUMBNAIL_SIDE, 60)
    assert decode(make_thumbnail(encode(large), kind=PNG)).size == (240, 60)


@pytest.mark.parametrize(("kind", "fmt"), [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP"), (TIFF, "TIFF")])
def test_metadata_are_dropped(kind: Kind, fmt: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Station camera"
    content = io.BytesIO(picture(fmt, exif=exif, icc_profile=b"profile" * 40))
    copies = make_copies(content, kind=kind)
    for copy in (copies.display, copies.thumbnail):
        assert b"Station camera" not in copy
        assert b"profileprofile" not in copy
        assert not decode(copy).getexif()


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_copy_is_upright_whatever_the_orientation(turn: int) -> None:
    """Undo each EXIF orientation: a red corner ends where a viewer that obeys EXIF shows it."""
    upright = Image.new("RGB", (40, 20), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 20, 10))
    method = Image.Transpose
    stored = {
        1: upright, 2: upright.transpose(method.FLIP_LEFT_RIGHT), 3: upright.transpose(method.ROTATE_180),
        4: upright.transpose(method.FLIP_TOP_BOTTOM), 5: upright.transpose(method.TRANSPOSE),
        6: upright.transpose(method.ROTATE_90), 7: upright.transpose(method.TRANSVERSE),
        8: upright.transpose(method.ROTATE_270),
    }[turn]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    copies = make_copies(encode(stored, exif=exif), kind=PNG)
    assert decode(copies.display).tobytes() == upright.tobytes()
    assert (copies.width, copies.height) == (40, 20)


def test_transparency_is_laid_on_white() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    image.putpixel((0, 0), (255, 0, 0, 255))
    copy = decode(make_display_copy(encode(image), kind=PNG))
    assert (copy.mode, copy.getpixel((0, 0)), copy.getpixel((5, 5))) == ("RGB", (255, 0, 0), (255, 255, 255))


def test_a_see_through_palette_is_laid_on_white() -> None:
    image = Image.new("P", (10, 10), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.putpixel((0, 0), 0)
    copy = decode(make_display_copy(encode(image, transparency=0), kind=PNG))
    assert (copy.getpixel((0, 0)), copy.getpixel((5, 5))) == ((255, 255, 255), (10, 200, 30))


@pytest.mark.parametrize(("fmt", "kind"), [("PNG", PNG), ("TIFF", TIFF)])
def test_sixteen_bit_greys_keep_their_brightness(fmt: str, kind: Kind) -> None:
    image = Image.new("I;16", (4, 1))
    for column, value in enumerate((0, 0x4000, 0x8000, 0xFFFF)):
        image.putpixel((column, 0), value)
    copy = decode(make_display_copy(encode(image, fmt), kind=kind))
    assert (copy.mode, list(copy.tobytes())) == ("L", [0, 0x40, 0x80, 0xFF])


@pytest.mark.parametrize(("mode", "shown"), [("1", "L"), ("L", "L"), ("LA", "RGB"), ("P", "RGB"), ("CMYK", "RGB")])
def test_grey_stays_grey_and_colour_colour(mode: str, shown: str) -> None:
    fmt, kind = ("TIFF", TIFF) if mode == "CMYK" else ("PNG", PNG)
    assert decode(make_display_copy(encode(Image.new(mode, (5, 5)), fmt), kind=kind)).mode == shown


def test_a_broad_picture_is_worked_on_in_bands_without_seams() -> None:
    image = Image.linear_gradient("L").resize((9_000, 900)).convert("RGB")
    copy = decode(make_display_copy(encode(image, "BMP"), kind=BMP)).convert("L")
    column = [copy.getpixel((1_000, row)) for row in range(copy.height)]
    steps = [int(b) - int(a) for a, b in itertools.pairwise(column)]  # type: ignore[arg-type]
    assert copy.size == (2000, 200)
    assert max(steps) <= 4
    assert min(steps) >= 0


def test_a_damaged_picture_cannot_be_copied() -> None:
    for make in (make_display_copy, make_thumbnail, make_copies):
        with pytest.raises(ImageDamaged):
            make(io.BytesIO(VIAL[:5_000]), kind=JPEG)


def test_a_warning_of_a_decompression_bomb_is_an_error_in_this_process() -> None:
    assert (
        any(
            action == "error" and category is Image.DecompressionBombWarning
            for action, _, category, _, _ in warnings.filters
        )
        or warnings.filters[0][0] == "error"
    )
