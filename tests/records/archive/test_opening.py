"""The installation's archive is made from its settings, and only where this process has the key."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from qms.settings_archive import read_archive
from records.archive.errors import ArchiveKeyMissing, ArchiveNotWriteOnce
from records.archive.opening import open_archive
from records.archive.s3 import S3Place
from tests.object_store import ObjectStore

VARIABLES = (
    *("ARCHIVE", "ARCHIVE_ROOT", "ARCHIVE_PREFIX", "S3_ENDPOINT", "S3_BUCKET", "S3_REGION"),
    *("S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_ACCESS_KEY_FILE", "S3_SECRET_KEY_FILE"),
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def set_variables(monkeypatch: pytest.MonkeyPatch, place: S3Place, **others: str) -> None:
    values = {
        "ARCHIVE": "s3",
        "S3_ENDPOINT": place.endpoint,
        "S3_BUCKET": place.bucket,
        "ARCHIVE_PREFIX": f"/{place.prefix}/",
    }
    for name, value in (values | others).items():
        monkeypatch.setenv(name, value)


def test_with_nothing_set_the_archive_is_a_folder_of_the_plant(
    tmp_path: Path, settings: Settings, tomorrow: datetime
) -> None:
    settings.ARCHIVE = read_archive(tmp_path)
    open_archive().put("tile/0/000", b"tile", tomorrow)
    assert (tmp_path / "archive" / "objects" / "tile/0/000").read_bytes() == b"tile"


def test_a_process_with_the_key_opens_the_bucket_below_its_prefix(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    place: S3Place,
    tomorrow: datetime,
    object_store: ObjectStore,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(place.secret_key + "\n")
    set_variables(monkeypatch, place, S3_ACCESS_KEY=place.access_key, S3_SECRET_KEY_FILE=str(secret))
    settings.ARCHIVE = read_archive(tmp_path)
    assert place.secret_key not in repr(settings.ARCHIVE)
    open_archive().put("tile/0/000", b"tile", tomorrow)
    found = object_store.client().list_objects_v2(Bucket=place.bucket, Prefix=place.prefix)
    assert [item["Key"] for item in found["Contents"]] == [f"{place.prefix}/tile/0/000"]


@pytest.mark.clause("11.10(d)")
def test_a_process_without_the_key_starts_but_opens_no_archive(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, place: S3Place
) -> None:
    set_variables(monkeypatch, place)
    settings.ARCHIVE = read_archive(tmp_path)
    with pytest.raises(ArchiveKeyMissing, match="Only the sealer has one"):
        open_archive()


def test_a_bucket_without_object_lock_is_not_opened(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, object_store: ObjectStore
) -> None:
    place = object_store.make_bucket(has_lock=False)
    set_variables(monkeypatch, place, S3_ACCESS_KEY=place.access_key, S3_SECRET_KEY=place.secret_key)
    settings.ARCHIVE = read_archive(tmp_path)
    with pytest.raises(ArchiveNotWriteOnce):
        open_archive()


@pytest.mark.assurance("F1")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ARCHIVE": "tape"}, "ARCHIVE"),
        ({"S3_BUCKET": ""}, "S3_BUCKET"),
        ({"S3_ACCESS_KEY": "half"}, "S3_SECRET_KEY"),
        ({"S3_ENDPOINT": "http://s3.example.com"}, "S3_ENDPOINT leaves this machine"),
        ({"S3_ENDPOINT": "https://key:secret@s3.example.com"}, "S3_ENDPOINT must hold no key"),
        ({"S3_ENDPOINT": "s3.example.com"}, "S3_ENDPOINT must be an address"),
        ({"S3_ENDPOINT": "https://s3.example.com/bucket"}, "S3_ENDPOINT must be an address"),
    ],
    ids=str,
)
def test_an_unsafe_setting_of_the_archive_refuses_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: S3Place, changes: dict[str, str], named: str
) -> None:
    set_variables(monkeypatch, place, **changes)
    with pytest.raises(ImproperlyConfigured, match=named):
        read_archive(tmp_path)
