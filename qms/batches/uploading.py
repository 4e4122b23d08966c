"""Uploaded files go straight to disk, one open file at a time, and are gone when the request ends.

Django keeps small files in memory and one open descriptor for each large one; a lot is
thousands of files. Serves: no clause; keeps a hostile or huge upload from stopping the site.
"""

from __future__ import annotations

import functools
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_protect

from qms.batches.errors_imports import UploadTooLarge
from records.uploads.limits import DEFAULT_LIMITS

View = Callable[..., HttpResponse]
#: Beside the files themselves: a zip's own directory, form fields.
SPARE_BYTES = 10_000_000
FOLDER = "quarantine"


class DiskFile(UploadedFile[bytes]):
    """One uploaded file on disk, read once from its beginning, open only while it is read."""

    def __init__(self, path: Path, *, name: str, size: int, content_type: str) -> None:
        super().__init__(file=None, name=name, content_type=content_type, size=size)
        self.path = path
        self._handle: BinaryIO | None = None
        self._is_over = False

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, and none at the end, where the file is closed for good."""
        if self._is_over:
            return b""
        if self._handle is None:
            self._handle = self.path.open("rb")
        content = self._handle.read(size)
        if not content or size < 0:
            self._is_over = True
            self.close()
        return content

    def close(self) -> None:
        """Close the file; the folder goes with the request."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class DiskUploadHandler(FileUploadHandler):
    """Writes each uploaded file below one folder of the request, and counts all bytes."""

    def __init__(self, request: HttpRequest, folder: Path) -> None:
        super().__init__(request)
        self.folder = folder
        self.file: BinaryIO | None = None
        self._received = 0
        self._number = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open the next file's place."""
        super().new_file(*args, **kwargs)
        self._number += 1
        self.file = open(self.folder / str(self._number), "xb", opener=_private)  # noqa: SIM115 closed in file_complete

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a chunk. Raises: `UploadTooLarge`."""
        self._received += len(raw_data)
        if self._received > DEFAULT_LIMITS.max_delivery_bytes + SPARE_BYTES:
            raise UploadTooLarge(max_megabytes=DEFAULT_LIMITS.max_delivery_bytes // 1_000_000)
        if self.file is not None:
            self.file.write(raw_data)

    def close(self) -> None:
        """Close the file that an upload broke off in."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def file_complete(self, file_size: int) -> DiskFile | None:
        """Close the file and hand it on."""
        if self.file is None:
            return None
        path = Path(self.file.name)
        self.file.close()
        self.file = None
        return DiskFile(path, name=self.file_name or "", size=file_size, content_type=self.content_type or "")


def checked_after_handlers(view: View) -> View:
    """Give a view's uploads a folder of their own, then check its form token; the view is csrf-exempt outside.

    The token is in the form's body, so reading it reads the files: they need their place first.
    """
    guarded = csrf_protect(view)

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return guarded(request, *args, **kwargs)
        folder = Path(settings.VAR) / FOLDER / f"incoming-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700, parents=True)
        handler = DiskUploadHandler(request, folder)
        try:
            request.upload_handlers = [handler]
            return guarded(request, *args, **kwargs)
        finally:
            handler.close()
            shutil.rmtree(folder, ignore_errors=True)

    return wrapped


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
