"""Both archives keep the same promises: written once, read back as written, never kept shorter."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from records.archive.errors import (
    ArchiveNameInvalid,
    ArchiveNameTaken,
    ArchiveObjectMissing,
    RetentionInvalid,
    RetentionShortened,
)
from records.archive.interface import Archive, StoredObject

pytestmark = pytest.mark.clause("11.10(c)")

NAMES = [
    "checkpoints/00000000000000000256",
    "tile/0/000",
    "tile/0/001.p/7",
    "tile/0/001.p/70",
    "tile/0/x001/000",
    "tile/0/x001/067.p/12",
    "tile/entries/000",
    "versions/" + "a" * 64 + ".json",
]


def test_an_archive_says_that_it_is_ready(archive: Archive) -> None:
    archive.check_ready()
    archive.check_ready()
    assert list(archive.list()) == []
    assert list(archive.find_faults()) == []


@pytest.mark.parametrize("data", [b"", b"\x00\xff tile", b"x" * 300_000], ids=["empty", "small", "large"])
def test_what_was_archived_is_read_back_with_its_hash_size_and_retention(
    archive: Archive, tomorrow: datetime, data: bytes
) -> None:
    expected = StoredObject("tile/0/000", hashlib.sha256(data).hexdigest(), len(data), tomorrow)
    assert archive.put("tile/0/000", data, tomorrow) == expected
    assert archive.get("tile/0/000") == data
    assert archive.stat("tile/0/000") == expected


def test_the_same_bytes_again_change_nothing(archive: Archive, tomorrow: datetime) -> None:
    first = archive.put("tile/0/000", b"tile", tomorrow)
    for until in (tomorrow, tomorrow + timedelta(days=9), tomorrow - timedelta(hours=9)):
        assert archive.put("tile/0/000", b"tile", until) == first
    assert archive.stat("tile/0/000") == first
    assert list(archive.find_faults()) == []


def test_other_bytes_under_a_used_name_are_refused_and_the_first_stay(archive: Archive, tomorrow: datetime) -> None:
    first = archive.put("tile/0/000", b"tile", tomorrow)
    with pytest.raises(ArchiveNameTaken) as refusal:
        archive.put("tile/0/000", b"forged", tomorrow + timedelta(days=9))
    assert refusal.value.facts["held"] == first.sha256
    assert archive.get("tile/0/000") == b"tile"
    assert archive.stat("tile/0/000") == first
    assert list(archive.find_faults()) == []


def test_what_was_never_archived_is_missing(archive: Archive, tomorrow: datetime) -> None:
    archive.put("tile/0/000.p/7", b"tile", tomorrow)
    for read in (archive.get, archive.stat):
        with pytest.raises(ArchiveObjectMissing, match=r"tile/0/000"):
            read("tile/0/000")
    with pytest.raises(ArchiveObjectMissing):
        archive.extend("tile/0/000", tomorrow)


def test_a_retention_grows_and_never_shrinks(archive: Archive, tomorrow: datetime) -> None:
    first = archive.put("tile/0/000", b"tile", tomorrow)
    later = tomorrow + timedelta(days=30)
    assert archive.extend("tile/0/000", later).retain_until == later
    assert archive.extend("tile/0/000", later).retain_until == later
    with pytest.raises(RetentionShortened, match="never shortened"):
        archive.extend("tile/0/000", tomorrow)
    held = archive.stat("tile/0/000")
    assert (held.retain_until, held.sha256) == (later, first.sha256)
    assert archive.get("tile/0/000") == b"tile"


def test_a_retention_is_kept_beyond_2038_and_in_whole_seconds_rounded_up(archive: Archive) -> None:
    wished = datetime(2060, 2, 29, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    held = archive.put("tile/0/000", b"tile", wished)
    assert held.retain_until == datetime(2060, 2, 29, 10, 0, 1, tzinfo=UTC)
    assert archive.stat("tile/0/000") == held


@pytest.mark.parametrize(
    "wished",
    [datetime.now(UTC) - timedelta(seconds=1), datetime.max],  # noqa: DTZ901  without a zone, on purpose
    ids=["past", "without a zone"],
)
def test_a_retention_that_means_nothing_is_refused(archive: Archive, wished: datetime) -> None:
    with pytest.raises(RetentionInvalid):
        archive.put("tile/0/000", b"tile", wished)
    assert list(archive.list()) == []


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../secret", "tile/../../x", "tile//0", "tile/./0", "tile/", "tile/0/\n", ".hidden", "a/.b"],
)
def test_a_name_that_could_lead_elsewhere_is_refused(archive: Archive, tomorrow: datetime, name: str) -> None:
    for call in (lambda: archive.put(name, b"", tomorrow), lambda: archive.extend(name, tomorrow)):
        with pytest.raises(ArchiveNameInvalid):
            call()
    for read in (archive.get, archive.stat):
        with pytest.raises(ArchiveNameInvalid):
            read(name)
    assert list(archive.list()) == []


def test_names_come_sorted_by_prefix_and_from_a_name_on(archive: Archive, tomorrow: datetime) -> None:
    for name in reversed(NAMES):
        archive.put(name, name.encode(), tomorrow)
    assert list(archive.list()) == NAMES
    for prefix in ("tile/", "tile/0/", "tile/0/001", "tile/0/001.p", "tile/0/x001/", "tile/e", "versions/", "nothing/"):
        assert list(archive.list(prefix)) == [name for name in NAMES if name.startswith(prefix)]
    for after in [*NAMES, "tile/0/001", "a", "z"]:
        assert list(archive.list(after=after)) == [name for name in NAMES if name > after]
        assert list(archive.list("tile/", after=after)) == [n for n in NAMES if n > after and n.startswith("tile/")]


@pytest.mark.parametrize(
    "name", ["a\\b", "a b", "a\0b", "a\nb", "é", "a@b", "-rf", "x" * 121, "/".join(["x" * 100] * 6)], ids=repr
)
def test_a_name_with_signs_that_confuse_readers_is_refused(archive: Archive, tomorrow: datetime, name: str) -> None:
    with pytest.raises(ArchiveNameInvalid):
        archive.put(name, b"", tomorrow)
    assert list(archive.list()) == []


@pytest.mark.parametrize("prefix", ["../", "/", "a//", "é"])
def test_a_prefix_that_no_name_has_is_refused(archive: Archive, prefix: str) -> None:
    with pytest.raises(ArchiveNameInvalid):
        list(archive.list(prefix))
    with pytest.raises(ArchiveNameInvalid):
        list(archive.find_faults(prefix))
