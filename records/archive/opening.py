"""The installation's archive, made from the settings; only the sealer's process opens it for writing."""

from __future__ import annotations

from django.conf import settings

from records.archive.errors import ArchiveKeyMissing
from records.archive.folder import FolderArchive
from records.archive.interface import Archive
from records.archive.s3 import S3Archive, S3Place


def open_archive() -> Archive:
    """Return the archive of this installation, after making sure that it is write-once.

    Raises: ArchiveKeyMissing in a process without the key, ArchiveNotWriteOnce, ArchiveBucketMissing,
    ArchiveKeyRefused, ArchiveUnavailable.
    """
    wanted = settings.ARCHIVE
    archive: Archive
    if wanted.kind == "folder":
        archive = FolderArchive(wanted.root)
    elif not wanted.access_key:
        raise ArchiveKeyMissing
    else:
        archive = S3Archive(
            S3Place(
                bucket=wanted.bucket,
                region=wanted.region,
                access_key=wanted.access_key,
                secret_key=wanted.secret_key,
                endpoint=wanted.endpoint,
                prefix=wanted.prefix,
            )
        )
    archive.check_ready()
    return archive
