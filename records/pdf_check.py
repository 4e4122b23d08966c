"""The structural check of a PDF/A-3u document, and the reading of what it carries.

Owns what must be there before a document is given out. It is a check of structure, not a
validation of the standard: that needs a validator of its own. Pure: no Django.
Serves: 21 CFR 11.10(b).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from records.digests import sha256_hex
from records.errors_content import RenditionIncomplete

RELATIONSHIPS = frozenset({"Source", "Data", "Alternative", "Supplement", "Unspecified"})
"""ISO 19005-3, 6.8."""

_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_FORBIDDEN_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/ImportData", "/ResetForm", "/Sound", "/Movie", "/Rendition"}
)
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


def check_pdf(pdf: bytes, attachments: Mapping[str, str]) -> None:
    """Check a document that is about to be given out; ``attachments`` maps names to SHA-256.

    (1) it opens without a password; (2) it calls itself PDF/A-3u; (3) it carries its colour
    profile; (4) exactly the expected files are embedded, whole and declared; (5) nothing in
    it acts by itself; (6) every font is embedded and maps to text.
    Raises: RenditionIncomplete with the first thing that is wrong.
    """
    # (1) Opens.
    reader = _open(pdf)
    root = reader.root_object
    # (2) PDF/A identification (ISO 19005-3, 6.6.4).
    if _pdfa_claim(root) != ("3", "U"):
        raise RenditionIncomplete(problem="it does not call itself PDF/A-3u")
    # (3) Output intent with an ICC profile (6.2.3).
    if not _has_output_intent(root):
        raise RenditionIncomplete(problem="it carries no colour profile")
    # (4) Embedded files (6.8).
    _check_attachments(root, attachments)
    # (5) Actions (6.5.1, 6.6.1).
    for action in _actions(reader):
        raise RenditionIncomplete(problem=f"it holds an action {action}")
    # (6) Fonts (6.2.11).
    for name in _unembedded_fonts(reader):
        raise RenditionIncomplete(problem=f"the font {name} is not embedded or cannot be read back as text")


def read_attachments(pdf: bytes) -> dict[str, bytes]:
    """Return the files embedded in a document by name. Raises: RenditionIncomplete when it cannot be read."""
    try:
        return {name: data for name, _, data in _embedded(_open(pdf).root_object)}
    except RenditionIncomplete:
        raise
    except Exception as error:  # noqa: BLE001 - the reader raises whatever a damaged file makes its parts raise
        raise RenditionIncomplete(problem=f"its files cannot be read ({type(error).__name__})") from None


def _open(pdf: bytes) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(io.BytesIO(pdf), strict=True)
        if reader.is_encrypted or not len(reader.pages):
            raise RenditionIncomplete(problem="it is encrypted or has no pages")
    except RenditionIncomplete:
        raise
    except Exception as error:  # noqa: BLE001 - the reader raises whatever a damaged file makes its parts raise
        raise RenditionIncomplete(problem=f"it cannot be opened ({type(error).__name__})") from None
    return reader


def _pdfa_claim(root: DictionaryObject) -> tuple[str, str]:
    metadata = root.get("/Metadata")
    if not isinstance(stream := _resolve(metadata), StreamObject):
        return "", ""
    tree = ElementTree.fromstring(stream.get_data())  # noqa: S314 - our own rendition, made a moment ago
    for element in tree.iter():
        if part := element.get(f"{_PDFAID}part"):
            return part, element.get(f"{_PDFAID}conformance", "")
    return "", ""


def _has_output_intent(root: DictionaryObject) -> bool:
    for intent in _items(root.get("/OutputIntents")):
        if isinstance(intent, DictionaryObject) and intent.get("/S") == "/GTS_PDFA1":
            return isinstance(_resolve(intent.get("/DestOutputProfile")), StreamObject)
    return False


def _check_attachments(root: DictionaryObject, expected: Mapping[str, str]) -> None:
    found = {name: sha256_hex(data) for name, _, data in _embedded(root)}
    if found != dict(expected):
        odd = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise RenditionIncomplete(problem=f"embedded files are missing, altered or unexpected: {', '.join(odd)}")
    associated = [str(spec.get("/UF")) for spec in _items(root.get("/AF")) if isinstance(spec, DictionaryObject)]
    if sorted(associated) != sorted(expected):
        raise RenditionIncomplete(problem="not every embedded file is declared as associated, once")
    for name, spec, _ in _embedded(root):
        if str(spec.get("/AFRelationship", ""))[1:] not in RELATIONSHIPS:
            raise RenditionIncomplete(problem=f"the relationship of {name} is not stated")


def _embedded(root: DictionaryObject) -> Iterator[tuple[str, DictionaryObject, bytes]]:
    names = _resolve(root.get("/Names"))
    tree = _resolve(names.get("/EmbeddedFiles")) if isinstance(names, DictionaryObject) else None
    if not isinstance(tree, DictionaryObject):
        return
    for spec in list(_items(tree.get("/Names")))[1::2]:
        if isinstance(spec, DictionaryObject):
            files = _resolve(spec.get("/EF"))
            stream = _resolve(files.get("/F")) if isinstance(files, DictionaryObject) else None
            if isinstance(stream, StreamObject):
                yield str(spec.get("/UF", spec.get("/F"))), spec, stream.get_data()


def _actions(reader: pypdf.PdfReader) -> Iterator[str]:
    root = reader.root_object
    names = _resolve(root.get("/Names"))
    yield from (key for key in ("/OpenAction", "/AA") if key in root)
    if isinstance(names, DictionaryObject) and "/JavaScript" in names:
        yield "/JavaScript"
    for page in reader.pages:
        if "/AA" in page:
            yield "/AA"
        for annotation in _items(page.get("/Annots")):
            action = _resolve(annotation.get("/A")) if isinstance(annotation, DictionaryObject) else None
            if isinstance(action, DictionaryObject) and action.get("/S") in _FORBIDDEN_ACTIONS:
                yield str(action["/S"])


def _unembedded_fonts(reader: pypdf.PdfReader) -> Iterator[str]:
    seen: set[str] = set()
    for page in reader.pages:
        resources = _resolve(page.get("/Resources"))
        fonts = _resolve(resources.get("/Font")) if isinstance(resources, DictionaryObject) else None
        for font in (_resolve(one) for one in fonts.values()) if isinstance(fonts, DictionaryObject) else ():
            if not isinstance(font, DictionaryObject) or (name := str(font.get("/BaseFont"))) in seen:
                continue
            seen.add(name)
            descendants = [font, *_items(font.get("/DescendantFonts"))]
            descriptors = [
                _resolve(one.get("/FontDescriptor")) for one in descendants if isinstance(one, DictionaryObject)
            ]
            has_file = any(
                isinstance(one, DictionaryObject) and any(key in one for key in _FONT_FILES) for one in descriptors
            )
            if not (has_file and "/ToUnicode" in font):
                yield name


def _items(value: object) -> Iterator[object]:
    resolved = _resolve(value)
    if isinstance(resolved, ArrayObject):
        yield from (_resolve(one) for one in resolved)


def _resolve(value: object) -> object:
    return value.get_object() if isinstance(value, IndirectObject) else value
