"""Both archives, each empty: a folder, and a bucket of a real object store."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.archive.folder import FolderArchive
from records.archive.interface import Archive
from records.archive.s3 import S3Archive, S3Place
from tests.object_store import ObjectStore, running_store


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with running_store(tmp_path_factory.mktemp("weed")) as store:
        yield store


@pytest.fixture(scope="session")
def bucket(object_store: ObjectStore) -> S3Place:
    return object_store.make_bucket()


@pytest.fixture
def place(bucket: S3Place) -> S3Place:
    """Give each test a prefix of its own in the bucket."""
    return dataclasses.replace(bucket, prefix=f"plant/{secrets.token_hex(6)}")


@pytest.fixture
def s3_archive(place: S3Place) -> S3Archive:
    return S3Archive(place, page=3)  # small pages: paging is always at work


@pytest.fixture
def folder_archive(tmp_path: Path) -> FolderArchive:
    archive = FolderArchive(tmp_path / "archive")
    archive.check_ready()
    return archive


@pytest.fixture(params=["folder_archive", "s3_archive"])
def archive(request: pytest.FixtureRequest) -> Archive:
    found: Archive = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def tomorrow() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
