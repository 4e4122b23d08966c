"""A sealed ledger comes back with its set and goes on; going back to an old set shows against any later checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from qms.backups.drills import run_drill
from qms.backups.manifests import CHECKPOINT
from qms.backups.models import BackupSet
from records.archive.opening import open_archive
from records.evidence import system_actor
from records.ledger.archiving import archive_cosigned_checkpoint, archive_ledger, archive_stamps
from records.ledger.cosigning import cosign_last
from records.ledger.identity import trusted_keys
from records.models_ledger import Checkpoint, Leaf
from records.stamping.checkpoints import stamp_newest
from records.stores import sealer_key_store
from tests.qms.backups.conftest import Installation
from tests.qms.backups.shell import Machine, empty_machine
from tests.qms.backups.test_restore import restore
from tests.records.ledger.sealing_stage import make_events, seal
from tests.stamp_authority import make_authority, serve_authority
from tests.witnesses import running_witness

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "sealer"]),
    pytest.mark.clause("11.10(c)", "11.10(e)", "Annex 11 7.2"),
]


def seal_some(count: int) -> str:
    """Seal events and return the newest checkpoint as it would be kept elsewhere."""
    seal(sealer_key_store(), count)  # type: ignore[arg-type]  # files, in these tests
    return Checkpoint.objects.order_by("-size")[0].note


def findings(machine: Machine, *known: Path) -> list[str]:
    """Return what a verification on the machine finds, against checkpoints kept elsewhere."""
    words = [word for path in known for word in ("--checkpoint", str(path))]
    verified = machine.run("verify", "--json", *words)
    assert verified.returncode in (0, 1), verified.stderr
    return [finding["kind"] for finding in json.loads(verified.stdout)["findings"]]


def restored_on(machine: Machine, made: BackupSet) -> None:
    code, said, faults = restore(machine, made)
    assert code == 0, (said, faults)


@pytest.mark.assurance("R1")
def test_sealing_goes_on_after_a_restore_in_another_cluster_of_transactions(installation: Installation, tmp_path: Path):
    seal_some(3)
    make_events(4)  # committed, not sealed when the set is made
    sealed = Leaf.objects.count()
    made = installation.back_up()
    connections.close_all()
    with empty_machine(tmp_path / "new") as new:
        restored_on(new, made)
        assert new.seal() > 4
        assert findings(new, Path(made.folder) / CHECKPOINT) == []
        rows = new.rows()
    assert len(rows["records_leaf"]) == len(rows["records_event"]) - 1 > sealed  # the verification's own event is new


@pytest.mark.assurance("C2")
def test_going_back_to_an_old_set_is_found_by_any_checkpoint_kept_since(installation: Installation, tmp_path: Path):
    seal_some(2)
    made = installation.back_up()
    later = tmp_path / "later.txt"
    later.write_text(seal_some(2), encoding="utf-8")
    connections.close_all()
    with empty_machine(tmp_path / "new") as old_again:
        restored_on(old_again, made)
        assert findings(old_again, Path(made.folder) / CHECKPOINT) == []
        assert findings(old_again, later) == ["ledger_rolled_back"]


@pytest.mark.assurance("R1")
def test_a_drill_verifies_the_sets_ledger_and_that_the_live_one_continues_it(installation: Installation):
    seal_some(3)
    made = installation.back_up()
    seal_some(2)
    drill = run_drill(made, actor=system_actor("tests"))
    report = json.loads(bytes(drill.report))
    assert (drill.passed, report["findings"], report["differences"]) == (True, [], [])
    assert report["checked"]["leaves"] == int(report["checkpoint"].splitlines()[1])
    assert report["checked"]["checkpoints kept elsewhere"] == 1


@pytest.mark.assurance("R1")
def test_a_drill_takes_no_offence_at_what_the_archive_got_after_the_set(
    installation: Installation, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings.ARCHIVE = replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive", seconds=0)
    archive = open_archive()
    seal_some(3)
    archive_ledger(archive)
    (key,) = trusted_keys()
    with (
        running_witness(tmp_path, key) as witness,
        serve_authority(make_authority(tmp_path / "authority")) as stamps,
    ):
        settings.WITNESS_URL, settings.WITNESS_KEY = witness.url, witness.said_key
        settings.TSA_URL, settings.TSA_CA, settings.TSA_POLICY = stamps.url, str(stamps.authority.root), ""
        for name in ("WITNESS_URL", "WITNESS_KEY", "TSA_URL", "TSA_CA"):
            monkeypatch.setenv(name, str(getattr(settings, name)))
        made = installation.back_up()
        assert cosign_last() == archive_cosigned_checkpoint(archive)
        stamp_newest()
        assert archive_stamps(archive) == 1
        seal_some(2)
        archive_ledger(archive)
        drill = run_drill(made, actor=system_actor("tests"))
    report = json.loads(bytes(drill.report))
    assert (drill.passed, report["findings"], report["differences"]) == (True, [], [])
    assert report["checked"]["archived cosignatures"] == 1, "the scratch place was compared with the archive"
