"""A full, read-only or broken disk, a killed process or two writers never half-archive an object."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from records.archive.errors import (
    ArchiveFull,
    ArchiveNameTaken,
    ArchiveObjectAltered,
    ArchiveObjectMissing,
    ArchiveUnavailable,
)
from records.archive.folder import FolderArchive
from tests.sizes import choose_size

pytestmark = pytest.mark.clause("11.10(c)")

SPAWN = multiprocessing.get_context("spawn")
NAME = "tile/0/x001/067"
DATA = b"tile" * 1000
STEPS = ("open", "write", "fchmod", "fsync", "mkdir", "link", "close", "unlink")
MOST_STEPS = 300
STRIDE = choose_size(small=3, full=1)  # every step dies under `make assurance`


def count_steps(patch: pytest.MonkeyPatch, act: Callable[[int], None], names: tuple[str, ...] = STEPS) -> None:
    """Let ``act`` see the number of each system call before it is made."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            act(count)
            return real(*args, **kwargs)

        return call

    for name in names:
        patch.setattr(os, name, counted(getattr(os, name)))


def die_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that is killed with SIGKILL before its system call of this number; tell if it was."""
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patch:
            count_steps(patch, lambda count: os.kill(os.getpid(), signal.SIGKILL) if count == step else None)
            try:
                work()
            finally:
                os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def assert_all_or_nothing(archive: FolderArchive, before: datetime, after: datetime) -> None:
    """Require the whole object with a promised retention, or none."""
    assert list(archive.find_faults()) == []
    try:
        held = archive.stat(NAME)
    except ArchiveObjectMissing:
        assert list(archive.list()) == []
    else:
        assert archive.get(NAME) == DATA
        assert before <= held.retain_until <= after


@pytest.mark.assurance("E1")
def test_a_writer_killed_at_any_step_leaves_all_or_nothing_and_the_next_one_finishes(
    tmp_path: Path, tomorrow: datetime
) -> None:
    for step in range(1, MOST_STEPS, STRIDE):
        archive = FolderArchive(tmp_path / str(step))
        archive.check_ready()
        was_killed = die_at(step, lambda archive=archive: archive.put(NAME, DATA, tomorrow))  # type: ignore[misc]
        assert_all_or_nothing(archive, tomorrow, tomorrow)
        archive.check_ready()
        assert list((archive.root / "incoming").iterdir()) == []
        assert archive.put(NAME, DATA, tomorrow).retain_until == tomorrow
        assert archive.get(NAME) == DATA
        if not was_killed:
            assert step > 30, "the steps of a write were not counted"
            return
    pytest.fail("the write never ended")


@pytest.mark.assurance("E1")
def test_a_writer_killed_while_extending_leaves_the_old_or_the_new_retention(
    tmp_path: Path, tomorrow: datetime
) -> None:
    later = tomorrow + timedelta(days=30)
    for step in range(1, MOST_STEPS, STRIDE):
        archive = FolderArchive(tmp_path / str(step))
        archive.check_ready()
        archive.put(NAME, DATA, tomorrow)
        was_killed = die_at(step, lambda archive=archive: archive.extend(NAME, later))  # type: ignore[misc]
        assert_all_or_nothing(archive, tomorrow, later)
        assert archive.extend(NAME, later).retain_until == later
        if not was_killed:
            assert step > 10, "the steps of an extension were not counted"
            return
    pytest.fail("the extension never ended")


def test_after_a_killed_writer_the_name_is_free_for_other_bytes(tmp_path: Path, tomorrow: datetime) -> None:
    archive = FolderArchive(tmp_path / "archive")
    archive.check_ready()
    for step in range(1, MOST_STEPS):
        assert die_at(step, lambda: archive.put(NAME, b"never finished", tomorrow + timedelta(days=99)))
        if any((archive.root / "retention").rglob("*@*")):
            break
    assert list(archive.list()) == []
    assert archive.put(NAME, DATA, tomorrow).retain_until == tomorrow
    assert list(archive.find_faults()) == []


@pytest.mark.assurance("E6")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("call", [name for name in STEPS if name not in ("close", "unlink")])
def test_a_fault_at_any_call_archives_all_or_nothing_and_heals(
    tmp_path: Path, tomorrow: datetime, call: str, code: int
) -> None:
    """Let the k-th call of one kind fail, for every k until none fails any more."""
    for k in range(1, MOST_STEPS):
        archive = FolderArchive(tmp_path / str(k))
        archive.check_ready()

        def fail(count: int, k: int = k) -> None:
            if count == k:
                raise OSError(code, os.strerror(code))

        refused: type[Exception] | None = None
        with pytest.MonkeyPatch.context() as patch:
            count_steps(patch, fail, (call,))
            try:
                archive.put(NAME, DATA, tomorrow)
            except (ArchiveFull, ArchiveUnavailable) as refusal:
                refused = type(refusal)
        assert refused in (None, ArchiveFull if code == errno.ENOSPC else ArchiveUnavailable)
        assert_all_or_nothing(archive, tomorrow, tomorrow)
        assert archive.put(NAME, DATA, tomorrow).retain_until == tomorrow
        assert list((archive.root / "incoming").iterdir()) == []
        if refused is None and k > 1:
            return
    pytest.fail("the faults never ended")


def write_under_a_file_size_limit(root: Path, until: datetime) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    archive = FolderArchive(root)
    archive.check_ready()
    try:
        archive.put("tile/0/000", b"x" * 1_100_000, until)
    except ArchiveFull:
        archive.put("tile/0/001", b"small enough", until)
        os._exit(7)
    os._exit(1)


@pytest.mark.assurance("E6")
def test_a_file_size_limit_of_the_system_leaves_nothing_half_archived(tmp_path: Path, tomorrow: datetime) -> None:
    child = SPAWN.Process(target=write_under_a_file_size_limit, args=(tmp_path, tomorrow))
    child.start()
    child.join(60)
    assert child.exitcode == 7
    archive = FolderArchive(tmp_path)
    assert list(archive.list()) == ["tile/0/001"]
    assert list(archive.find_faults()) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def write_many(root: Path, until: datetime, barrier: Barrier, content: bytes, outcomes: Any) -> None:
    archive = FolderArchive(root)
    for number in range(20):
        barrier.wait(60)
        try:
            archive.put(f"tile/0/{number:03d}", content, until)
            outcomes.put("archived")
        except ArchiveNameTaken:
            outcomes.put("refused")


def test_two_processes_writing_one_name_archive_one_of_two_contents(
    folder_archive: FolderArchive, tomorrow: datetime
) -> None:
    barrier, outcomes = SPAWN.Barrier(2), SPAWN.Queue()
    writers = [
        SPAWN.Process(target=write_many, args=(folder_archive.root, tomorrow, barrier, content, outcomes))
        for content in (b"one" * 5000, b"two" * 5000)
    ]
    for writer in writers:
        writer.start()
    found = sorted(outcomes.get(timeout=120) for _ in range(40))
    for writer in writers:
        writer.join(60)
    assert found == ["archived"] * 20 + ["refused"] * 20
    assert list(folder_archive.find_faults()) == []


def test_what_is_archived_is_read_only(folder_archive: FolderArchive, tomorrow: datetime) -> None:
    folder_archive.put(NAME, DATA, tomorrow)
    folder_archive.extend(NAME, tomorrow + timedelta(days=1))
    for tree in ("objects", "retention"):
        for path in (folder_archive.root / tree).rglob("*"):
            wanted = 0o550 if path.is_dir() else 0o440
            assert stat.S_IMODE(path.lstat().st_mode) == wanted, path


def test_objects_lie_under_their_names_as_plain_files(folder_archive: FolderArchive, tomorrow: datetime) -> None:
    folder_archive.put(NAME, DATA, tomorrow)
    assert (folder_archive.root / "objects" / NAME).read_bytes() == DATA


@pytest.mark.assurance("C2")
def test_changed_bytes_are_refused_and_found(folder_archive: FolderArchive, tomorrow: datetime) -> None:
    folder_archive.put(NAME, DATA, tomorrow)
    path = folder_archive.root / "objects" / NAME
    path.chmod(0o640)
    path.write_bytes(b"forged")
    for read in (folder_archive.get, folder_archive.stat):
        with pytest.raises(ArchiveObjectAltered, match="SHA-256"):
            read(NAME)
    assert [fault.kind for fault in folder_archive.find_faults()] == ["writable", "altered"]
    with pytest.raises(ArchiveObjectAltered):
        folder_archive.put(NAME, DATA, tomorrow)


def test_an_object_without_its_marks_is_not_believed(folder_archive: FolderArchive, tomorrow: datetime) -> None:
    folder_archive.put(NAME, DATA, tomorrow)
    for mark in (folder_archive.root / "retention" / NAME).iterdir():
        mark.unlink()
    assert [fault.kind for fault in folder_archive.find_faults()] == ["altered"]


def test_links_are_never_followed(folder_archive: FolderArchive, tmp_path: Path, tomorrow: datetime) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    objects = folder_archive.root / "objects"
    (objects / "link").symlink_to(outside / "secret")
    (objects / "folder").symlink_to(outside)
    for name in ("link", "folder/secret", "folder/new"):
        with pytest.raises(ArchiveObjectAltered, match="link"):
            folder_archive.get(name)
        with pytest.raises(ArchiveObjectAltered, match="link"):
            folder_archive.put(name, b"x", tomorrow)
    assert sorted(fault.name for fault in folder_archive.find_faults()) == ["folder", "link"]
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


def test_an_archive_whose_disk_is_not_mounted_is_unavailable_and_not_empty(tmp_path: Path, tomorrow: datetime) -> None:
    archive = FolderArchive(tmp_path / "not-mounted")
    for call in (
        lambda: list(archive.list()),
        lambda: archive.get(NAME),
        lambda: archive.put(NAME, DATA, tomorrow),
        lambda: list(archive.find_faults()),
    ):
        with pytest.raises(ArchiveUnavailable):
            call()
    assert list(tmp_path.iterdir()) == []


NOBODY = 65534


def run_as_ordinary_user(work: Callable[[], None]) -> int:
    """Do the work in a child without root's power over file modes; return 0 where it ends well."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """Give a folder that an ordinary user owns and can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "archive")
        folder.mkdir(0o750)
        if os.getuid() == 0:
            Path(name).chmod(0o755)
            os.chown(folder, NOBODY, NOBODY)
        yield folder


