"""The archive in an object store with Object Lock: compliance mode, one retention per object.

The bucket is versioned, as Object Lock demands: an overwrite adds a version and a deletion adds a
mark, neither of which removes anything. So what was archived under a name is its *first* version,
and only that is read; later ones are faults. Writes are conditional (``If-None-Match: *``) and the
first version is looked up again after each, for stores that do not know the condition.

Pure of Django; the client holds the key, which only the sealer's process has.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from records.archive.errors import (
    ArchiveBucketMissing,
    ArchiveFull,
    ArchiveKeyRefused,
    ArchiveNameTaken,
    ArchiveNotWriteOnce,
    ArchiveObjectAltered,
    ArchiveObjectMissing,
    ArchiveUnavailable,
)
from records.archive.interface import (
    ArchiveFault,
    StoredObject,
    check_name,
    check_prefix,
    check_retention,
    may_extend,
)

MODE: Final = "COMPLIANCE"  # nobody shortens it, not even the account's root
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30
ATTEMPTS: Final = 4  # in all, with growing pauses; every call here may be repeated
PAGE: Final = 1000

_NOT_LOCKED: Final = frozenset({"ObjectLockConfigurationNotFoundError", "InvalidRequest"})
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_KEY: Final = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AccountProblem", "403"}
)
_FULL: Final = frozenset({"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"})


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where the bucket is and the key to it; the key never shows in a message."""

    bucket: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    endpoint: str = ""  # empty: the region's own address
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    name: str
    is_mark: bool


