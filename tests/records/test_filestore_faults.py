"""Two writers, a full disk, a broken disk or a killed process never half-store a file."""

from __future__ import annotations

import errno
import hashlib
import io
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from records.errors_files import FileStoreFull, FileStoreUnavailable
from records.filestore import FileStore

SPAWN = multiprocessing.get_context("spawn")
CONTENT = b"vial" * 500_000


def finished_files(root: Path) -> list[str]:
    return sorted(p.name for p in root.rglob("*") if p.is_file() and p.parent.name != "incoming")


def run_child(target: Callable[..., None], *args: object) -> int | None:
    child = SPAWN.Process(target=target, args=args)
    child.start()
    child.join(60)
    assert not child.is_alive()
    return child.exitcode


def write_many(root: Path, barrier: Barrier, rounds: int) -> None:
    store = FileStore(root)
    for number in range(rounds):
        barrier.wait(60)
        store.add_bytes(CONTENT + bytes([number]))


def test_two_processes_storing_the_same_content_at_once_store_it_once(tmp_path: Path) -> None:
    barrier = SPAWN.Barrier(2)
    writers = [SPAWN.Process(target=write_many, args=(tmp_path, barrier, 20)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    store = FileStore(tmp_path)
    assert finished_files(tmp_path) == sorted(
        hashlib.sha256(CONTENT + bytes([number])).hexdigest() for number in range(20)
    )
    assert list(store.sweep()) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def test_many_threads_storing_the_same_content_at_once_store_it_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    barrier = threading.Barrier(8)
    results: list[str] = []

    def write() -> None:
        barrier.wait(30)
        results.append(store.add_bytes(CONTENT).sha256)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 8
    assert finished_files(tmp_path) == [results[0]]
    assert list(store.sweep()) == []


def store_under_a_file_size_limit(root: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    store = FileStore(root)
    try:
        store.add_bytes(CONTENT)
    except FileStoreFull:
        store.add_bytes(b"small enough")
        os._exit(7)
    os._exit(1)


@pytest.mark.assurance("E6")
def test_a_file_size_limit_of_the_system_leaves_nothing_half_stored(tmp_path: Path) -> None:
    assert run_child(store_under_a_file_size_limit, tmp_path) == 7
    assert finished_files(tmp_path) == [hashlib.sha256(b"small enough").hexdigest()]
    assert list((tmp_path / "incoming").iterdir()) == []


FAULTS = [
    (call, code)
    for call in ("open", "write", "fchmod", "fsync", "rename", "mkdir")
    for code in (errno.ENOSPC, errno.EIO, errno.EROFS)
]


@pytest.mark.assurance("E6")
@pytest.mark.parametrize(("call", "code"), FAULTS)
def test_a_fault_at_any_call_stores_all_or_nothing_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Let the k-th call of one kind fail, for every k until none fails any more."""
    real = getattr(os, call)
    for k in range(1, 30):
        store = FileStore(tmp_path / str(k))
        count = 0

        def fail(*args: Any, k: int = k, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == k:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            refused: type[Exception] | None = None
            try:
                store.add_bytes(b"content")
            except (FileStoreFull, FileStoreUnavailable) as refusal:
                refused = type(refusal)
        if refused is not None:
            assert refused is (FileStoreFull if code == errno.ENOSPC else FileStoreUnavailable)
        assert list(store.sweep()) == []
        assert not list((store.root / "incoming").glob("*"))
        if not refused:
            assert k > 1, "the fault was never reached"
            return
        store.add_bytes(b"content")
        assert list(store.sweep(expected=[hashlib.sha256(b"content").hexdigest()])) == []
    pytest.fail("the faults never ended")


class DyingStream(io.RawIOBase):
    """Gives a megabyte, then kills the process that reads it."""

    def __init__(self) -> None:
        self.given = False

    def read(self, size: int = -1, /) -> bytes:
        if self.given:
            os.kill(os.getpid(), signal.SIGKILL)
        self.given = True
        return b"x" * 1_000_000


def die_while_writing(root: Path) -> None:
    FileStore(root).add(DyingStream(), max_bytes=10**9)


@pytest.mark.assurance("E1")
def test_a_writer_killed_in_the_middle_leaves_only_a_leftover(tmp_path: Path) -> None:
    assert run_child(die_while_writing, tmp_path) == -signal.SIGKILL
    store = FileStore(tmp_path)
    assert finished_files(tmp_path) == []
    assert list(store.sweep()) == []
    assert store.remove_leftovers(older_than_seconds=-1) == 1
