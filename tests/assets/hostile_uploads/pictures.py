"""Hostile pictures: disguises, polyglots, bombs of pixels, frames, scans and metadata."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image, PngImagePlugin

from tests.assets.hostile_uploads.case import NEUTRALISED, Case

SCRIPT = b"<script>alert('countersign')</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'

DISGUISES = {
    "html": b"<!DOCTYPE html><html>" + SCRIPT,
    "html-after-space": b" \r\n\t<html>" + SCRIPT,
    "html-after-bom": b"\xef\xbb\xbf<html>" + SCRIPT,
    "svg": SVG,
    "svg-with-xml-head": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG,
    "windows-program": b"MZ\x90\x00" + bytes(200),
    "linux-program": b"\x7fELF\x02\x01\x01" + bytes(200),
    "shell-script": b"#!/bin/sh\nrm -rf /\n",
    "gif-script": b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)",
    "postscript": b"%!PS-Adobe-3.0\n(%pipe%id) (w) file\n",
    "rtf": b"{\\rtf1 \\object}",
    "old-office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200),
    "icon": b"\x00\x00\x01\x00\x01\x00" + bytes(60),
    "bigtiff": b"II+\x00\x08\x00\x00\x00" + bytes(60),
}
ARCHIVES = {
    "gzip": b"\x1f\x8b\x08\x00" + bytes(20),
    "seven-zip": b"7z\xbc\xaf\x27\x1c" + bytes(20),
    "rar": b"Rar!\x1a\x07\x00" + bytes(20),
    "xz": b"\xfd7zXZ\x00" + bytes(20),
    "cabinet": b"MSCF" + bytes(40),
}
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP"}


def picture(fmt: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    """Return a small sound picture with some texture."""
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flat_png(width: int, height: int, *, bits: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    """Return a PNG of zeros without ever holding its pixels."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    row = 1 + (width * bits * samples + 7) // 8
    packer = zlib.compressobj(9)
    data = [packer.compress(bytes(row)) for _ in range(min(height, 40_000))]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", b"".join([*data, packer.flush()])) + chunk(b"IEND", b"")


def insert_chunk(png: bytes, extra: bytes) -> bytes:
    """Return a PNG with a chunk behind its header."""
    return png[:33] + extra + png[33:]


