"""Hostile PDFs, tables and JSON files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.assets.hostile_uploads.case import NEUTRALISED, Case

HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PAGES = (
    b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
    b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n"
)


def pdf(*objects: bytes, catalog: bytes = b"", trailer: bytes = b"") -> bytes:
    """Return a small PDF; readers rebuild its missing cross-reference table."""
    root = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>\nendobj\n"
    return HEAD + root + PAGES + b"".join(objects) + b"trailer\n<< /Root 1 0 R " + trailer + b" >>\n%%EOF\n"


def stream(head: bytes, body: bytes, number: int = 9) -> bytes:
    """Return one stream object."""
    size = str(len(body)).encode()
    return (
        str(number).encode()
        + b" 0 obj\n<< "
        + head
        + b" /Length "
        + size
        + b" >>\nstream\n"
        + body
        + b"\nendstream\nendobj\n"
    )


def packed(
    body: bytes, *, head: bytes = b"/Type /ObjStm /N 1 /First 4", filters: bytes = b"/Filter /FlateDecode"
) -> bytes:
    """Return an object stream."""
    return stream(head + b" " + filters, zlib.compress(b"8 0 " + body))


SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def active_pdfs() -> Iterator[Case]:
    acts = {
        "script": SCRIPT,
        "script-in-escapes": SCRIPT.replace(b"/JavaScript", b"/J#61vaScr#69pt"),
        "script-all-escapes": b"<< /S /" + b"".join(b"#%02x" % byte for byte in b"JavaScript") + b" /JS 9 0 R >>",
        "launch": b"<< /S /Launch /F (cmd.exe) >>",
        "launch-in-escapes": b"<< /S /Laun#63h /F (cmd.exe) >>",
        "submit": b"<< /S /SubmitForm /F (http://192.0.2.1/) >>",
        "import": b"<< /S /ImportData /F (x.fdf) >>",
        "go-to-embedded": b"<< /S /GoToE /T << >> >>",
        "rendition-script": b"<< /S /Rendition /JS (app.alert\\(1\\)) >>",
    }
    for label, act in acts.items():
        for place in (b"/OpenAction ", b"/AA << /WC ", b"/Names << /JS "):
            close = b" >>" if b"<<" in place else b""
            case = f"pdf-{label}-{place.split()[0][1:].decode()}"
            yield Case(case, "file", "protocol.pdf", pdf(catalog=place + act + close), "document_active")
        content = pdf(packed(act), catalog=b"/OpenAction 8 0 R")
        yield Case(f"pdf-{label}-packed", "file", "protocol.pdf", content, "document_active")
    others = {
        "embedded-file": b"/Names << /EmbeddedFiles << /Names [(a.exe) 9 0 R] >> >>",
        "rich-media": b"/Annots [<< /Subtype /RichMedia /RichMediaContent 9 0 R >>]",
        "xfa": b"/AcroForm << /XFA 9 0 R >>",
        "xfa-array": b"/AcroForm << /XFA[(template) 9 0 R] >>",
    }
    for label, catalog in others.items():
        yield Case(f"pdf-{label}", "file", "protocol.pdf", pdf(catalog=catalog), "document_active")
        yield Case(
            f"pdf-{label}-packed", "file", "protocol.pdf", pdf(packed(b"<< " + catalog + b" >>")), "document_active"
        )


def hiding_pdfs() -> Iterator[Case]:
    damaged = "document_damaged"
    hidden = {
        "hex-over-flate": packed(SCRIPT, filters=b"/Filter [/ASCIIHexDecode /FlateDecode]"),
        "predictor": packed(SCRIPT, filters=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"),
        "lzw": packed(SCRIPT, filters=b"/Filter /LZWDecode"),
        "filter-by-reference": packed(SCRIPT, filters=b"/Filter 7 0 R"),
        "type-in-escapes": packed(SCRIPT, head=b"/Type /Obj#53tm /N 1 /First 4", filters=b"/Filter /LZWDecode"),
        "no-type": packed(SCRIPT, head=b"/Type 7 0 R /N 1 /First 4", filters=b"/Filter /LZWDecode"),
        "cut": stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(SCRIPT * 9)[:-9]),
        "not-flate": stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", b"not packed"),
        "padded-head": packed(SCRIPT, head=b"%" + b"x" * 20_000 + b"\n/Type /ObjStm /N 1 /First 4"),
        "bomb": stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(bytes(200_000_000))),
        "many-bombs": stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(bytes(5_000_000))) * 30,
        "30000-streams": stream(b"", b"") * 30_000,
    }
    for label, part in hidden.items():
        yield Case(f"pdf-hides-{label}", "file", "protocol.pdf", pdf(part, catalog=b"/OpenAction 8 0 R"), damaged)
    yield Case("pdf-encrypted", "file", "protocol.pdf", pdf(trailer=b"/Encrypt 9 0 R"), "document_encrypted")
    yield Case("pdf-encrypted-escapes", "file", "protocol.pdf", pdf(trailer=b"/Encr#79pt 9 0 R"), "document_encrypted")
    yield Case("pdf-without-end", "file", "protocol.pdf", pdf()[:-6], damaged)
    yield Case("pdf-then-zip", "file", "protocol.pdf", pdf() + b"PK\x03\x04" + bytes(40), "trailing_data")
    yield Case("pdf-then-html", "file", "protocol.pdf", pdf() + b"<html><script>alert(1)</script>", "trailing_data")
    yield Case("pdf-after-junk", "file", "protocol.pdf", b"GIF89a junk\n" + pdf(), "type_not_allowed")
    yield Case("pdf-after-html", "file", "protocol.pdf", b"<!--" + pdf() + b"-->", "type_not_allowed")
    yield Case("pdf-as-picture", "file", "vial.jpg", pdf(), "type_mismatch")


def texts() -> Iterator[Case]:
    damaged = "document_damaged"
    tables = {
        "nul": b"a,b\n1,\0\n",
        "escape-codes": b"a,b\n\x1b[2J,1\n",
        "latin-1": b"a,\xe9\n" * 9,
        "utf-16": "a,b\n".encode("utf-16"),
        "cut-utf-8": b"a,\xc3",
        "endless-line": b"a" * 4_000_000,
        "html-below": b"a,b\n" + b"\x07<script>",
        "form-feed": b"a\x0cb\n",
    }
    for label, content in tables.items():
        yield Case(f"csv-{label}", "file", "manifest.csv", content, damaged)
    yield Case("csv-6-megabytes", "file", "manifest.csv", b"a,b\n" * 1_500_000, "too_large")
    yield Case("csv-formula", "file", "manifest.csv", b'name\n=HYPERLINK("http://192.0.2.1","x")\n', NEUTRALISED)
    values = {
        "deep-lists": b"[" * 2_000_000,
        "deep-objects": b'{"a":' * 500_000,
        "nan": b'{"a": NaN}',
        "infinity": b"[-Infinity]",
        "long-number": b"[" + b"9" * 100_000 + b"]",
        "two-values": b"{}{}",
        "cut": b'{"a": [1, 2',
        "latin-1": b'{"a": "\xe9"}',
        "comment": b"/* {} */ {}",
    }
    for label, content in values.items():
        yield Case(f"json-{label}", "file", "run.json", content, damaged)
    yield Case("json-6-megabytes", "file", "run.json", b"[" + b"1," * 3_000_000 + b"1]", "too_large")


def all_documents() -> Iterator[Case]:
    for group in (active_pdfs, hiding_pdfs, texts):
        yield from group()
