"""What a person typed into a record never makes the renderer read a file or call anyone.

A listener on the loopback counts calls; a file holds a random word that is looked for in
everything a document carries. The library's own fetcher must be caught by the same test.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import io
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pypdf
import pytest
import weasyprint
from weasyprint.urls import URLFetcher

from records import pdf as renderer
from records.errors_content import RenditionFailed
from records.pdf import Look, Resource, render_pdf

pytestmark = [pytest.mark.assurance("D5"), pytest.mark.clause("11.10(d)")]

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


@dataclass
class Canary:
    """A listener that counts, and a file with a word nobody else knows."""

    port: int
    file: Path
    word: str
    hits: list[str] = field(default_factory=list)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    word = f"canary-{secrets.token_hex(16)}"
    path = tmp_path / "canary.txt"
    path.write_text(word)
    found = Canary(0, path, word)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.hits.append(self.path)
            if self.path.startswith("/redirect"):
                self.send_response(302)
                self.send_header("Location", path.as_uri() if "file" in self.path else "/landed")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(word.encode())

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def url_forms(canary: Canary) -> list[str]:
    """Forty ways to name the canaries."""
    port, path = canary.port, canary.file
    web = f"127.0.0.1:{port}"
    return [
        path.as_uri(),
        f"file:{path}",
        f"file://localhost{path}",
        f"FILE://{path}",
        f"fIlE:///{path}",
        f"file://{path}?x=1",
        f"file://{path}#fragment",
        f"file://127.0.0.1{path}",
        f"file:////{path}",
        f"file://{str(path).replace('canary', '%63anary')}",
        f"file://{path.parent}/../{path.parent.name}/canary.txt",
        f"file:{path.parent}/",
        "file:///proc/self/environ",
        str(path),
        f"//{web}/scheme-relative",
        f"../../../../../../../..{path}",
        f"http://{web}/plain",
        f"HTTP://{web}/upper",
        f"http://localhost:{port}/name",
        f"http://user:secret@{web}/credentials",
        f"http://[::ffff:127.0.0.1]:{port}/mapped",
        f"http://[::1]:{port}/six",
        f"http://2130706433:{port}/decimal",
        f"http://0x7f000001:{port}/hexadecimal",
        f"http://0177.0.0.1:{port}/octal",
        f"http://127.1:{port}/short",
        f"http://0.0.0.0:{port}/any",
        f"http://{web}/redirect-file",
        f"http://{web}/redirect-http",
        f"http:/{web}/one-slash",
        f"http:\\\\{web}\\backslash",
        f" http://{web}/leading-space",
        f"http://{web}/tab\tinside",
        f"https://{web}/tls",
        f"ftp://{web}/ftp",
        f"gopher://{web}/gopher",
        f"jar:http://{web}/a.jar!/b",
        f"netdoc:{path}",
        f"data:text/html,<img src=http://{web}/data-html>",
        f"data:text/css,@import url(http://{web}/data-css)",
        f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='http://{web}/svg'/></svg>",
        f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{path.as_uri()}'/></svg>",
        f"url:{path}",
        f"local_file://{path}",
        f"countersign:../{path}",
    ]


PLACES = {
    "image": '<img src="{}">',
    "image with a base": '<base href="{}"><img src="">',
    "stylesheet": '<link rel="stylesheet" href="{}">',
    "attachment of the document": '<link rel="attachment" href="{}">',
    "attachment in the text": '<a rel="attachment" href="{}">x</a>',
    "object": '<object data="{}"></object>',
    "embed": '<embed src="{}">',
    "frame": '<iframe src="{}"></iframe>',
    "background": "<style>p {{ background: url('{}') }}</style><p>x</p>",
    "import": "<style>@import url('{}');</style>",
    "font": "<style>@font-face {{ font-family: z; src: url('{}') }} p {{ font-family: z }}</style><p>x</p>",
    "content": "<style>p::before {{ content: url('{}') }}</style><p>x</p>",
    "list mark": "<style>li {{ list-style-image: url('{}') }}</style><ul><li>x</ul>",
    "colour profile": "<style>@color-profile --p {{ src: url('{}') }} p {{ color: color(--p 1 0 0) }}</style><p>x</p>",
    "drawing": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{}" width="9" height="9"/></svg>',
    "drawing by reference": '<svg xmlns="http://www.w3.org/2000/svg"><use href="{}#a"/></svg>',
    "drawing with entity": "<img src=\"data:image/svg+xml,<!DOCTYPE s [<!ENTITY e SYSTEM '{}'>]><svg>&amp;e;</svg>\">",
    "attribute style": "<p style=\"background: url('{}')\">x</p>",
    "form": '<form action="{0}"><input type="image" src="{0}"></form>',
    "link": '<a href="{}">x</a>',
    "meta refresh": '<meta http-equiv="refresh" content="0; url={}">',
    "text": "{}",
}


def pages(canary: Canary) -> list[tuple[str, str]]:
    return [
        (f"{place}: {url}", template.format(html.escape(url)))
        for place, template in PLACES.items()
        for url in url_forms(canary)
    ]


def everything_in(pdf: bytes) -> bytes:
    """Return all bytes of a document, streams unpacked, embedded files included."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    parts = [pdf]
    for number in range(1, len(reader.xref[0]) + len(reader.xref_objStm) + 50):
        found = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader)) if _has(reader, number) else None
        if isinstance(found, pypdf.generic.StreamObject):
            parts.append(found.get_data())
    return b"\n".join(parts)


