"""Renditions: PDF/A-3u by structure, the same bytes every time, carrying exactly what was given."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import gc
import io
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pypdf
import pytest
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from records.digests import sha256_hex
from records.errors_content import AttachmentNameInvalid, RenditionFailed, RenditionIncomplete
from records.pdf import EmbeddedFile, Look, Resource, render_pdf
from records.pdf_check import check_pdf, read_attachments

pytestmark = [pytest.mark.clause("11.10(b)"), pytest.mark.clause("11.50(b)")]

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
PAGE = """<!doctype html><html lang="en"><head><title>BR-2026-0007</title></head><body>
<h1>Batch record BR-2026-0007</h1>
<p>Signed by Mei Itō, 2026-11-22 10:30:00 +01:00 (Europe/Zurich), approval. Ωμέγα, Ж, ≥ 2 µL</p>
</body></html>"""
FILES = (
    EmbeddedFile("statement-1.p7s", b"\x30\x03\x02\x01\x01", "application/pkcs7-signature", "Supplement"),
    EmbeddedFile("record.json", b'{"number":"BR-2026-0007"}', "application/json", "Source", "The record as signed"),
)
RED_DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHx"
    "gljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
)


def render(html: str = PAGE, **changes: object) -> bytes:
    facts: dict[str, object] = {"attachments": FILES, "identifier": "BR-2026-0007/3/1", "created": AT}
    return render_pdf(html, **(facts | changes))  # type: ignore[arg-type]


def text_of(pdf: bytes) -> str:
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.split())


def test_a_rendition_calls_itself_pdfa_3u_and_shows_its_text() -> None:
    pdf = render()
    check_pdf(pdf, {one.name: sha256_hex(one.data) for one in FILES})
    text = text_of(pdf)
    for shown in ("Mei Itō", "+01:00 (Europe/Zurich)", "approval", "Ωμέγα", "≥ 2 µL"):
        assert shown in text


def test_the_same_input_gives_the_same_bytes_in_this_and_any_other_process(tmp_path: Path) -> None:
    here = render()
    assert render() == here
    script = tmp_path / "again.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.records.test_pdf import render\n"
        "sys.stdout.buffer.write(render())\n"
    )
    root = Path(__file__).parent.parent.parent
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, script, root],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert done.stdout == here


@pytest.mark.parametrize("change", [{"identifier": "BR-2026-0007/3/2"}, {"created": AT + dt.timedelta(seconds=1)}])
def test_another_rendition_has_other_bytes(change: dict[str, Any]) -> None:
    assert render(**change) != render()


def test_the_instant_of_creation_is_written_in_utc_whatever_zone_it_came_in() -> None:
    zurich = AT.astimezone(dt.timezone(dt.timedelta(hours=1)))
    assert render(created=zurich) == render(created=AT)


def test_the_embedded_files_come_out_whole_in_our_reader_and_in_poppler(tmp_path: Path) -> None:
    pdf = render()
    assert read_attachments(pdf) == {one.name: one.data for one in FILES}
    (tmp_path / "r.pdf").write_bytes(pdf)
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, tmp_path / "r.pdf"], check=True, capture_output=True)
    for one in FILES:
        assert (tmp_path / one.name).read_bytes() == one.data


def test_a_rendition_without_embedded_files_is_good_too() -> None:
    assert read_attachments(render(attachments=())) == {}


@pytest.mark.parametrize("name", ["", "../x.json", "a/b.json", "a..b", "x\0.json", ".json", "x" * 121, "ä.json", "a b"])
def test_a_file_name_that_could_leave_a_folder_is_refused(name: str) -> None:
    with pytest.raises(AttachmentNameInvalid):
        render(attachments=[EmbeddedFile(name, b"", "text/plain")])


def test_two_files_of_one_name_or_an_unknown_relationship_are_refused() -> None:
    with pytest.raises(AttachmentNameInvalid, match="same name"):
        render(attachments=[EmbeddedFile("a.json", b"", "text/plain"), EmbeddedFile("A.json", b"", "text/plain")])
    with pytest.raises(AttachmentNameInvalid, match="relationship"):
        render(attachments=[EmbeddedFile("a.json", b"", "text/plain", "Friend")])


def test_stylesheets_and_images_given_by_value_are_used() -> None:
    dot = Resource(base64.b64decode(RED_DOT), "image/png")
    look = Look(
        stylesheets=("body { background: url(countersign:dot.png) } h1::after { content: ' (true copy)' }",),
        resources={"countersign:dot.png": dot},
    )
    pdf = render(look=look)
    assert "(true copy)" in text_of(pdf)
    assert b"/Subtype /Image" in uncompressed(pdf)
    assert render(look=look) == pdf
    assert b"/Subtype /Image" not in uncompressed(render())


def uncompressed(pdf: bytes) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_images_inside_the_document_are_shown() -> None:
    assert b"/Subtype /Image" in uncompressed(render(f'<p>x</p><img src="data:image/png;base64,{RED_DOT}">'))


def test_eight_threads_rendering_at_once_all_get_the_same_bytes() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: render(), range(24)))) == 1


def test_links_that_do_more_than_open_a_page_are_taken_out() -> None:
    pdf = render(
        '<p><a href="https://example.org/sop">SOP</a> <a href="javascript:app.alert(1)">x</a>'
        '<a href="file:///etc/passwd">y</a> <a href="#top">z</a></p><p id="top">t</p>'
    )
    targets = [
        annotation.get_object()["/A"]["/URI"]
        for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
        for annotation in page.get("/Annots", [])
        if "/URI" in annotation.get_object().get("/A", {})
    ]
    assert targets == ["https://example.org/sop"]


def test_what_breaks_the_renderer_is_told_as_one_refusal() -> None:
    broken = Look(stylesheets=(3,))  # type: ignore[arg-type]
    with pytest.raises(RenditionFailed, match="untouched"):
        render(look=broken)
    assert render()


def test_the_collector_of_cycles_waits_for_the_end_of_a_rendering_and_then_looks_at_what_is_young() -> None:
    collected: list[int] = []

    def notice(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    render()  # parsed stylesheets and fonts are kept from the first one
    rows = "".join(f"<tr><td>V-{number:03}</td><td>good</td></tr>" for number in range(250))
    gc.collect()
    gc.callbacks.append(notice)
    try:
        render_pdf(f"<table>{rows}</table>", identifier="long", created=AT)
    finally:
        gc.callbacks.remove(notice)
    assert collected[0] == 0
    assert len(collected) < 10  # more than a hundred without the pause


@pytest.mark.parametrize("look", [Look(), Look(stylesheets=(3,))], ids=["whole", "broken"])  # type: ignore[arg-type]
@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_left_as_it_was_found_even_by_a_rendering_that_fails(look: Look, is_enabled: bool) -> None:
    (gc.enable if is_enabled else gc.disable)()
    try:
        with contextlib.suppress(RenditionFailed):
            render(look=look)
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()


def open_with_script(writer: pypdf.PdfWriter) -> None:
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )


def launch_from_link(writer: pypdf.PdfWriter) -> None:
    launch = DictionaryObject({NameObject("/S"): NameObject("/Launch")})
    annotation = DictionaryObject({NameObject("/Type"): NameObject("/Annot"), NameObject("/A"): launch})
    writer.pages[0][NameObject("/Annots")] = ArrayObject([annotation])


def leave_fonts_out(writer: pypdf.PdfWriter) -> None:
    fonts = writer.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.get_object().values():
        for descendant in font.get_object().get("/DescendantFonts", [font]):
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            for key in ("/FontFile2", "/FontFile3"):
                descriptor.pop(key, None)


FAULTS: dict[str, Callable[[pypdf.PdfWriter], object]] = {
    "colour profile": lambda writer: writer.root_object.pop("/OutputIntents"),
    "call itself": lambda writer: writer.root_object.pop("/Metadata"),
    "OpenAction": open_with_script,
    "Launch": launch_from_link,
    "extra.exe": lambda writer: writer.add_attachment("extra.exe", b"MZ"),
    "declared": lambda writer: writer.root_object.pop("/AF"),
    "encrypted": lambda writer: writer.encrypt("x"),
    "not embedded": leave_fonts_out,
}


@pytest.mark.parametrize("says", FAULTS)
def test_the_structural_check_finds_what_is_wrong(says: str) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(render()))
    FAULTS[says](writer)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(RenditionIncomplete, match=says):
        check_pdf(out.getvalue(), {one.name: sha256_hex(one.data) for one in FILES})


def test_the_structural_check_finds_missing_and_altered_files_and_junk() -> None:
    expected = {one.name: sha256_hex(one.data) for one in FILES}
    with pytest.raises(RenditionIncomplete, match=r"record\.json"):
        check_pdf(render(), expected | {"record.json": "0" * 64})
    with pytest.raises(RenditionIncomplete, match=r"other\.json"):
        check_pdf(render(), expected | {"other.json": "0" * 64})
    for junk in (b"", b"%PDF-1.7\n%%EOF", b"\0" * 1000, render()[:-400]):
        with pytest.raises(RenditionIncomplete):
            check_pdf(junk, expected)
        with pytest.raises(RenditionIncomplete):
            read_attachments(junk)


@pytest.mark.slow
def test_a_worker_that_renders_240_pages_grows_by_less_than_five_mebibytes(tmp_path: Path) -> None:
    script = tmp_path / "many.py"
    script.write_text(
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.records.test_pdf import render\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for _ in range(20): render()\n"
        "before = peak()\n"
        "for _ in range(240): render()\n"
        "print(peak() - before)\n"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, script, root], capture_output=True, check=True, text=True)
    assert int(done.stdout) <= 5 * 1024
