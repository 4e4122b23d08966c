"""The object store itself refuses what would undo an archived object, whoever holds its most powerful key."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from records.archive.errors import (
    ArchiveBucketMissing,
    ArchiveKeyRefused,
    ArchiveNameTaken,
    ArchiveNotWriteOnce,
    ArchiveObjectAltered,
    ArchiveUnavailable,
)
from records.archive.s3 import S3Archive, S3Place
from tests.object_store import ObjectStore, running_store

pytestmark = pytest.mark.clause("11.10(c)")

NAME = "tile/0/000"


@dataclasses.dataclass(frozen=True)
class Locked:
    """An archived object as an attacker with the sealer's key sees it."""

    client: Any
    bucket: str
    key: str
    version: str
    until: datetime

    @property
    def at(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version}


@pytest.fixture
def locked(object_store: ObjectStore, s3_archive: S3Archive, place: S3Place, tomorrow: datetime) -> Locked:
    s3_archive.put(NAME, b"tile", tomorrow)
    client, key = object_store.client(), f"{place.prefix}/{NAME}"
    found = client.list_object_versions(Bucket=place.bucket, Prefix=key)["Versions"]
    assert len(found) == 1
    return Locked(client, place.bucket, key, found[0]["VersionId"], tomorrow)


def retention(mode: str, until: datetime) -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": until}