def _has(reader: pypdf.PdfReader, number: int) -> bool:
    return number in reader.xref.get(0, {}) or number in reader.xref_objStm


class Guard:
    """Counts every attempt to open a connection or to look up a name."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.attempts: list[object] = []

        def refuse(*arguments: object, **_: object) -> None:
            self.attempts.append(arguments[-1:])
            raise OSError("no connections in this test")

        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket, "create_connection", refuse)


def assert_closed(canary: Canary, guard: Guard, documents: list[tuple[str, str]]) -> None:
    leaks = []
    for name, page in documents:
        # As text that a template escapes it renders; as markup, should a template ever fail to
        # escape it, it may also be refused, but neither leaks.
        made = [render_pdf(f"<p>{html.escape(page)}</p>", identifier=name, created=AT)]
        with contextlib.suppress(RenditionFailed):
            made.append(render_pdf(f"<p>start</p>{page}", identifier=name, created=AT))
        leaks += [name for pdf in made if canary.word.encode() in everything_in(pdf)]
    assert leaks == []
    assert canary.hits == []
    assert guard.attempts == []


def test_no_form_of_address_in_any_place_is_ever_fetched(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = [html.escape(url) for url in url_forms(canary)]
    assert len(forms) >= 40
    together = [(place, "\n".join(template.format(url) for url in forms)) for place, template in PLACES.items()]
    assert_closed(canary, Guard(monkeypatch), together)


@pytest.mark.slow
def test_no_form_of_address_alone_in_any_place_is_ever_fetched(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = pages(canary)
    assert len(documents) == len(PLACES) * len(url_forms(canary)) >= 800
    assert_closed(canary, Guard(monkeypatch), documents)


def test_negative_control_the_default_fetcher_leaks_file_and_call(canary: Canary) -> None:
    leaked = set()
    for place in ("attachment of the document", "attachment in the text", "image"):
        for url in (canary.file.as_uri(), f"http://127.0.0.1:{canary.port}/plain"):
            page = PLACES[place].format(html.escape(url))
            source = weasyprint.HTML(string=page, url_fetcher=URLFetcher(timeout=2))
            if canary.word.encode() in everything_in(source.write_pdf()):
                leaked.add((place, url.split(":")[0]))
    assert ("attachment of the document", "file") in leaked
    assert ("attachment of the document", "http") in leaked
    assert canary.hits


def test_negative_control_the_guard_sees_a_connection(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(monkeypatch)
    source = weasyprint.HTML(string=f"<img src='http://127.0.0.1:{canary.port}/x'>", url_fetcher=URLFetcher(timeout=2))
    source.write_pdf()
    assert guard.attempts
    assert canary.hits == []


def test_a_resource_is_known_only_by_its_full_name() -> None:
    fetcher = renderer.ClosedFetcher({"countersign:a.css": Resource(b"p {}", "text/css")})
    assert fetcher.fetch("countersign:a.css").read() == b"p {}"
    for url in ("countersign:b.css", "countersign:", "countersign:a.css?x", "COUNTERSIGN:a.css", "a.css"):
        with pytest.raises(ValueError, match="not given"):
            fetcher.fetch(url)


@pytest.mark.parametrize("kind", ["text/html", "text/css", "font/woff2", "image/gif", "application/pdf", ""])
def test_data_addresses_carry_only_plain_images(kind: str) -> None:
    with pytest.raises(ValueError, match="not given"):
        renderer.ClosedFetcher({}).fetch(f"data:{kind},x")


def test_a_font_smuggled_into_one_document_does_not_show_in_the_next() -> None:
    style = "<style>@font-face { font-family: 'DejaVu Sans'; src: url(data:font/ttf;base64,AAEAAAAA) }</style>"
    before = render_pdf("<p>x</p>", identifier="a", created=AT)
    render_pdf(f"{style}<p>x</p>", identifier="b", created=AT)
    assert render_pdf("<p>x</p>", identifier="a", created=AT) == before


def test_a_stylesheet_reaches_only_what_it_was_handed(canary: Canary) -> None:
    sheet = f"@import url(http://127.0.0.1:{canary.port}/sheet); body {{ background: url({canary.file.as_uri()}) }}"
    pdf = render_pdf("<p>x</p>", identifier="c", created=AT, look=Look(stylesheets=(sheet,)))
    assert canary.hits == []
    assert canary.word.encode() not in everything_in(pdf)
