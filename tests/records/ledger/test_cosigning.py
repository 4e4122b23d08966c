"""The witness's line comes under the last checkpoint, into the archive beside it, and is missed where it does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django.fixtures import Settings

from records.archive.archiving import COSIGNED, name_checkpoint, name_cosigned
from records.archive.folder import FolderArchive
from records.clock import now
from records.keys import FileKeyStore
from records.ledger.archiving import archive_cosigned_checkpoint, archive_ledger
from records.ledger.checking import check_ledger
from records.ledger.checkpoints import open_checkpoint, sign_checkpoint
from records.ledger.cosigning import cosign_last
from records.ledger.errors import WitnessHasSeenMore, WitnessRefused
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.known import check_cosignatures
from records.ledger.notes import SignatureType, VerifierKey, cosign_note, make_verifier_key, parse_note, verify_note
from records.ledger.witnessing import ask_witness, read_witness
from records.models import Event, OutboxItem
from records.models_ledger import Checkpoint, CheckpointCosignature
from records.rotation import rotate_key
from records.verifying import archive as archive_checks
from records.verifying.archive import check_archive
from records.verifying.findings import Tally
from tests.assurance.telling import check_told
from tests.records.ledger.sealing_stage import DATABASES, attack, seal
from tests.witnesses import RunningWitness, SmallLog, running_witness

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(c)", "11.10(e)"),
    pytest.mark.assurance("C2"),
]


@pytest.fixture
def archive(settings: Settings, tmp_path: Path) -> FolderArchive:
    settings.ARCHIVE = replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive", seconds=0)
    made = FolderArchive(tmp_path / "archive")
    made.check_ready()
    return made


@pytest.fixture
def witness(store: FileKeyStore, settings: Settings, tmp_path: Path) -> Iterator[RunningWitness]:
    """A real witness of this ledger, whose first three leaves are sealed."""
    seal(store, 3)
    (key,) = trusted_keys()
    with running_witness(tmp_path, key) as running:
        settings.WITNESS_URL, settings.WITNESS_KEY = running.url, running.said_key
        yield running


def found() -> set[tuple[str, str]]:
    return {(finding.kind, finding.key) for finding in check_archive(Tally())}


def archive_all(archive: FolderArchive) -> str:
    """Archive what there is; return the name of the cosigned checkpoint."""
    archive_ledger(archive)
    size = archive_cosigned_checkpoint(archive)
    assert size is not None
    (name,) = [name for name in archive.list(COSIGNED) if f"{size:020d}" in name]
    return name


def place_of(archive: FolderArchive, name: str) -> Path:
    """Return the file that holds an archived object's bytes."""
    (file,) = [path for path in archive.root.rglob(Path(name).name) if path.is_file()]
    return file


def test_a_slow_witness_delays_no_archive_and_its_line_follows(
    store: FileKeyStore, witness: RunningWitness, archive: FolderArchive
) -> None:
    assert archive_ledger(archive) == 3
    assert archive_cosigned_checkpoint(archive) is None
    assert cosign_last() == 3
    assert archive_cosigned_checkpoint(archive) == 3
    assert archive_cosigned_checkpoint(archive) is None
    seal(store, 2)
    assert cosign_last() == 5
    assert archive_cosigned_checkpoint(archive) is None, "its tiles are not archived yet"
    assert archive_ledger(archive) == 5
    assert archive_cosigned_checkpoint(archive) == 5
    assert found() == set()


def test_a_reader_of_the_archive_alone_verifies_both_signatures(
    witness: RunningWitness, archive: FolderArchive
) -> None:
    cosign_last()
    data = archive.get(archive_all(archive))
    assert open_checkpoint(data, ledger_origin(), trusted_keys()).size == 3
    (line,) = verify_note(parse_note(data), [witness.key])
    assert line.key == witness.key
    assert data.startswith(archive.get(name_checkpoint(3))), "the same checkpoint, one line longer"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records_checkpointcosignature",
        "UPDATE records_checkpointcosignature SET line = replace(line, '— ', '— x')",
        "UPDATE records_checkpointcosignature SET line = substr(note, strpos(note, '—')) FROM records_checkpoint",
    ],
    ids=["lost", "of another name", "of the ledger itself"],
)
def test_a_cosignature_that_the_database_forgot_or_changed_is_named(
    witness: RunningWitness, archive: FolderArchive, admin_connection: Any, statement: str
) -> None:
    cosign_last()
    name = archive_all(archive)
    assert found() == set()
    attack(admin_connection, statement)
    assert ("cosignature_missing", name) in found()


