"""PDF/A-3u documents from HTML (ISO 19005-3), made without asking anyone for anything.

Owns the rendering core: one font configuration a process, a fetcher that knows only what it
was handed, attachments, and a structural check of the result. The template is the caller's.
The same input gives the same bytes, so that a rendition can be made again and compared.
Say "generated as PDF/A-3u": no validator ran. Pure: no Django. Serves: 21 CFR 11.10(b), 11.50(b).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import gc
import importlib.resources
import io
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import weasyprint
from PIL import ImageFile
from weasyprint.css import ColorProfile
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from records.digests import sha256_hex
from records.errors_content import AttachmentNameInvalid, RenditionFailed
from records.pdf_check import RELATIONSHIPS, check_pdf

# WeasyPrint makes Pillow accept truncated pictures, in the whole process. A damaged photograph
# of a unit must be refused, so this is taken back at once; a rendition brings whole pictures.
ImageFile.LOAD_TRUNCATED_IMAGES = False

OWN_SCHEME = "countersign:"
"""Begins the name of every resource that is handed over by value."""

_LOG = logging.getLogger(__name__)
_RENDERING = threading.Lock()
"""Pango and Fontconfig share one font map; two renderings at once would corrupt it."""

_IMAGE_DATA = re.compile(r"data:image/(png|jpeg|svg\+xml)[;,]", re.IGNORECASE)
_RGB = (["r"], ["g"], ["b"])
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

# The subsetter writes the time of subsetting into each font; this variable is how it is told another one.
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")

# The subsetter reports each table it leaves out; that is its normal work.
logging.getLogger("fontTools").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Resource:
    """A stylesheet's font or image, by value."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file carried inside the document. ``relationship`` is of ISO 32000-2, 7.11.3 (Source, Data, Supplement...)."""

    name: str
    data: bytes
    media_type: str
    relationship: str = "Supplement"
    description: str = ""


@dataclass(frozen=True, eq=False)
class Look:
    """The stylesheets of a kind of document and what they may load, parsed once a process.

    ``resources`` maps names such as ``countersign:fonts/body.woff2`` to their bytes.
    """

    stylesheets: tuple[str, ...] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    _parsed: dict[int, list[weasyprint.CSS]] = field(default_factory=dict, init=False, repr=False)

    def parse(self, fonts: FontConfiguration) -> list[weasyprint.CSS]:
        """Return the parsed stylesheets for this process; the caller holds the rendering lock."""
        process = os.getpid()
        if process not in self._parsed:
            fetcher = ClosedFetcher(self.resources)
            self._parsed.clear()
            self._parsed[process] = [
                weasyprint.CSS(string=sheet, base_url=OWN_SCHEME, url_fetcher=fetcher, font_config=fonts)
                for sheet in self.stylesheets
            ]
        return self._parsed[process]


PLAIN = Look()


class ClosedFetcher(URLFetcher):  # type: ignore[misc]  # the library carries no types
    """Answers for images in the document itself and for resources it was given; for nothing else.

    No file, no network, no redirect: what a person typed into a record can never make the
    renderer read or call anything.
    """

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False, timeout=1)
        self._resources = resources

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return a known resource. Raises: ValueError, which the renderer turns into a missing image."""
        own = self._resources.get(url)
        if own is not None:
            return URLFetcherResponse(url, own.data, {"Content-Type": own.media_type})
        if _IMAGE_DATA.match(url):
            return super().fetch(url, headers)
        _LOG.warning("a document asked for %.80r, which is not given to documents", url)
        raise ValueError("not given to documents")


def render_pdf(
    html: str,
    *,
    attachments: Sequence[EmbeddedFile] = (),
    identifier: str,
    created: dt.datetime,
    look: Look = PLAIN,
) -> bytes:
    """Render HTML as PDF/A-3u with embedded files; the same input gives the same bytes.

    ``identifier`` names the rendition for ever (number, version, round) and becomes the file
    identifier; ``created`` is the instant printed in its metadata.
    Serves: 21 CFR 11.10(b), 11.50(b).
    Raises: AttachmentNameInvalid; RenditionFailed; RenditionIncomplete.
    """
    _check_names(attachments)
    try:
        with _RENDERING, _pausing_collection():
            pdf = _render(html, attachments, identifier, created, look)
    except Exception as error:
        # The renderer raises whatever its parts raise; callers are told one thing.
        _LOG.exception("rendering of %s failed", identifier)
        raise RenditionFailed(problem=f"the renderer stopped with {type(error).__name__}") from error
    check_pdf(pdf, {one.name: sha256_hex(one.data) for one in attachments})
    return pdf


@contextlib.contextmanager
def _pausing_collection() -> Iterator[None]:
    """Keep the cycle collector from walking a growing document again and again, which frees nothing.

    The boxes of all pages live until the end of a rendering. Then one pass over what is young frees them, and
    costs nothing for whatever else the process holds.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
            gc.collect(0)


