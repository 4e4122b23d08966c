"""Stored files are written once, under their hash, and any change to one is found."""

from __future__ import annotations

import hashlib
import io
import os
import random
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors_files import FileAltered, FileDigestInvalid, FileHashMismatch, FileMissing, FileTooLarge
from records.filestore import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o640)
    path.write_bytes(content)
    path.chmod(0o440)


def test_a_file_is_stored_under_its_sha256_and_read_only(store: FileStore) -> None:
    stored = store.add(io.BytesIO(b"abc"), max_bytes=10)
    assert stored.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert stored.size == 3
    path = store.root / "ba" / "78" / stored.sha256
    assert files_below(store.root) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert path.read_bytes() == b"abc"


def test_the_mode_does_not_depend_on_the_umask(store: FileStore) -> None:
    before = os.umask(0)
    try:
        path = store.path_of(store.add_bytes(b"open to all").sha256)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_the_same_content_is_stored_once(store: FileStore) -> None:
    first = store.add_bytes(b"same")
    inode = store.path_of(first.sha256).stat().st_ino
    assert store.add_bytes(b"same") == first
    assert store.path_of(first.sha256).stat().st_ino == inode
    assert len(files_below(store.root)) == 1


def test_a_file_above_the_limit_leaves_nothing(store: FileStore) -> None:
    assert store.add(io.BytesIO(b"12345"), max_bytes=5).size == 5
    with pytest.raises(FileTooLarge):
        store.add(io.BytesIO(b"123456"), max_bytes=5)
    assert len(files_below(store.root)) == 1


def test_a_file_that_is_not_the_announced_one_leaves_nothing(store: FileStore) -> None:
    with pytest.raises(FileHashMismatch):
        store.add_bytes(b"changed on the way", expected=hashlib.sha256(b"as sent").hexdigest())
    assert files_below(store.root) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_names_a_file(store: FileStore, digest: str) -> None:
    with pytest.raises(FileDigestInvalid):
        store.open(digest)


def test_a_missing_file_is_named(store: FileStore) -> None:
    with pytest.raises(FileMissing, match="aaaa"):
        store.open("a" * 64)


@pytest.mark.clause("11.10(c)")
def test_an_altered_file_is_not_opened(store: FileStore) -> None:
    digest = store.add_bytes(b"the original").sha256
    overwrite(store.path_of(digest), b"the 0riginal")
    with pytest.raises(FileAltered):
        store.open_checked(digest)
    with pytest.raises(FileAltered):
        store.read_checked(digest)


def test_an_intact_file_is_read_from_its_beginning_after_the_check(store: FileStore) -> None:
    content = random.Random(1).randbytes(3_000_000)
    digest = store.add_bytes(content).sha256
    with store.open_checked(digest) as handle:
        assert handle.read() == content
    assert store.read_checked(digest) == content


def test_a_link_in_place_of_a_file_is_not_followed(store: FileStore, tmp_path: Path) -> None:
    digest = store.add_bytes(b"kept").sha256
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"kept")
    store.path_of(digest).unlink()
    store.path_of(digest).symlink_to(elsewhere)
    with pytest.raises(FileAltered):
        store.open(digest)
    assert [finding.kind for finding in store.sweep()] == ["altered"]


def test_storing_over_a_damaged_file_is_refused_and_does_not_hide_it(store: FileStore) -> None:
    digest = store.add_bytes(b"evidence").sha256
    overwrite(store.path_of(digest), b"damaged!")
    with pytest.raises(FileAltered):
        store.add_bytes(b"evidence")
    assert store.path_of(digest).read_bytes() == b"damaged!"


@pytest.mark.assurance("C5")
@pytest.mark.clause("11.10(c)")
def test_the_sweep_names_every_flipped_truncated_and_deleted_file(store: FileStore) -> None:
    rng = random.Random(20)
    digests = [store.add_bytes(rng.randbytes(rng.randint(1, 4000))).sha256 for _ in range(500)]
    victims = rng.sample(digests, 60)
    for number, digest in enumerate(victims):
        path = store.path_of(digest)
        content = bytearray(path.read_bytes())
        if number % 3 == 0:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            overwrite(path, bytes(content))
        elif number % 3 == 1:
            overwrite(path, bytes(content[:-1]))
        else:
            path.unlink()
    found = {finding.name: finding.kind for finding in store.sweep(expected=digests)}
    assert found == {d: "missing" if n % 3 == 2 else "altered" for n, d in enumerate(victims)}
    for digest in victims:
        with pytest.raises((FileAltered, FileMissing)):
            store.open_checked(digest)


def test_the_sweep_of_an_intact_store_finds_nothing(store: FileStore) -> None:
    digests = [store.add_bytes(bytes([number])).sha256 for number in range(50)]
    assert list(store.sweep(expected=digests)) == []


def test_the_sweep_names_foreign_and_writable_files(store: FileStore) -> None:
    digest = store.add_bytes(b"x").sha256
    store.path_of(digest).chmod(0o640)
    (store.root / "ab").mkdir()
    (store.root / "ab" / "note.txt").write_text("left here")
    assert {(finding.kind, finding.name) for finding in store.sweep()} == {
        ("writable", digest),
        ("unexpected", "ab/note.txt"),
    }


def test_leftovers_of_dead_writers_are_removed_only_when_old(store: FileStore) -> None:
    store.add_bytes(b"kept")
    for name, age in (("old", 7200), ("young", 10)):
        path = store.root / "incoming" / name
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    assert store.remove_leftovers(older_than_seconds=3600) == 1
    assert [path.name for path in (store.root / "incoming").iterdir()] == ["young"]
    assert list(store.sweep()) == []


@given(chunks=st.lists(st.binary(max_size=50), max_size=8))
def test_any_stream_comes_back_as_it_was(chunks: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    class Stream:
        """Gives its chunks as they come, as sockets do; an empty one is the end."""

        def __init__(self) -> None:
            self.left = [chunk for chunk in chunks if chunk]

        def read(self, size: int = -1, /) -> bytes:
            return self.left.pop(0) if self.left else b""

    store = FileStore(tmp_path_factory.mktemp("any") / "files")
    stored = store.add(Stream(), max_bytes=10_000)
    assert store.read_checked(stored.sha256) == b"".join(chunks)
    assert stored.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
