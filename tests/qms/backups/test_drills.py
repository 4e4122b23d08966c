"""A drill restores a set into a scratch place, verifies it with the product's own check, and leaves a signed record."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.conf import settings

from qms.backups import making
from qms.backups.clients import connect
from qms.backups.drills import run_drill
from qms.backups.errors import BackupBusy, SetDamaged
from qms.backups.making import backup_lock
from qms.backups.models import BackupDrill
from qms.backups.record_checks import find_fault
from records.evidence import system_actor
from records.models import Event
from tests import servers
from tests.assurance.telling import check_told
from tests.qms.backups.conftest import PASSPHRASE, Installation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.clause("11.10(c)", "Annex 11 7.2"),
    pytest.mark.assurance("R1"),
]


def scratch_databases() -> list[str]:
    with servers.administrator() as admin:
        found = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{servers.DATABASE}_drill_%",))
        return [row[0] for row in found]


def test_a_sound_set_passes_its_drill_and_the_signed_record_says_what_was_compared(installation: Installation):
    made = installation.back_up()
    drill = run_drill(made, actor=system_actor("tests"))
    report = json.loads(bytes(drill.report))
    assert (drill.passed, report["differences"], report["findings"]) == (True, [], [])
    assert report["rows"] == report["rows_expected"] == made.rows
    assert report["checked"]["versions"] > 0
    assert report["checked"]["signatures"] > 0
    assert report["files"] == made.files > 5
    assert find_fault(drill) == ""
    assert scratch_databases() == []
    assert list(settings.BACKUP.root.glob(".*")) == []
    event = Event.objects.filter(act="backups.drill.finished").get()
    assert event.details["outcome"] == "everything is there"
    assert BackupDrill.objects.get().backup == made


def test_a_set_that_cannot_be_rehearsed_fails_its_drill_by_name(installation: Installation):
    made = installation.back_up()
    database = next(path for path in Path(made.folder).rglob("*") if path.name.startswith("database"))
    database.chmod(0o600)
    database.write_bytes(database.read_bytes()[:-1])
    with pytest.raises(SetDamaged):
        run_drill(made, actor=system_actor("tests"))
    event = Event.objects.get(act="backups.drill.failed")
    check_told(event, since=Event.objects.earliest("id"), secrets=[PASSPHRASE])
    assert (event.details["name"], database.name in event.details["why"]) == (made.name, True)
    assert not BackupDrill.objects.exists()
    assert scratch_databases() == []


@pytest.mark.assurance("E6")
def test_the_lock_is_given_back_by_word_not_only_when_the_server_notices(
    backup_settings: Path, monkeypatch: pytest.MonkeyPatch
):
    with connect(settings.BACKUP.database) as kept_open:
        monkeypatch.setattr(making, "connect", lambda _: nullcontext(kept_open))
        with backup_lock():
            monkeypatch.undo()
            with pytest.raises(BackupBusy), backup_lock():
                pytest.fail("two at once")
        with backup_lock():
            pass