@pytest.mark.parametrize("place", [0, 40, -20], ids=["origin", "root", "witness line"])
def test_an_altered_cosigned_checkpoint_is_found_in_the_archive(
    witness: RunningWitness, archive: FolderArchive, place: int
) -> None:
    cosign_last()
    name = archive_all(archive)
    file = place_of(archive, name)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.chmod(0o640)
    file.write_bytes(content)
    assert ("archive_altered", name) in found()


def test_a_cosigned_checkpoint_lost_from_the_archive_is_named(witness: RunningWitness, archive: FolderArchive) -> None:
    cosign_last()
    name = archive_all(archive)
    file = place_of(archive, name)
    file.parent.chmod(0o750)
    file.unlink()
    assert ("archive_missing", name) in found()


def test_one_that_never_came_is_missed_after_an_hour(
    witness: RunningWitness, archive: FolderArchive, admin_connection: Any
) -> None:
    archive_ledger(archive)
    cosign_last()
    assert found() == set()
    with time_machine.travel(now() + dt.timedelta(hours=2), tick=True):
        assert found() == {("archive_missing", COSIGNED)}
        archive_cosigned_checkpoint(archive)
        assert found() == set()
        attack(admin_connection, "DELETE FROM records_archivedobject WHERE name LIKE 'cosigned/%'")
        assert found() == set(), "the object itself is there"


def test_a_later_archived_line_covers_earlier_ones_even_where_its_own_row_is_unknown(
    store: FileKeyStore, witness: RunningWitness, archive: FolderArchive, admin_connection: Any
) -> None:
    archive_ledger(archive)
    cosign_last()
    seal(store, 2)
    archive_ledger(archive)
    cosign_last()
    name = archive_all(archive)
    attack(admin_connection, "DELETE FROM records_checkpointcosignature WHERE checkpoint_id = 5")
    with time_machine.travel(now() + dt.timedelta(hours=2), tick=True):
        assert found() == {("cosignature_missing", name)}


def stranger(name: str) -> tuple[VerifierKey, str]:
    """Return the key of somebody else under a name, and their line under our checkpoint."""
    secret = Ed25519PrivateKey.generate()
    key = make_verifier_key(name, SignatureType.COSIGNATURE, secret.public_key())
    text = parse_note(Checkpoint.objects.get().note.encode()).text
    return key, str(cosign_note(text, key, 1_790_000_000, secret.sign))


def test_a_line_of_a_stranger_put_into_the_archive_is_named(witness: RunningWitness, archive: FolderArchive) -> None:
    cosign_last()
    archive_all(archive)
    _, line = stranger("witness.stranger.example")
    note = (Checkpoint.objects.get().note + line).encode()
    archive.put(name_cosigned(3, note), note, now() + dt.timedelta(days=1))
    archive.put(f"{COSIGNED}of-no-checkpoint", note, now() + dt.timedelta(days=1))
    assert found() == {
        ("cosignature_missing", name_cosigned(3, note)),
        ("cosignature_missing", f"{COSIGNED}of-no-checkpoint"),
    }


def test_a_strangers_line_under_the_witnesss_name_is_named_in_row_and_archive(
    witness: RunningWitness, archive: FolderArchive
) -> None:
    _, line = stranger(witness.key.name)
    row = CheckpointCosignature.objects.using("sealer").create(checkpoint_id=3, witness=witness.key.name, line=line)
    name = archive_all(archive)
    assert found() == {("cosignature_forged", name)}
    assert [(one.kind, one.key) for one in check_cosignatures(Tally())] == [("cosignature_forged", str(row.pk))]