def _render(html: str, attachments: Sequence[EmbeddedFile], identifier: str, created: dt.datetime, look: Look) -> bytes:
    fonts = _fonts(os.getpid())
    # With a base of its own a relative address is one more unknown name, not an error of the stylesheet reader.
    source = weasyprint.HTML(string=html, base_url=OWN_SCHEME, url_fetcher=ClosedFetcher(look.resources))
    document = source.render(
        stylesheets=look.parse(fonts),
        font_config=fonts,
        color_profiles={"srgb": ColorProfile(io.BytesIO(_srgb()), "sRGB2014.icc", "relative-colorimetric", _RGB)},
        pdf_variant="pdf/a-3u",
    )
    moment = created.astimezone(dt.UTC).replace(microsecond=0)
    _settle_metadata(document, moment)
    for page in document.pages:
        page.links = [link for link in page.links if _is_harmless(link)]
    # Replaces whatever the HTML itself wanted to attach; names in a name tree are sorted (ISO 32000-1, 7.9.6).
    document.metadata.attachments = [_native(one, moment) for one in sorted(attachments, key=lambda one: one.name)]
    result: bytes = document.write_pdf(
        pdf_variant="pdf/a-3u",
        # The profile is already there; asked for by name, the library would open its file and leave it open.
        output_intent="given",
        pdf_identifier=sha256_hex(identifier.encode("utf-8"))[:32],
        finisher=_finish,
    )
    return result


def _settle_metadata(document: weasyprint.Document, moment: dt.datetime) -> None:
    metadata = document.metadata
    metadata.generator = "Countersign"
    metadata.created = metadata.modified = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata.custom = {}


def _is_harmless(link: tuple[object, ...]) -> bool:
    """Tell whether a link may stay: inside the document, or for a person to follow in a browser."""
    kind, target = link[0], str(link[1])
    return kind == "internal" or (kind == "external" and target.startswith(("https://", "http://", "mailto:")))


def _native(one: EmbeddedFile, moment: dt.datetime) -> weasyprint.Attachment:
    attachment = weasyprint.Attachment(
        string=one.data,
        name=one.name,
        description=one.description,
        created=moment,
        modified=moment,
        relationship=one.relationship,
        url_fetcher=ClosedFetcher({}),
    )
    # The media type is said outright; the library would guess it from this machine's tables.
    attachment.source = contextlib.nullcontext((io.BytesIO(one.data), None, None, one.media_type))
    return attachment


def _finish(_: weasyprint.Document, pdf: Any) -> None:
    # The renderer lists each embedded file twice among the associated files.
    if "AF" in pdf.catalog:
        listed = pdf.catalog["AF"]
        listed[:] = dict.fromkeys(listed)


@functools.lru_cache(maxsize=1)
def _fonts(process: int) -> FontConfiguration:
    """Return this process's one font configuration; a new one a document would cost 0.3 MB each."""
    return FontConfiguration()


@functools.lru_cache(maxsize=1)
def _srgb() -> bytes:
    """Return the colour profile that the renderer ships (ICC, sRGB 2014)."""
    return (importlib.resources.files("weasyprint.pdf") / "sRGB2014.icc").read_bytes()


def _check_names(attachments: Sequence[EmbeddedFile]) -> None:
    seen: set[str] = set()
    for one in attachments:
        if not _NAME.fullmatch(one.name) or ".." in one.name:
            raise AttachmentNameInvalid(name=one.name[:80], problem="use letters, digits, dots, dashes")
        if one.name.lower() in seen:
            raise AttachmentNameInvalid(name=one.name, problem="another file has the same name")
        if one.relationship not in RELATIONSHIPS:
            raise AttachmentNameInvalid(name=one.name, problem=f"{one.relationship} is no relationship of PDF")
        seen.add(one.name.lower())