ATTACKS: dict[str, Callable[[Locked], Any]] = {
    "delete the version": lambda o: o.client.delete_object(**o.at),
    "delete it past governance": lambda o: o.client.delete_object(**o.at, BypassGovernanceRetention=True),
    "shorten its retention": lambda o: o.client.put_object_retention(
        **o.at, Retention=retention("COMPLIANCE", o.until - timedelta(hours=1))
    ),
    "shorten it past governance": lambda o: o.client.put_object_retention(
        **o.at, Retention=retention("COMPLIANCE", o.until - timedelta(hours=1)), BypassGovernanceRetention=True
    ),
    "turn compliance into governance": lambda o: o.client.put_object_retention(
        **o.at, Retention=retention("GOVERNANCE", o.until + timedelta(days=9)), BypassGovernanceRetention=True
    ),
    "take its retention away": lambda o: o.client.put_object_retention(
        **o.at, Retention={}, BypassGovernanceRetention=True
    ),
    "stop keeping versions": lambda o: o.client.put_bucket_versioning(
        Bucket=o.bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "switch Object Lock off": lambda o: o.client.put_object_lock_configuration(
        Bucket=o.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Disabled"}
    ),
    "delete the bucket": lambda o: o.client.delete_bucket(Bucket=o.bucket),
}


@pytest.mark.assurance("C2")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_store_itself_refuses_to(attack: Callable[[Locked], Any], locked: Locked, s3_archive: S3Archive) -> None:
    with pytest.raises(ClientError) as refused:
        attack(locked)
    assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert s3_archive.get(NAME) == b"tile"
    assert s3_archive.stat(NAME).retain_until == locked.until
    assert list(s3_archive.find_faults()) == []
    s3_archive.check_ready()


@pytest.mark.assurance("C2")
def test_the_store_refuses_to_delete_it_in_a_bulk(locked: Locked, s3_archive: S3Archive) -> None:
    answer = locked.client.delete_objects(
        Bucket=locked.bucket,
        Delete={"Objects": [{"Key": locked.key, "VersionId": locked.version}]},
        BypassGovernanceRetention=True,
    )
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert s3_archive.get(NAME) == b"tile"


def test_without_a_lock_the_same_attacks_succeed(object_store: ObjectStore) -> None:
    """The negative control: it is the lock that refuses, not the key or the store."""
    place = object_store.make_bucket(has_lock=False)
    client = object_store.client()
    client.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    version = client.put_object(Bucket=place.bucket, Key=NAME, Body=b"tile")["VersionId"]
    client.delete_object(Bucket=place.bucket, Key=NAME, VersionId=version)
    client.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Suspended"})
    client.delete_bucket(Bucket=place.bucket)


@pytest.mark.assurance("C2")
def test_an_overwrite_hides_nothing_and_is_found(locked: Locked, s3_archive: S3Archive) -> None:
    forged = locked.client.put_object(Bucket=locked.bucket, Key=locked.key, Body=b"forged")["VersionId"]
    assert locked.client.get_object(Bucket=locked.bucket, Key=locked.key)["Body"].read() == b"forged"
    assert s3_archive.get(NAME) == b"tile"
    assert s3_archive.stat(NAME).size == 4
    found = list(s3_archive.find_faults())
    assert [(fault.kind, fault.name) for fault in found] == [("extra_version", NAME)]
    assert forged in found[0].found


@pytest.mark.assurance("C2")
def test_a_deletion_mark_hides_nothing_and_is_found(locked: Locked, s3_archive: S3Archive, tomorrow: datetime) -> None:
    mark = locked.client.delete_object(Bucket=locked.bucket, Key=locked.key)["VersionId"]
    with pytest.raises(ClientError):
        locked.client.get_object(Bucket=locked.bucket, Key=locked.key)
    assert s3_archive.get(NAME) == b"tile"
    assert list(s3_archive.list()) == [NAME]
    assert [(fault.kind, fault.name) for fault in s3_archive.find_faults()] == [("hidden", NAME)]
    assert mark in next(s3_archive.find_faults()).found
    with pytest.raises(ArchiveNameTaken):  # although a condition alone would let the name be used again
        s3_archive.put(NAME, b"forged", tomorrow)


@pytest.mark.assurance("C2")
def test_many_later_versions_over_many_pages_hide_nothing(locked: Locked, s3_archive: S3Archive) -> None:
    for number in range(7):
        locked.client.put_object(Bucket=locked.bucket, Key=locked.key, Body=b"forged %d" % number)
        locked.client.delete_object(Bucket=locked.bucket, Key=locked.key)
    assert s3_archive.get(NAME) == b"tile"
    kinds = [fault.kind for fault in s3_archive.find_faults()]
    assert (kinds.count("extra_version"), kinds.count("hidden"), len(kinds)) == (7, 7, 14)


def test_an_object_that_nothing_locks_is_not_believed(
    object_store: ObjectStore, s3_archive: S3Archive, place: S3Place
) -> None:
    key = f"{place.prefix}/{NAME}"
    object_store.client().put_object(Bucket=place.bucket, Key=key, Body=b"planted")
    for read in (s3_archive.get, s3_archive.stat):
        with pytest.raises(ArchiveObjectAltered, match="not locked"):
            read(NAME)
    assert [fault.kind for fault in s3_archive.find_faults()] == ["unlocked"]


def test_two_writers_at_once_archive_one_of_two_contents(place: S3Place, tomorrow: datetime) -> None:
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def write(content: bytes) -> None:
        archive = S3Archive(place)
        for number in range(10):
            barrier.wait(60)
            try:
                archive.put(f"tile/0/{number:03d}", content, tomorrow)
                outcomes.append("archived")
            except ArchiveNameTaken:
                outcomes.append("refused")

    writers = [threading.Thread(target=write, args=(content,)) for content in (b"one", b"two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert sorted(outcomes) == ["archived"] * 10 + ["refused"] * 10
    assert list(S3Archive(place).find_faults()) == []


def test_a_bucket_without_object_lock_is_refused(object_store: ObjectStore) -> None:
    with pytest.raises(ArchiveNotWriteOnce, match="Object Lock is not switched on"):
        S3Archive(object_store.make_bucket(has_lock=False)).check_ready()


def test_a_bucket_that_only_keeps_versions_is_refused(object_store: ObjectStore) -> None:
    place = object_store.make_bucket(has_lock=False)
    object_store.client().put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(ArchiveNotWriteOnce):
        S3Archive(place).check_ready()


def test_a_bucket_that_is_not_there_is_named(place: S3Place) -> None:
    with pytest.raises(ArchiveBucketMissing, match="nowhere-to-be-found"):
        S3Archive(dataclasses.replace(place, bucket="nowhere-to-be-found")).check_ready()


@pytest.mark.parametrize("change", [{"secret_key": "wrong-secret"}, {"access_key": "wrong-access"}], ids=str)
def test_a_wrong_key_is_refused_and_never_shown(place: S3Place, change: dict[str, str], tomorrow: datetime) -> None:
    archive = S3Archive(dataclasses.replace(place, **change))
    for call in (archive.check_ready, lambda: archive.put(NAME, b"tile", tomorrow), lambda: archive.get(NAME)):
        with pytest.raises(ArchiveKeyRefused) as refusal:
            call()
        for secret in (place.secret_key, place.access_key, *change.values()):
            assert secret not in refusal.value.text
    assert place.secret_key not in repr(place)


@pytest.mark.assurance("E6")
def test_a_store_that_dies_is_a_refusal_and_nothing_is_half_archived(tmp_path: Path, tomorrow: datetime) -> None:
    with running_store(tmp_path) as store:
        place = store.make_bucket()
        archive = S3Archive(place)
        archive.put(NAME, b"tile", tomorrow)
        store.process.kill()
        store.process.wait(30)
        for call in (
            archive.check_ready,
            lambda: archive.put("tile/0/001", b"tile", tomorrow),
            lambda: archive.extend(NAME, tomorrow + timedelta(days=1)),
            lambda: list(archive.list()),
        ):
            with pytest.raises(ArchiveUnavailable, match="gave no usable answer"):
                call()
