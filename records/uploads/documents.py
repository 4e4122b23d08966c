"""PDF, CSV and JSON: read whole before they pass; active or hidden content is refused.

A PDF is not executed, rendered or repaired here: its bytes are searched for the names
that make it act (script, launching, embedded files, forms that send), also where they
are written with escapes or packed into object streams. What cannot be looked into
(encryption, unusual packing) is refused. Pure of Django.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from typing import IO, Final, NoReturn

from records.errors_files import DocumentActive, DocumentDamaged, DocumentEncrypted, UploadTrailingData

MAX_PDF_STREAMS: Final = 20_000
MAX_UNPACKED: Final = 32_000_000
MAX_LINE: Final = 100_000

_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
#: How far before the word "stream" its dictionary must begin. Units: bytes.
_DICTIONARY_WINDOW: Final = 16_384
_ACTIVE: Final = (
    (re.compile(rb"/(JavaScript|Rendition)\b"), "a script"),
    (re.compile(rb"/Launch\b"), "a command that starts programs"),
    (re.compile(rb"/(EmbeddedFiles?|GoToE)\b"), "embedded files"),
    (re.compile(rb"/RichMedia"), "embedded media"),
    (re.compile(rb"/(SubmitForm|ImportData)\b"), "a form that sends data"),
    (re.compile(rb"/XFA\s*[\[<(\d]"), "an active form"),
)
#: The only packing of object streams that is looked into.
_PLAIN_FLATE: Final = re.compile(rb"/Filter\s*(/FlateDecode|\[\s*/FlateDecode\s*\])")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def check_pdf(handle: IO[bytes], *, name: str) -> None:
    """Refuse a PDF that acts, hides or is followed by something else.

    Raises: DocumentActive, DocumentEncrypted, DocumentDamaged, UploadTrailingData.
    """
    handle.seek(0)
    raw = handle.read()
    end = raw.rfind(b"%%EOF")
    if end < 0:
        raise DocumentDamaged(name=name, why="its end is missing")
    if raw[end + 5 :].strip(b"\0\t\n\f\r "):
        raise UploadTrailingData(name=name, what="the document")
    plain = _unescape(raw)
    _refuse_active(plain, name)
    if b"/Encrypt" in plain:
        raise DocumentEncrypted(name=name)
    del plain
    for unpacked in _object_streams(raw, name):
        _refuse_active(_unescape(unpacked), name)


def check_csv(handle: IO[bytes], *, name: str) -> None:
    """Refuse a table that is not plain UTF-8 text. Raises: DocumentDamaged."""
    handle.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line = 0
    try:
        while chunk := handle.read(1 << 16):
            line = _check_text(decoder.decode(chunk), line, name)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DocumentDamaged(name=name, why="it is not UTF-8 text") from error


def check_json(handle: IO[bytes], *, name: str) -> None:
    """Refuse a file that is not one strict JSON value. Raises: DocumentDamaged."""
    handle.seek(0)
    try:
        json.loads(handle.read().decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DocumentDamaged(name=name, why="it is not valid JSON") from error


def _refuse_constant(text: str) -> NoReturn:
    message = f"{text} is not JSON"
    raise ValueError(message)


def _check_text(text: str, line: int, name: str) -> int:
    """Check a piece of text; return the length of its unfinished last line."""
    if _CONTROLS.search(text):
        raise DocumentDamaged(name=name, why="it holds control characters")
    pieces = re.split(r"[\r\n]", text)
    lengths = [line + len(pieces[0]), *map(len, pieces[1:])]
    if max(lengths) > MAX_LINE:
        raise DocumentDamaged(name=name, why=f"a line is longer than {MAX_LINE} characters")
    return lengths[-1]


def _unescape(content: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), content) if b"#" in content else content


def _refuse_active(content: bytes, name: str) -> None:
    for pattern, what in _ACTIVE:
        if pattern.search(content):
            raise DocumentActive(name=name, what=what)


def _object_streams(content: bytes, name: str) -> Iterator[bytes]:
    """Yield what is packed in object streams; refuse those that cannot be looked into."""
    budget = MAX_UNPACKED
    for count, found in enumerate(_STREAM.finditer(content)):
        if count > MAX_PDF_STREAMS:
            raise DocumentDamaged(name=name, why="it has too many parts")
        start = content.rfind(b"obj", max(0, found.start() - _DICTIONARY_WINDOW), found.start())
        if start < 0:
            raise DocumentDamaged(name=name, why="a part of it has no readable head")
        head = _unescape(content[start : found.start()])
        if not _is_object_stream(head) or b"/Filter" not in head:
            continue  # what is not packed was searched already
        if b"/DecodeParms" in head or not _PLAIN_FLATE.search(head):
            raise DocumentDamaged(name=name, why="a part of it is packed in an unusual way")
        end = content.find(b"endstream", found.end())
        unpacked = _inflate(content[found.end() : end if end >= 0 else len(content)], budget, name)
        budget -= len(unpacked)
        yield unpacked


def _is_object_stream(head: bytes) -> bool:
    return b"/ObjStm" in head or (b"/First" in head and b"/N" in head)


def _inflate(packed: bytes, budget: int, name: str) -> bytes:
    inflater = zlib.decompressobj()
    try:
        unpacked = inflater.decompress(packed, budget + 1)
    except zlib.error as error:
        raise DocumentDamaged(name=name, why="a packed part of it is damaged") from error
    if len(unpacked) > budget:
        raise DocumentDamaged(name=name, why="its packed parts are too large")
    if not inflater.eof:
        raise DocumentDamaged(name=name, why="a packed part of it is incomplete")
    return unpacked
