"""The one check that every uploaded file passes, whatever page or station sent it.

Owns the order: size, first bytes, extension, then the whole content by kind. What a
file is called never decides what it is. Pure of Django.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO

from records.errors_files import UploadTooLarge
from records.uploads.documents import check_csv, check_json, check_pdf
from records.uploads.images import check_image
from records.uploads.kinds import CSV, EVIDENCE_KINDS, HEAD_BYTES, JSON, PDF, XML, Kind, identify
from records.uploads.limits import DEFAULT_LIMITS, Limits
from records.uploads.markup import check_xml
from records.uploads.names import check_name, show_name


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What a file was found to be. Units: bytes; pixels, 0 where it is no picture."""

    name: str
    kind: Kind
    size: int
    width: int = 0
    height: int = 0


def check_file(
    handle: IO[bytes],
    *,
    name: str,
    allowed: tuple[Kind, ...] = EVIDENCE_KINDS,
    limits: Limits = DEFAULT_LIMITS,
) -> CheckedFile:
    """Check one seekable file and return what it is.

    Serves: 21 CFR 11.10(a), 11.10(h). Raises: a named refusal of ``errors_files``,
    whose text names the file.
    """
    clean = check_name(name)
    shown = show_name(clean)
    handle.seek(0)
    kind = identify(handle.read(HEAD_BYTES), name=clean, allowed=allowed)
    size = handle.seek(0, io.SEEK_END)
    maximum = limits.max_text_bytes if kind in {CSV, JSON, XML} else limits.max_file_bytes
    if size > maximum:
        raise UploadTooLarge(name=shown, max_megabytes=f"{maximum / 1e6:g}")
    if kind.pillow:
        width, height = check_image(handle, kind=kind, name=shown, limits=limits)
        return CheckedFile(clean, kind, size, width, height)
    if kind is PDF:
        check_pdf(handle, name=shown)
    elif kind is CSV:
        check_csv(handle, name=shown)
    elif kind is JSON:
        check_json(handle, name=shown)
    elif kind is XML:
        check_xml(handle, name=shown)
    return CheckedFile(clean, kind, size)
