"""One file: sound ones of every kind pass as what they are, others are refused by name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from records.errors import Refusal
from records.errors_files import ImageTooLarge, UploadTooLarge, UploadTypeMismatch, UploadTypeNotAllowed
from records.uploads.checks import check_file
from records.uploads.kinds import BMP, CSV, DELIVERY_KINDS, EVIDENCE_KINDS, JPEG, JSON, PDF, PNG, TIFF, WEBP, Kind
from records.uploads.limits import Limits
from tests.assets.hostile_uploads.documents import packed, pdf
from tests.assets.hostile_uploads.pictures import picture

SOUND = [
    ("vial.jpg", picture("JPEG"), JPEG),
    ("vial.JPEG", picture("JPEG", progressive=True), JPEG),
    ("vial.png", picture("PNG"), PNG),
    ("vial.webp", picture("WEBP"), WEBP),
    ("vial.webp", picture("WEBP", lossless=True), WEBP),
    ("vial.tif", picture("TIFF"), TIFF),
    ("vial.tiff", picture("TIFF", compression="tiff_lzw"), TIFF),
    ("vial.bmp", picture("BMP"), BMP),
]
PAPERS = [
    ("protocol.pdf", pdf(), PDF),
    ("protocol.pdf", pdf(catalog=b"/OpenAction [3 0 R /Fit]"), PDF),
    ("protocol.pdf", pdf(packed(b"<< /Type /Font >>")), PDF),
    ("manifest.csv", b"file,unit\r\nvial.jpg,V-1\r\n", CSV),
    ("manifest.csv", "\ufefffile,prüfer\n".encode(), CSV),
    ("run.json", b'{"accuracy": 0.99, "tags": ["a"]}', JSON),
]


def refusal_of(content: bytes, name: str) -> Refusal | None:
    try:
        check_file(io.BytesIO(content), name=name)
    except Refusal as refusal:
        return refusal
    return None


@pytest.mark.parametrize(("name", "content", "kind"), SOUND)
def test_a_sound_picture_passes_with_its_size(name: str, content: bytes, kind: Kind) -> None:
    checked = check_file(io.BytesIO(content), name=name)
    assert (checked.kind, checked.size, checked.width, checked.height) == (kind, len(content), 64, 48)


@pytest.mark.parametrize(("name", "content", "kind"), PAPERS)
def test_a_sound_document_passes(name: str, content: bytes, kind: Kind) -> None:
    checked = check_file(io.BytesIO(content), name=name)
    assert (checked.kind, checked.width) == (kind, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_the_colour_modes_of_cameras_pass(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (9, 7)).save(buffer, "PNG")
    assert check_file(buffer, name="vial.png").height == 7


def test_a_pdf_is_evidence_but_no_part_of_a_delivery() -> None:
    assert PDF in EVIDENCE_KINDS
    with pytest.raises(UploadTypeNotAllowed, match="a PDF document"):
        check_file(io.BytesIO(pdf()), name="protocol.pdf", allowed=DELIVERY_KINDS)


def test_the_refusal_says_what_the_file_truly_is_and_what_is_allowed() -> None:
    with pytest.raises(UploadTypeMismatch, match="a JPEG picture"):
        check_file(io.BytesIO(picture("JPEG")), name="vial.png")
    with pytest.raises(UploadTypeNotAllowed, match=r"HTML, SVG or XML.*JPEG, PNG"):
        check_file(io.BytesIO(b"<svg/>"), name="vial.png")


def test_the_pixel_limits_are_ours() -> None:
    limits = Limits(max_pixels=64 * 48, max_side=64)
    assert check_file(io.BytesIO(picture("PNG")), name="v.png", limits=limits).width == 64
    with pytest.raises(ImageTooLarge, match="64 x 48"):
        check_file(io.BytesIO(picture("PNG")), name="v.png", limits=Limits(max_pixels=64 * 48 - 1))
    with pytest.raises(ImageTooLarge):
        check_file(io.BytesIO(picture("PNG")), name="v.png", limits=Limits(max_side=63))


def test_a_file_at_its_size_limit_passes_and_one_byte_more_does_not() -> None:
    content = b"a,b\n" * 10
    assert check_file(io.BytesIO(content), name="m.csv", limits=Limits(max_text_bytes=40)).size == 40
    with pytest.raises(UploadTooLarge):
        check_file(io.BytesIO(content), name="m.csv", limits=Limits(max_text_bytes=39))


@given(st.sampled_from([*SOUND, *PAPERS]), st.data())
def test_any_damage_to_a_sound_file_passes_or_is_a_named_refusal(
    sound: tuple[str, bytes, Kind], data: st.DataObject
) -> None:
    name, content, _ = sound
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    refusal = refusal_of(bytes(damaged), name)
    if refusal is not None:
        assert refusal.code.startswith("records.upload.")
        assert name in refusal.text


@given(
    st.binary(max_size=200),
    st.sampled_from(["v.png", "v.jpg", "v.webp", "v.tif", "v.bmp", "p.pdf", "m.csv", "r.json", "x"]),
)
def test_any_bytes_are_a_file_or_a_named_refusal(content: bytes, name: str) -> None:
    refusal = refusal_of(content, name)
    assert refusal is None or refusal.code.startswith("records.upload.")
