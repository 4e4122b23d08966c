"""What kind of file some bytes are, by their first bytes; the extension must agree.

Pure. Text kinds have no magic: they are taken by extension, and ``documents`` reads
them whole before they pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from records.errors_files import ArchiveNested, UploadEmpty, UploadTypeMismatch, UploadTypeNotAllowed
from records.uploads.names import show_name

#: How many bytes of a file are needed to know its kind.
HEAD_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that can be uploaded. ``pillow`` names its decoder, if it is a picture."""

    label: str
    media_type: str
    extensions: tuple[str, ...]
    pillow: str = ""


JPEG: Final = Kind("a JPEG picture", "image/jpeg", (".jpg", ".jpeg"), "JPEG")
PNG: Final = Kind("a PNG picture", "image/png", (".png",), "PNG")
WEBP: Final = Kind("a WebP picture", "image/webp", (".webp",), "WEBP")
TIFF: Final = Kind("a TIFF picture", "image/tiff", (".tif", ".tiff"), "TIFF")
BMP: Final = Kind("a BMP picture", "image/bmp", (".bmp",), "BMP")
PDF: Final = Kind("a PDF document", "application/pdf", (".pdf",))
CSV: Final = Kind("a CSV table", "text/csv", (".csv",))
JSON: Final = Kind("a JSON file", "application/json", (".json",))
XML: Final = Kind("an XML document", "application/xml", (".xml",))
ZIP: Final = Kind("a zip archive", "application/zip", (".zip",))

PICTURES: Final = (JPEG, PNG, WEBP, TIFF, BMP)
#: What a station's delivery may hold: photographs, its manifest and its signature.
DELIVERY_KINDS: Final = (*PICTURES, CSV, JSON)
#: What may be attached to a record as evidence.
EVIDENCE_KINDS: Final = (*PICTURES, PDF, CSV, JSON)

#: What a test tool reports its results in.
RESULT_KINDS: Final = (XML, JSON)

_TEXT_KINDS: Final = (CSV, JSON)
_UNKNOWN: Final = "of a kind that is not known here"
_MARKUP: Final = "an HTML, SVG or XML document"
_ARCHIVES: Final = (
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07",
    b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"MSCF",
)  # fmt: skip
_KNOWN_OTHERS: Final = (
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"II+\x00", "a BigTIFF picture"),
    (b"MM\x00+", "a BigTIFF picture"),
)


def identify(head: bytes, *, name: str, allowed: tuple[Kind, ...]) -> Kind:
    """Return a file's kind from its first bytes, if it is allowed and its extension agrees.

    Raises: UploadEmpty, ArchiveNested, UploadTypeNotAllowed, UploadTypeMismatch.
    """
    shown = show_name(name)
    if not head:
        raise UploadEmpty(name=shown)
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    kind = by_magic(head)
    if kind is None and head.startswith(_ARCHIVES):
        kind = ZIP
    if kind is ZIP and ZIP not in allowed:
        raise ArchiveNested(name=shown)
    if kind is None:
        kind = _text_kind(head, suffix)
    if kind is None or kind not in allowed:
        found = kind.label if kind else _describe(head)
        labels = ", ".join(allowed_kind.label.split(" ")[1] for allowed_kind in allowed)
        raise UploadTypeNotAllowed(name=shown, found=found, allowed=labels)
    if suffix not in kind.extensions:
        raise UploadTypeMismatch(name=shown, found=kind.label)
    return kind


def by_magic(head: bytes) -> Kind | None:
    """Return the kind whose signature these bytes begin with, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return TIFF
    if (
        head.startswith(b"BM")
        and head[6:10] == b"\0\0\0\0"
        and head[14:18] in {b"\x0c\0\0\0", b"(\0\0\0", b"l\0\0\0", b"|\0\0\0"}
    ):
        return BMP
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    return None


def _text_kind(head: bytes, suffix: str) -> Kind | None:
    """Return the text kind of an extension, unless the bytes begin like something else."""
    found = _describe(head)
    if found == _MARKUP and suffix in XML.extensions:
        return XML
    if found != _UNKNOWN:
        return None
    return next((kind for kind in _TEXT_KINDS if suffix in kind.extensions), None)


def _describe(head: bytes) -> str:
    for magic, description in _KNOWN_OTHERS:
        if head.startswith(magic):
            return description
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return _MARKUP
    return _UNKNOWN
