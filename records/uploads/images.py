"""Pictures: checked by decoding them once, and encoded anew for display.

The original is evidence: its bytes are hashed, stored and never changed, and it leaves
only as an attachment. What browsers show is a new picture made from decoded pixels, so
that nothing hidden in the original reaches them; metadata (EXIF, ICC, comments) are not
carried over, the orientation is applied.

Pure of Django. Memory: four bytes a pixel, plus bands of the copy.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import IO, Final

import PIL
from PIL import Image

from records.errors_files import (
    ImageDamaged,
    ImageKindNotAllowed,
    ImageSeveralFrames,
    ImageTooLarge,
    UploadTrailingData,
)
from records.uploads.kinds import JPEG, PNG, TIFF, WEBP, Kind
from records.uploads.limits import DEFAULT_LIMITS, Limits

#: Longest side of the copy that is displayed. Units: pixels.
DISPLAY_SIDE: Final = 2000
THUMBNAIL_SIDE: Final = 240
SMALLEST_PART: Final = 24
#: A part of an upright picture: left, top, right, bottom as fractions of its width and height.
Part = tuple[float, float, float, float]
#: Changes of these settings change bytes: raise the version with them.
ENCODER: Final = f"display-1, Pillow {PIL.__version__}"
MAX_PNG_CHUNKS: Final = 20_000
#: Ordinary progressive JPEGs have about ten; each one more costs a pass over all pixels.
MAX_JPEG_SCANS: Final = 20

_MODES: Final = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "I;16", "I;16B"})
_GREY_MODES: Final = frozenset({"1", "L", "I;16", "I;16B"})
_TIFF_COMPRESSIONS: Final = frozenset({"raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"})
#: What Pillow's decoders raise on damaged or hostile files.
_DECODER_ERRORS: Final = (
    OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, EOFError,
    MemoryError, RuntimeError, struct.error, Image.DecompressionBombError, Warning,
)  # fmt: skip
_WHITE: Final = (255, 255, 255)
#: The WebP decoder holds a picture three times, and so may take a third of the pixels.
_WEBP_COPIES: Final = 3
_PNG_SAMPLES: Final = {2: 3, 4: 2, 6: 4}
#: Bits a pixel that the pixel limit is meant for; deeper pictures may have half as many.
_MAX_BITS: Final = 32
_BAND_PIXELS: Final = 2_000_000
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# A picture that makes Pillow warn of a bomb is refused, whoever decodes it in this process.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def check_image(handle: IO[bytes], *, kind: Kind, name: str, limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """Decode a picture once and return its width and height. Units: pixels.

    Raises: ImageTooLarge before any pixel is decoded, ImageSeveralFrames,
    ImageKindNotAllowed, UploadTrailingData, ImageDamaged.
    """
    _check_container(handle, kind=kind, name=name, limits=limits)
    try:
        with _open(handle, kind) as image:
            _check_header(image, kind=kind, name=name, limits=limits)
            _check_frames(image, kind=kind, name=name)
            image.load()
            return image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"“{name}” has far more pixels than the {limits.max_pixels:,} allowed.") from error
    except _DECODER_ERRORS as error:
        raise ImageDamaged(name=name, why="its data are damaged or incomplete") from error


@dataclass(frozen=True, slots=True)
class Copies:
    """What browsers are shown of a picture: a lossless PNG, and a small JPEG for lists.

    Units: pixels of the display copy, which is upright.
    """

    display: bytes
    thumbnail: bytes
    width: int
    height: int
    encoder: str


def make_copies(handle: IO[bytes], *, kind: Kind, focus: Part | None = None) -> Copies:
    """Encode a checked picture anew for display and lists, decoding it once.

    The small one shows only ``focus``, where that is given: in a list the thing counts, not
    the table it lies on. Fixed settings: the same bytes on the same software build.
    Raises: ImageDamaged. Units: ``focus`` as fractions of the upright picture.
    """
    picture = _shrink(handle, kind=kind, side=DISPLAY_SIDE)
    small = _to_small_jpeg(_cut(picture, focus))
    return Copies(_to_png(picture), small, picture.width, picture.height, ENCODER)


def make_display_copy(handle: IO[bytes], *, kind: Kind) -> bytes:
    """Return a checked picture as PNG, upright and without metadata. Raises: ImageDamaged.

    Lossless up to DISPLAY_SIDE, so that a person who decides on it sees no artefacts of ours.
    """
    return _to_png(_shrink(handle, kind=kind, side=DISPLAY_SIDE))


def make_thumbnail(handle: IO[bytes], *, kind: Kind) -> bytes:
    """Return a checked picture as a small JPEG, upright and without metadata. Raises: ImageDamaged."""
    return _to_small_jpeg(_shrink(handle, kind=kind, side=THUMBNAIL_SIDE))


def _cut(picture: Image.Image, part: Part | None) -> Image.Image:
    """Return a part of a picture, or all of it where the part is too small to show anything."""
    if part is None:
        return picture
    left, top = max(0, int(part[0] * picture.width)), max(0, int(part[1] * picture.height))
    right, bottom = min(picture.width, int(part[2] * picture.width)), min(picture.height, int(part[3] * picture.height))
    return picture.crop((left, top, right, bottom)) if min(right - left, bottom - top) >= SMALLEST_PART else picture


def _to_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3, optimize=False)
    return buffer.getvalue()


def _to_small_jpeg(picture: Image.Image) -> bytes:
    small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85, subsampling=0, optimize=False, progressive=False)
    return buffer.getvalue()


def _open(handle: IO[bytes], kind: Kind) -> Image.Image:
    handle.seek(0)
    return Image.open(handle, formats=(kind.pillow,))


def _check_header(image: Image.Image, *, kind: Kind, name: str, limits: Limits) -> None:
    _check_size(*image.size, name=name, limits=limits, max_pixels=limits.max_pixels)
    if image.mode not in _MODES:
        raise ImageKindNotAllowed(name=name, what=f"the colour mode {image.mode}")
    compression = image.info.get("compression", "raw")
    if kind is TIFF and compression not in _TIFF_COMPRESSIONS:
        raise ImageKindNotAllowed(name=name, what=f"the compression {compression}")


def _check_size(width: int, height: int, *, name: str, limits: Limits, max_pixels: int) -> None:
    if max(width, height) > limits.max_side or width * height > max_pixels:
        raise ImageTooLarge(
            name=name,
            width=width,
            height=height,
            max_side=limits.max_side,
            max_megapixels=max_pixels // 1_000_000,
        )


def _check_frames(image: Image.Image, *, kind: Kind, name: str) -> None:
    if kind is TIFF:
        # Counting would walk a chain of any length; asking for the second does not.
        try:
            image.seek(1)
        except EOFError:
            image.seek(0)
            return
    elif getattr(image, "n_frames", 1) == 1:
        return
    raise ImageSeveralFrames(name=name)


def _check_container(handle: IO[bytes], *, kind: Kind, name: str, limits: Limits) -> None:
    """Check what the decoder would not: what follows the picture, how often it is coded."""
    size = handle.seek(0, io.SEEK_END)
    if kind is JPEG:
        handle.seek(0)
        if handle.read().count(b"\xff\xda") > MAX_JPEG_SCANS:
            raise ImageKindNotAllowed(name=name, what=f"more than {MAX_JPEG_SCANS} passes over its pixels")
        return
    if kind is PNG:
        end = _png_end(handle, name, limits)
    elif kind is WEBP:
        end = _webp_end(handle, name, limits)
    else:
        return
    if end > size:
        raise ImageDamaged(name=name, why="it is incomplete")
    if end < size:
        raise UploadTrailingData(name=name, what="the picture")


def _webp_end(handle: IO[bytes], name: str, limits: Limits) -> int:
    """Check a WebP's own statement of size, since opening it already takes its memory."""
    handle.seek(0)
    head = handle.read(30)
    if len(head) < 30:
        raise ImageDamaged(name=name, why="it is incomplete")
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    _check_size(width, height, name=name, limits=limits, max_pixels=limits.max_pixels // _WEBP_COPIES)
    length = int.from_bytes(head[4:8], "little")
    return 8 + length + length % 2


def _png_end(handle: IO[bytes], name: str, limits: Limits) -> int:
    """Find the last chunk, and check the depth, which Pillow decodes before it drops it."""
    handle.seek(16)
    width, height, bits, colour = struct.unpack(">IIBB", handle.read(10).ljust(10, b"\0"))
    if width * height * bits * _PNG_SAMPLES.get(colour, 1) > limits.max_pixels * _MAX_BITS:
        _check_size(width, height, name=name, limits=limits, max_pixels=limits.max_pixels // 2)
    position = 8
    for _ in range(MAX_PNG_CHUNKS):
        handle.seek(position)
        header = handle.read(8)
        if len(header) < 8:
            raise ImageDamaged(name=name, why="it is incomplete")
        position += 12 + int.from_bytes(header[:4], "big")
        if header[4:] == b"IEND":
            return position
    raise ImageDamaged(name=name, why="it is cut into too many pieces")


def _shrink(handle: IO[bytes], *, kind: Kind, side: int) -> Image.Image:
    """Return new pixels, RGB or grey, upright, at most ``side`` a side."""
    try:
        with _open(handle, kind) as image:
            image.draft("RGB", (side, side))
            image.load()
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
            small = _reduce(image, side)
    except _DECODER_ERRORS as error:
        raise ImageDamaged(name="the picture", why="its data are damaged or incomplete") from error
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small if turn is None else small.transpose(turn)


def _reduce(image: Image.Image, side: int) -> Image.Image:
    """Return the picture in RGB or grey, shrunk by a whole number, worked on in bands."""
    factor = max(1, max(image.size) // (2 * side))
    band = max(1, _BAND_PIXELS // image.width // factor) * factor
    mode = "L" if image.mode in _GREY_MODES else "RGB"
    out = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, band):
        piece = _plain(image.crop((0, top, image.width, min(top + band, image.height))))
        out.paste(piece.reduce(factor), (0, top // factor))
    return out


def _plain(piece: Image.Image) -> Image.Image:
    """Return a band as 8-bit grey or RGB, transparency laid on white."""
    if piece.mode.startswith("I;16"):
        return piece.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    see_through = "transparency" in piece.info or piece.mode in {"LA", "PA", "RGBA"}
    if not see_through:
        return piece.convert("L" if piece.mode in _GREY_MODES else "RGB")
    solid = piece.convert("RGBA")
    ground = Image.new("RGB", piece.size, _WHITE)
    ground.paste(solid, mask=solid.getchannel("A"))
    return ground.convert("L") if piece.mode in _GREY_MODES else ground
