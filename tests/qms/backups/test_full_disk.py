"""A disk that is full or failing while a backup is made leaves no set, says so, and the next backup is whole."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qms.backups.errors import BackupFailed
from qms.backups.folders import list_sets
from qms.backups.models import BackupSet
from qms.backups.restoring import check_everything
from qms.backups.trusting import trusted_signers
from records.models import Event
from tests.qms.backups.conftest import PASSPHRASE, Installation
from tests.sizes import choose_size

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.clause("11.10(c)"),
    pytest.mark.assurance("E6"),
]
RUNS = choose_size(small=6, full=99)


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Let the system refuse every file larger than so many bytes, in this process and its children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing_call(call: str, number: int) -> Iterator[list[int]]:
    """Let one call of a kind fail as on a full disk; count the calls."""
    real, counted = getattr(os, call), [0]

    def fail(*args: Any, **kwargs: Any) -> Any:
        counted[0] += 1
        if counted[0] == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, fail)
        yield counted


def assert_nothing_left(installation: Installation, before: list[Path]) -> None:
    assert list_sets(installation.backups) == before
    assert sorted(installation.backups.iterdir()) == sorted(before)
    assert BackupSet.objects.count() == len(before)


def test_no_fault_of_the_disk_leaves_a_set_that_looks_complete(installation: Installation, randomly_seeded: int):
    first = installation.back_up()
    folder, chance = Path(first.folder), random.Random(randomly_seeded)
    sizes = sorted({path.stat().st_size for path in folder.rglob("*") if path.is_file()})
    for _ in range(RUNS // 3):
        with file_size_limit(chance.choice(sizes) - 1), pytest.raises(BackupFailed, match=r"No backup was made: .*\w"):
            installation.back_up()
        assert_nothing_left(installation, [folder])
    with failing_call("fsync", 0) as syncs:
        second = installation.back_up()
    before = [Path(second.folder), folder]
    for _ in range(RUNS // 3 * 2):
        with failing_call("fsync", chance.randint(1, syncs[0] - 1)), pytest.raises(BackupFailed, match="No space left"):
            installation.back_up()
        assert_nothing_left(installation, before)
    failed = Event.objects.filter(act="backups.set.failed")
    assert failed.count() == RUNS
    last = installation.back_up()
    sound = check_everything(Path(last.folder), trusted=trusted_signers(), passphrase=PASSPHRASE)
    assert sound.manifest.name == last.name


def test_a_set_after_a_killed_backup_is_whole_and_the_leftover_gone(installation: Installation):
    leftover = installation.backups / ".20260101T000000.000Z-00000000.partial"
    leftover.mkdir(parents=True)
    (leftover / "database.dump").write_bytes(b"half")
    made = installation.back_up()
    assert [path.name for path in installation.backups.iterdir()] == [made.name]


def test_unchanged_files_are_kept_once_by_all_sets_and_never_shared_with_the_live_store(installation: Installation):
    first, second = installation.back_up(), installation.back_up()
    ours = {path.name: path.stat() for path in (Path(second.folder) / "files").rglob("*") if path.is_file()}
    theirs = {path.name: path.stat() for path in (Path(first.folder) / "files").rglob("*") if path.is_file()}
    assert len(ours) == second.files > 5
    assert {name: facts.st_ino for name, facts in ours.items()} == {
        name: facts.st_ino for name, facts in theirs.items()
    }
    assert {facts.st_nlink for facts in ours.values()} == {2}
    rotten = Path(first.folder) / "files" / next(iter(ours))[:2] / next(iter(ours))[2:4] / next(iter(ours))
    rotten.chmod(0o600)
    rotten.write_bytes(b"rotten")
    third = installation.back_up()
    sound = check_everything(Path(third.folder), trusted=trusted_signers(), passphrase=PASSPHRASE)
    assert sound.manifest.name == third.name
