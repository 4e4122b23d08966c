"""An installation that was destroyed comes back from its set: rows, files, keys, signatures, renditions, trail."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from qms.backups.models import BackupSet
from tests import servers
from tests.qms.backups.conftest import Installation
from tests.qms.backups.shell import Machine, empty_machine
from tests.records.ledger.sealing_stage import make_events, make_files
from tests.sizes import choose_size

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.clause("11.10(c)", "Annex 11 7.2"),
    pytest.mark.assurance("R1"),
]
SITE = "Countersign"


def files_below(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def destroy() -> dict[str, bytes]:
    """Lose the machine: its files and keys; return what the keys were."""
    keys = files_below(Path(settings.KEYS_ROOT))
    shutil.rmtree(settings.FILES_ROOT)
    shutil.rmtree(settings.KEYS_ROOT)
    return keys


def restore(machine: Machine, made: BackupSet, *, typed: str = f"{SITE}\n") -> tuple[int, str, str]:
    done = machine.run("restore", made.folder, "--signed-by", made.signer, typed=typed)
    return done.returncode, done.stdout, done.stderr


def test_a_destroyed_installation_comes_back_identical_and_verifies(installation: Installation, tmp_path: Path):
    make_events(choose_size(small=100, full=100_000))
    make_files(choose_size(small=5, full=5_000))
    old = Machine(servers.DATABASE, tmp_path)
    rows, files = old.rows(), files_below(Path(settings.FILES_ROOT))
    made = installation.back_up()
    connections.close_all()
    keys = destroy()
    with empty_machine(tmp_path / "new") as new:
        code, said, faults = restore(new, made)
        assert (code, faults) == (0, ""), (said, faults)
        recovery = next(line for line in said.splitlines() if line.startswith("Recovery took"))
        sys.stdout.write(f"Backup took {made.seconds} s. {recovery}\n")
        found = new.rows()
        event = [row for row in found["records_event"] if row not in rows["records_event"]]
        assert len(event) == 1
        assert "backups.set.restored" in event[0]
        assert {**found, "records_event": rows["records_event"]} == rows
        stored = files_below(tmp_path / "new" / "files")
        assert {path: content for path, content in stored.items() if len(Path(path).name) == 64} == stored
        assert stored.items() <= files.items()
        assert len(stored) > 5
        assert len(stored) == made.files
        assert files_below(tmp_path / "new" / "keys") == keys
        verified = new.run("verify", "--json")
        report = json.loads(verified.stdout)
        assert (verified.returncode, report["findings"]) == (0, [])
        assert report["checked"]["signatures"] > 0
        again = new.run("backup")
        assert again.returncode == 0, again.stderr


def test_a_restore_goes_nowhere_without_the_name_and_overwrites_nothing(installation: Installation, tmp_path: Path):
    made = installation.back_up()
    with empty_machine(tmp_path / "new") as new:
        code, _, said = restore(new, made, typed="yes\n")
        assert code != 0
        assert "“yes” is not the installation's name. Nothing was restored." in said
        assert new.rows() == {}
        assert not (tmp_path / "new" / "files").exists()
        unknown = new.run("restore", made.folder, typed=f"{SITE}\n")
        assert "which is not this installation's" in unknown.stderr
        closed = new.run(
            "restore", made.folder, "--signed-by", made.signer, BACKUP_PASSPHRASE="not the passphrase at all"
        )
        assert "The passphrase does not open the set's keys." in closed.stderr
    live = Machine(servers.DATABASE, tmp_path / "live")
    before = live.rows()
    code, _, said = restore(live, made)
    assert code != 0
    assert "Restoring overwrites nothing" in said
    assert live.rows() == before