def tiff(entries: list[tuple[int, int, int, int]], *, next_at: int = 0, extra: bytes = b"") -> bytes:
    """Return a little-endian TIFF with one directory of raw entries."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + struct.pack("<I", next_at) + extra
    )


def disguised() -> Iterator[Case]:
    for extension in ("jpg", "png", "csv", "tif"):
        for label, content in DISGUISES.items():
            yield Case(f"{label}-as-{extension}", "file", f"vial.{extension}", content, "type_not_allowed")
        for label, content in ARCHIVES.items():
            yield Case(f"{label}-as-{extension}", "file", f"vial.{extension}", content, "nested_archive")
    for true, fmt in FORMATS.items():
        for false in (*FORMATS, "csv", "svg", "html", "jpg.exe"):
            if false != true:
                yield Case(f"{true}-as-{false}", "file", f"vial.{false}", picture(fmt), "type_mismatch")
    for extension in ("svg", "html", "xml", "exe", "js"):
        yield Case(f"plain-{extension}", "file", f"vial.{extension}", DISGUISES["svg"], "type_not_allowed")
    yield Case("javascript-as-jpg", "file", "vial.jpg", b"alert(document.cookie)//" + bytes(99), "type_not_allowed")
    yield Case("no-extension", "file", "vial", picture("JPEG"), "type_mismatch")
    yield Case("empty-jpg", "file", "vial.jpg", b"", "empty")


def polyglots() -> Iterator[Case]:
    png, jpeg, webp = picture("PNG"), picture("JPEG"), picture("WEBP")
    tails = {
        "html": b"<html>" + SCRIPT,
        "zip": b"PK\x03\x04" + bytes(40),
        "php": b"<?php system($_GET[0]); ?>",
        "nul": b"\0",
    }
    for label, tail in tails.items():
        yield Case(f"png-then-{label}", "file", "vial.png", png + tail, "trailing_data")
        yield Case(f"webp-then-{label}", "file", "vial.webp", webp + tail + b"\0" * (len(tail) % 2), "trailing_data")
        yield Case(f"jpeg-then-{label}", "file", "vial.jpg", jpeg + tail, NEUTRALISED, tail if len(tail) > 4 else b"")
        bmp = picture("BMP") + tail
        yield Case(f"bmp-then-{label}", "file", "vial.bmp", bmp, NEUTRALISED, tail if len(tail) > 4 else b"")
    yield Case("jpeg-comment-script", "file", "vial.jpg", picture("JPEG", comment=SCRIPT), NEUTRALISED, SCRIPT)
    exif = Image.Exif()
    exif[0x010E] = "<?php system($_GET[0]); ?>"
    for extension, fmt in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("tif", "TIFF")):
        content = picture(fmt, exif=exif)
        yield Case(f"{extension}-exif-php", "file", f"vial.{extension}", content, NEUTRALISED, b"<?php")
    for fmt, extension in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")):
        content = picture(fmt, icc_profile=b"ICC" + SCRIPT * 4)
        yield Case(f"{extension}-icc-script", "file", f"vial.{extension}", content, NEUTRALISED, SCRIPT)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    info.add_itxt("XML:com.adobe.xmp", SVG.decode(), zip=True)
    yield Case("png-text-script", "file", "vial.png", picture("PNG", pnginfo=info), NEUTRALISED, SCRIPT)
    yield Case("png-private-chunk-svg", "file", "vial.png", insert_chunk(png, chunk(b"svGx", SVG)), NEUTRALISED, SVG)
    pixels = Image.frombytes("RGB", (len(SCRIPT) // 3 + 1, 1), SCRIPT.ljust(len(SCRIPT) // 3 * 3 + 3, b" "))
    buffer = io.BytesIO()
    pixels.save(buffer, "BMP")
    yield Case("bmp-pixels-script", "file", "vial.bmp", buffer.getvalue(), NEUTRALISED)


def pixel_bombs() -> Iterator[Case]:
    sizes = {"wide": (16_001, 10), "tall": (10, 16_001), "large": (7_000, 7_000), "huge": (13_000, 13_000)}
    for label, (width, height) in sizes.items():
        for bits, colour in ((1, 0), (8, 0), (8, 2), (16, 6)):
            content = flat_png(width, height if height < 99 or width < 99 else 4, bits=bits, colour=colour)
            content = content[:16] + struct.pack(">II", width, height) + content[24:]
            head = content[12:29]
            content = content[:29] + struct.pack(">I", zlib.crc32(head)) + content[33:]
            yield Case(f"png-{label}-{bits}-{colour}", "file", "vial.png", content, "image_too_large")
    yield Case("png-whole-13000", "file", "vial.png", flat_png(13_000, 13_000), "image_too_large")
    yield Case("png-whole-20000-bilevel", "file", "vial.png", flat_png(20_000, 20_000, bits=1), "image_too_large")
    for label, side in (("65535", 65_535), ("2-to-31", 2**31 - 1)):
        content = flat_png(8, 8)
        head = b"IHDR" + struct.pack(">II", side, side) + content[24:29]
        content = content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:]
        yield Case(f"png-claims-{label}", "file", "vial.png", content, "image_too_large")
    jpeg = bytearray(picture("JPEG"))
    at = jpeg.find(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    yield Case("jpeg-claims-65500", "file", "vial.jpg", bytes(jpeg), "image_too_large")
    webp = bytearray(picture("WEBP"))
    webp[26:30] = struct.pack("<HH", 16_383, 16_383)
    yield Case("webp-claims-16383", "file", "vial.webp", bytes(webp), "image_too_large")
    flat = io.BytesIO()
    Image.new("L", (9_000, 9_000)).convert("RGB").save(flat, "WEBP", lossless=True, method=0, quality=0)
    yield Case("webp-whole-9000", "file", "vial.webp", flat.getvalue(), "image_too_large")
    bmp = bytearray(picture("BMP"))
    bmp[18:26] = struct.pack("<ii", 50_000, 50_000)
    yield Case("bmp-claims-50000", "file", "vial.bmp", bytes(bmp), "image_too_large")
    bmp[18:26] = struct.pack("<ii", 6_000, 6_000)
    yield Case("bmp-claims-6000-with-no-data", "file", "vial.bmp", bytes(bmp), "image_damaged")
    for label, side in (("65535", 65_535), ("2-to-32", 2**32 - 1)):
        entries = [
            (256, 4, 1, side),
            (257, 4, 1, side),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (278, 4, 1, side),
            (279, 4, 1, 99),
        ]
        yield Case(f"tiff-claims-{label}", "file", "vial.tif", tiff(entries), "image_too_large")
    tiles = [
        (256, 4, 1, 100),
        (257, 4, 1, 100),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (322, 4, 1, 60_000),
        (323, 4, 1, 60_000),
        (324, 4, 1, 8),
        (325, 4, 1, 99),
    ]
    yield Case("tiff-tiles-of-60000", "file", "vial.tif", tiff(tiles), "image_damaged")
    yield from largest_allowed()


def largest_allowed() -> Iterator[Case]:
    """Pictures at the limit, in the formats and modes that cost most memory; none is refused."""
    for label, bits, colour in (("grey", 8, 0), ("rgb", 8, 2), ("rgba", 8, 6)):
        yield Case(
            f"png-largest-{label}", "file", "vial.png", flat_png(8_000, 5_000, bits=bits, colour=colour), NEUTRALISED
        )
    deep = flat_png(5_000, 4_000, bits=16, colour=6)
    yield Case("png-largest-rgba-16", "file", "vial.png", deep, NEUTRALISED)
    yield Case("png-deep-40-million", "file", "vial.png", flat_png(8_000, 5_000, bits=16, colour=6), "image_too_large")
    yield Case("png-longest", "file", "vial.png", flat_png(16_000, 2_500, colour=6), NEUTRALISED)
    large = Image.new("RGB", (4_000, 3_333), (200, 180, 160))
    for extension, options in (
        ("jpg", {"quality": 90}),
        ("webp", {"quality": 50, "method": 0}),
        ("tif", {"compression": "tiff_lzw"}),
        ("bmp", {}),
    ):
        side = (
            large
            if extension == "webp"
            else Image.new("RGB", (2_900, 2_800))
            if extension == "bmp"
            else large.resize((8_000, 5_000))
        )
        buffer = io.BytesIO()
        side.save(buffer, FORMATS[extension], **options)
        yield Case(f"{extension}-largest", "file", f"vial.{extension}", buffer.getvalue(), NEUTRALISED)


def frame_bombs() -> Iterator[Case]:
    frames = [Image.new("L", (8, 8), number % 255) for number in range(300)]
    for extension, fmt in (("tif", "TIFF"), ("png", "PNG"), ("webp", "WEBP"), ("jpg", "MPO")):
        buffer = io.BytesIO()
        few = [frame.convert("RGB") for frame in frames[: 2 if fmt == "MPO" else 300]]
        few[0].save(buffer, fmt, save_all=True, append_images=few[1:])
        yield Case(f"{extension}-frames", "file", f"vial.{extension}", buffer.getvalue(), "image_several_frames")
    base = [
        (256, 4, 1, 8),
        (257, 4, 1, 8),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (278, 4, 1, 8),
        (279, 4, 1, 64),
    ]
    directory = 2 + 12 * len(base) + 4
    for label, count in (("1000", 1_000), ("200000", 200_000)):
        many = bytearray(b"II*\x00\x08\x00\x00\x00")
        for number in range(count):
            following = 8 + directory * (number + 1) if number + 1 < count else 0
            many += tiff(base, next_at=following)[8:]
        yield Case(f"tiff-{label}-directories", "file", "vial.tif", bytes(many[:24_000_000]), "image_several_frames")
    yield Case("tiff-directory-loop", "file", "vial.tif", tiff(base, next_at=8, extra=bytes(64)), NEUTRALISED)
    jpeg = picture("JPEG", (4_000, 4_000), progressive=True, quality=5)
    at = jpeg.rfind(b"\xff\xda")
    yield Case(
        "jpeg-2000-scans", "file", "vial.jpg", jpeg[:at] + jpeg[at:-2] * 2_000 + b"\xff\xd9", "image_kind_not_allowed"
    )


def broken() -> Iterator[Case]:
    for extension, fmt in FORMATS.items():
        content = picture(fmt, (200, 200))
        for label, cut in (("half", len(content) // 2), ("head", 40), ("signature", 12)):
            expect = "type_not_allowed" if (extension, label) == ("bmp", "signature") else "image_damaged"
            yield Case(f"{extension}-{label}", "file", f"vial.{extension}", content[:cut], expect)
    png = picture("PNG")
    yield Case("png-bad-checksum", "file", "vial.png", png[:29] + b"\0\0\0\0" + png[33:], "image_damaged")
    yield Case(
        "png-zero-size",
        "file",
        "vial.png",
        insert_chunk(flat_png(1, 1)[:8] + chunk(b"IHDR", bytes(8) + b"\x08\0\0\0\0") + flat_png(1, 1)[33:], b""),
        "image_damaged",
    )
    pieces = b"".join(chunk(b"tEXt", b"a\0b") for _ in range(60_000))
    yield Case("png-60000-chunks", "file", "vial.png", insert_chunk(png, pieces), "image_damaged")
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))
    yield Case("png-text-bomb", "file", "vial.png", insert_chunk(png, text), "image_damaged")
    many = b"".join(chunk(b"zTXt", b"a%d\0\0" % n + zlib.compress(bytes(1_000_000))) for n in range(200))
    yield Case("png-200-text-bombs", "file", "vial.png", insert_chunk(png, many), "image_damaged")
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000)))
    yield Case("png-profile-bomb", "file", "vial.png", insert_chunk(png, profile), "image_damaged")
    yield Case("png-without-pixels", "file", "vial.png", png[:33] + chunk(b"IEND", b""), "image_damaged")
    for label, code in (("jpeg", 7), ("group-4", 4), ("lzma", 34925), ("zstd", 50000)):
        entries = [
            (256, 4, 1, 8),
            (257, 4, 1, 8),
            (258, 3, 1, 8),
            (259, 3, 1, code),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (278, 4, 1, 8),
            (279, 4, 1, 64),
        ]
        yield Case(f"tiff-{label}", "file", "vial.tif", tiff(entries, extra=bytes(64)), "image_kind_not_allowed")
    tags = [(256, 4, 1, 8), (257, 4, 1, 8), (270, 2, 2**31, 8)]
    yield Case("tiff-tag-of-2-gigabytes", "file", "vial.tif", tiff(tags), "image_damaged")
    yield Case("tiff-no-directory", "file", "vial.tif", b"II*\x00\xff\xff\xff\x7f", "image_damaged")


def all_pictures() -> Iterator[Case]:
    for group in (disguised, polyglots, pixel_bombs, frame_bombs, broken):
        yield from group()