def test_without_this_check_none_of_it_would_be_seen(
    witness: RunningWitness, archive: FolderArchive, admin_connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cosign_last()
    archive_all(archive)
    _, line = stranger(witness.key.name)
    attack(
        admin_connection,
        "DELETE FROM records_checkpointcosignature",
        "DELETE FROM records_archivedobject WHERE name LIKE 'cosigned/%'",
    )
    note = (Checkpoint.objects.get().note + line).encode()
    archive.put(name_cosigned(3, note), note, now() + dt.timedelta(days=1))
    assert len(found()) == 2
    monkeypatch.setattr(archive_checks, "check_cosigned", lambda *_: iter(()))
    assert found() == set()


def test_a_refusal_of_the_witness_is_told_once_and_by_mail(
    store: FileKeyStore, witness: RunningWitness, admin_connection: Any
) -> None:
    seal(store, 2)
    assert cosign_last() == 5
    since = Event.objects.latest("id")
    attack(
        admin_connection,
        "DELETE FROM records_checkpointcosignature",
        "DELETE FROM records_checkpoint WHERE size = 5",
        "DELETE FROM records_leaf WHERE index >= 3",
    )
    for _ in range(2):
        with pytest.raises(WitnessHasSeenMore):
            cosign_last()
    event = Event.objects.get(act="records.witness.refused")
    check_told(event, since=since, secrets=[])
    assert (event.actor_username, event.details) == ("system:sealer", {"size": 3, "code": WitnessHasSeenMore.code})
    assert OutboxItem.objects.filter(kind="records.alert", payload__event=event.pk).count() == 1


# --- Rotation of the checkpoint key


def restart(witness: RunningWitness, settings: Settings, *logs: VerifierKey) -> None:
    """Start the witness again, knowing these keys of the log."""
    witness.stop()
    witness.logs = logs
    witness.start()
    settings.WITNESS_URL = witness.url


@pytest.mark.clause("11.30")
def test_a_witness_that_knows_both_keys_cosigns_across_a_rotation(
    store: FileKeyStore, witness: RunningWitness, archive: FolderArchive, settings: Settings
) -> None:
    assert cosign_last() == 3
    (old,) = trusted_keys()
    rotate_key("checkpoint", reason="yearly rotation")
    (new,) = [key for key in trusted_keys() if key != old]
    seal(store, 2)
    size = Checkpoint.objects.latest("size").size
    (signed,) = verify_note(parse_note(Checkpoint.objects.latest("size").note.encode()), [old, new])
    assert signed.key == new
    with pytest.raises(WitnessRefused, match="403"):
        cosign_last()
    restart(witness, settings, old, new)
    assert cosign_last() == size
    seen = read_witness(witness.url, witness.key, old.name, [old, new], seconds=30)
    assert seen is not None
    assert seen.size == size
    archive_all(archive)
    assert found() == set()
    assert [finding for check in (check_ledger, check_cosignatures) for finding in check(Tally())] == []


@pytest.mark.clause("11.30")
def test_after_a_rotation_neither_key_signs_another_history_past_the_witness(
    store: FileKeyStore, witness: RunningWitness, settings: Settings
) -> None:
    cosign_last()
    (old,) = trusted_keys()
    rotate_key("checkpoint", reason="yearly rotation")
    (new,) = [key for key in trusted_keys() if key != old]
    seal(store, 2)
    restart(witness, settings, old, new)
    size = Checkpoint.objects.latest("size").size
    assert cosign_last() == size
    forked = SmallLog(old.name, "another story")
    for version, key in ((1, old), (2, new)):
        note = sign_checkpoint(forked.checkpoint(9), key, partial(store.sign, "checkpoint", version=version))
        with pytest.raises(WitnessRefused, match="proof does not hold"):
            ask_witness(witness.url, witness.key, note, size, forked.proof(size, 9), seconds=30)
    restart(witness, settings, new)
    seal(store, 2)
    assert cosign_last() == size + 2, "the retired key is no longer needed, what was seen is not forgotten"
