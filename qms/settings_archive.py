"""The settings of the write-once archive: a folder, or a bucket with Object Lock.

The key to the bucket is only in the environment of the sealer's process. Its absence refuses no
start, since every other process does without it; `records.archive.opening` refuses instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from qms import env
from qms.settings_keys import read_granted_secret

ARCHIVE_KINDS = ("folder", "s3")


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Where the archive is, how often it is written, and the key to it where this process has one. Units: seconds."""

    kind: str
    root: Path
    seconds: int
    endpoint: str = ""
    bucket: str = ""
    region: str = ""
    prefix: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


def read_archive(var: Path) -> ArchiveSettings:
    """Return the archive's settings.

    Raises: ImproperlyConfigured for an unknown kind, a missing bucket, half a key, and an object
    store on another machine that is spoken to without encryption.
    """
    kind = env.read_choice("ARCHIVE", "folder", choices=ARCHIVE_KINDS)
    root = Path(env.read_text("ARCHIVE_ROOT", str(var / "archive")))
    seconds = env.read_integer("ARCHIVE_SECONDS", 60, low=5, high=86_400)
    if kind == "folder":
        return ArchiveSettings(kind, root, seconds)
    bucket = env.read_text("S3_BUCKET", "")
    if not bucket:
        raise ImproperlyConfigured("ARCHIVE=s3 needs S3_BUCKET, the name of a bucket with Object Lock.")
    access_key, secret_key = ((read_granted_secret(name) or "").strip() for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY"))
    if bool(access_key) != bool(secret_key):
        raise ImproperlyConfigured("Set S3_ACCESS_KEY and S3_SECRET_KEY together, for the sealer's process alone.")
    return ArchiveSettings(
        kind,
        root,
        seconds,
        endpoint=read_endpoint("S3_ENDPOINT"),
        bucket=bucket,
        region=env.read_text("S3_REGION", "us-east-1"),
        prefix=env.read_text("ARCHIVE_PREFIX", "").strip("/"),
        access_key=access_key,
        secret_key=secret_key,
    )


def read_endpoint(name: str) -> str:
    """Return the object store's address, or nothing for the provider's own.

    Raises: ImproperlyConfigured for what is no address, carries a key or leaves this machine unencrypted.
    """
    address = env.read_text(name, "").rstrip("/")
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name} must be an address such as https://s3.example.com.")
    if parts.username or parts.password:
        raise ImproperlyConfigured(f"{name} must hold no key; use S3_ACCESS_KEY and S3_SECRET_KEY.")
    if parts.scheme == "http" and not env.is_loopback(parts.hostname):
        raise ImproperlyConfigured(f"{name} leaves this machine: write https://.")
    return address