class S3Archive:
    """The archive in one bucket, below one prefix."""

    def __init__(self, place: S3Place, *, page: int = PAGE) -> None:
        self.place = place
        self._page = page
        self._prefix = f"{place.prefix.strip('/')}/" if place.prefix.strip("/") else ""
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=place.endpoint or None,
            region_name=place.region,
            aws_access_key_id=place.access_key,
            aws_secret_access_key=place.secret_key,
            config=Config(
                s3={"addressing_style": "path" if place.endpoint else "auto"},
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
            ),
        )

    def check_ready(self) -> None:
        """Make sure that the bucket has Object Lock and keeps versions."""
        bucket = self.place.bucket
        with self._told_as_refusals():
            try:
                answer = self._client.get_object_lock_configuration(Bucket=bucket)
            except ClientError as error:
                if _code_of(error) in _NOT_LOCKED:
                    raise ArchiveNotWriteOnce(bucket=bucket, why="Object Lock is not switched on") from error
                raise
            if answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
                raise ArchiveNotWriteOnce(bucket=bucket, why="Object Lock is not switched on")
            if self._client.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
                raise ArchiveNotWriteOnce(bucket=bucket, why="it does not keep versions")

    def put(self, name: str, data: bytes, retain_until: datetime) -> StoredObject:
        """Archive bytes under a name until an instant; the same bytes again change nothing."""
        check_name(name)
        until = check_retention(name, retain_until)
        digest = hashlib.sha256(data).hexdigest()
        with self._told_as_refusals():
            first = self._first_version(name)
            if first is None:
                self._write(name, data, until, digest)
                first = self._first_version(name)
            if first is None:
                raise ArchiveUnavailable(why="the object store does not show what it has just taken")
            held = self._describe(first)
        if held.sha256 != digest:
            raise ArchiveNameTaken(name=name, held=held.sha256, offered=digest)
        return held

    def get(self, name: str) -> bytes:
        """Return the bytes of the first version, hashed after reading."""
        check_name(name)
        with self._told_as_refusals():
            first = self._first_version_or_refuse(name)
            answer = self._client.get_object(Bucket=self.place.bucket, Key=self._prefix + name, VersionId=first.id)
            with answer["Body"] as body:
                data: bytes = body.read()
            held = self._describe(first)
        found = hashlib.sha256(data).hexdigest()
        if found != held.sha256:
            raise ArchiveObjectAltered(name=name, why=f"its SHA-256 is now {found}")
        return data

    def stat(self, name: str) -> StoredObject:
        """Return hash, size and retention of the first version, as the store computed and keeps them."""
        check_name(name)
        with self._told_as_refusals():
            return self._describe(self._first_version_or_refuse(name))

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield the names that begin with the prefix, those that a deletion mark hides among them."""
        check_prefix(prefix)
        last = ""
        with self._told_as_refusals():
            for version in self._versions(prefix, after):
                if not version.is_mark and version.name != last and version.name > after:
                    last = version.name
                    yield version.name

    def extend(self, name: str, retain_until: datetime) -> StoredObject:
        """Keep an object longer; the same instant again changes nothing."""
        check_name(name)
        until = check_retention(name, retain_until)
        with self._told_as_refusals():
            first = self._first_version_or_refuse(name)
            held = self._describe(first)
            if may_extend(held, until):
                self._client.put_object_retention(
                    Bucket=self.place.bucket,
                    Key=self._prefix + name,
                    VersionId=first.id,
                    Retention={"Mode": MODE, "RetainUntilDate": until},
                )
        return dataclasses.replace(held, retain_until=until)

    def find_faults(self, prefix: str = "") -> Iterator[ArchiveFault]:
        """Yield later versions, deletion marks, and first versions that nothing locks."""
        check_prefix(prefix)
        newer: _Version | None = None
        with self._told_as_refusals():
            for version in self._versions(prefix, ""):
                if version.is_mark:
                    yield ArchiveFault("hidden", version.name, f"deletion mark {version.id}")
                    continue
                if newer is not None and newer.name == version.name:
                    yield ArchiveFault("extra_version", newer.name, f"version {newer.id}")
                elif newer is not None:
                    yield from self._lock_faults(newer)
                newer = version
            if newer is not None:
                yield from self._lock_faults(newer)

    def _lock_faults(self, first: _Version) -> Iterator[ArchiveFault]:
        try:
            self._describe(first)
        except ArchiveObjectAltered as refusal:
            yield ArchiveFault("unlocked", first.name, str(refusal.facts["why"]))

    def _write(self, name: str, data: bytes, until: datetime, digest: str) -> None:
        """Write one version, unless the name is used; the store checks the SHA-256 before it answers."""
        try:
            self._client.put_object(
                Bucket=self.place.bucket,
                Key=self._prefix + name,
                Body=data,
                ContentType="application/octet-stream",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(digest)).decode(),
                IfNoneMatch="*",
                ObjectLockMode=MODE,
                ObjectLockRetainUntilDate=until,
            )
        except ClientError as error:
            if _code_of(error) not in _TAKEN:  # somebody was faster: what lies there now decides
                raise

    def _describe(self, version: _Version) -> StoredObject:
        """Return a version's hash, size and retention. Raises: ArchiveObjectAltered when nothing locks it."""
        head = self._client.head_object(
            Bucket=self.place.bucket, Key=self._prefix + version.name, VersionId=version.id, ChecksumMode="ENABLED"
        )
        until = head.get("ObjectLockRetainUntilDate")
        if head.get("ObjectLockMode") != MODE or until is None:
            raise ArchiveObjectAltered(name=version.name, why=f"its first version is not locked in mode {MODE}")
        if "ChecksumSHA256" not in head:
            raise ArchiveObjectAltered(name=version.name, why="the object store keeps no SHA-256 of it")
        digest = base64.b64decode(head["ChecksumSHA256"]).hex()
        return StoredObject(version.name, digest, head["ContentLength"], until.astimezone(UTC))

    def _first_version_or_refuse(self, name: str) -> _Version:
        first = self._first_version(name)
        if first is None:
            raise ArchiveObjectMissing(name=name)
        return first

    def _first_version(self, name: str) -> _Version | None:
        """Return the oldest version of exactly this name: the store lists newest first."""
        first = None
        for version in self._versions(name, ""):
            if version.name != name:
                break
            first = first if version.is_mark else version
        return first

    def _versions(self, prefix: str, after: str) -> Iterator[_Version]:
        """Yield all versions and deletion marks by name, the newest of a name first, page by page."""
        request = {"Bucket": self.place.bucket, "Prefix": self._prefix + prefix, "MaxKeys": self._page}
        if after > prefix:  # a marker before the prefix confuses some stores
            request["KeyMarker"] = self._prefix + after
        while True:
            answer = self._client.list_object_versions(**request)
            found = [(item, False) for item in answer.get("Versions", [])]
            found += [(item, True) for item in answer.get("DeleteMarkers", [])]
            found.sort(key=lambda pair: pair[0]["Key"])  # stable: each kind comes newest first
            for item, is_mark in found:
                yield _Version(item["VersionId"], item["Key"].removeprefix(self._prefix), is_mark)
            if not answer.get("IsTruncated"):
                return
            if "NextKeyMarker" not in answer or "NextVersionIdMarker" not in answer:
                raise ArchiveUnavailable(why="the object store lists versions without saying how to go on")
            request["KeyMarker"] = answer["NextKeyMarker"]
            request["VersionIdMarker"] = answer["NextVersionIdMarker"]

    @contextlib.contextmanager
    def _told_as_refusals(self) -> Iterator[None]:
        """Turn what the store or the network said into a refusal a person can act on, without keys or signatures."""
        try:
            yield
        except ClientError as error:
            code = _code_of(error)
            if code == "NoSuchBucket":
                raise ArchiveBucketMissing(bucket=self.place.bucket) from error
            if code in _KEY:
                raise ArchiveKeyRefused(why=code) from error
            if code in _FULL:
                raise ArchiveFull from error
            raise ArchiveUnavailable(why=f"the object store answered {code}") from error
        except BotoCoreError as error:
            where = self.place.endpoint or f"region {self.place.region}"
            raise ArchiveUnavailable(why=f"{where} gave no usable answer ({type(error).__name__})") from error


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