def test_an_ordinary_user_archives_and_then_cannot_remove_or_overwrite_by_mistake(
    ordinary_folder: Path, tomorrow: datetime
) -> None:
    def work() -> None:
        archive = FolderArchive(ordinary_folder)
        archive.check_ready()
        for number in range(3):
            archive.put(f"tile/0/{number:03d}", DATA, tomorrow)
        archive.extend("tile/0/000", tomorrow + timedelta(days=1))
        path = ordinary_folder / "objects" / "tile/0/000"
        with pytest.raises(PermissionError):
            path.unlink()
        with pytest.raises(PermissionError):
            path.write_bytes(b"forged")
        with pytest.raises(PermissionError):
            path.rename(path.with_name("elsewhere"))
        assert list(archive.find_faults()) == []

    assert run_as_ordinary_user(work) == 0


@pytest.mark.assurance("E6")
def test_a_folder_that_became_read_only_refuses_clearly_and_heals(ordinary_folder: Path, tomorrow: datetime) -> None:
    def work() -> None:
        archive = FolderArchive(ordinary_folder)
        archive.check_ready()
        archive.put("tile/0/000", DATA, tomorrow)
        (ordinary_folder / "incoming").chmod(0o500)
        for call in (archive.check_ready, lambda: archive.put("tile/0/001", DATA, tomorrow)):
            with pytest.raises(ArchiveUnavailable, match="Permission denied"):
                call()
        assert list(archive.list()) == ["tile/0/000"]
        (ordinary_folder / "incoming").chmod(0o750)
        archive.put("tile/0/001", DATA, tomorrow)
        assert list(archive.find_faults()) == []

    assert run_as_ordinary_user(work) == 0
