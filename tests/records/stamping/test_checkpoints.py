"""The newest checkpoint gets a time stamp that is kept, verified again, and missed when it does not come."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from psycopg import sql

from records.archive.folder import FolderArchive
from records.archive.opening import open_archive
from records.keys import FileKeyStore
from records.ledger.archiving import archive_stamps
from records.ledger.sealing import seal_events
from records.models import Event, OutboxItem
from records.models_ledger import Checkpoint, CheckpointStamp
from records.stamping.checkpoints import last_stamp, site_client, stamp_newest
from records.stamping.lateness import RECOVERED, watch_stamping
from records.stamping.tokens import verify_token
from records.verifying.archive import check_archive
from records.verifying.findings import Finding, Tally
from records.verifying.stamps import check_stamps
from tests import servers
from tests.assurance.telling import check_told
from tests.records.ledger.sealing_stage import DATABASES, attack, make_files, sealer_keys
from tests.stamp_authority import Reply, ServedAuthority, make_authority, serve_authority

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(e)"),
    pytest.mark.clause("11.30"),
]


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> FileKeyStore:
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    settings.FILES_ROOT = tmp_path / "files"
    return sealer_keys(tmp_path)


@pytest.fixture
def served(settings: Any, tmp_path: Path) -> Iterator[ServedAuthority]:
    with serve_authority(make_authority(tmp_path / "authority")) as found:
        settings.TSA_URL, settings.TSA_CA, settings.TSA_POLICY = found.url, str(found.authority.root), ""
        settings.TSA_SECONDS = 60
        yield found


def seal(store: FileKeyStore, *, first: int = 1) -> Checkpoint:
    make_files(2, first=first)
    seal_events(store)
    return Checkpoint.objects.latest("size")


def tamper(table: str, change: str) -> None:
    """Write past every guard of a table, as a superuser can, and put the guards back."""
    name, assignment = sql.Identifier(table), sql.SQL(change)
    with servers.administrator(servers.DATABASE) as superuser, superuser.transaction():
        guards = superuser.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'A'",
            [table],
        ).fetchall()
        superuser.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        assert superuser.execute(sql.SQL("UPDATE {} SET {}").format(name, assignment)).rowcount == 1
        for (guard,) in guards:
            superuser.execute(sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(name, sql.Identifier(guard)))


def findings() -> list[Finding]:
    return list(check_stamps(Tally()))


def test_without_an_authority_nothing_is_asked_and_nothing_is_missed(store: FileKeyStore):
    seal(store)
    assert site_client() is None
    assert stamp_newest() is None
    assert not watch_stamping().is_too_long


def test_the_newest_checkpoint_is_stamped_once_and_kept_as_openssl_reads_it(
    store: FileKeyStore, served: ServedAuthority
):
    seal(store)
    newest = seal(store, first=10)
    kept = stamp_newest()
    assert kept is not None
    assert stamp_newest() is None
    assert len(served.queries) == 1
    assert kept == last_stamp() == CheckpointStamp.objects.get()
    assert (kept.checkpoint_id, kept.authority) == (newest.size, "CN=Test time-stamp authority")
    assert abs(kept.stamped_at - newest.made_at) < dt.timedelta(minutes=5)
    assert verify_token(bytes(kept.token), newest.note.encode(), trust=served.authority.trust).at == kept.stamped_at
    assert served.authority.accepts(bytes(kept.token), newest.note.encode())
    assert findings() == []


def test_only_the_sealers_role_may_keep_a_stamp(store: FileKeyStore, served: ServedAuthority):
    seal(store)
    with pytest.raises(DatabaseError, match="permission denied"):
        stamp_newest(using="default")
    assert not CheckpointStamp.objects.exists()


@pytest.mark.parametrize("reply", [Reply(b"garbage"), Reply(b"", 503), Reply(b"", kind="text/html")])
def test_a_refused_answer_leaves_nothing_and_the_next_run_asks_again(
    store: FileKeyStore, served: ServedAuthority, caplog: pytest.LogCaptureFixture, reply: Reply
):
    seal(store)
    served.behave = lambda query: reply
    assert stamp_newest() is None
    assert "got no time stamp" in caplog.text
    served.behave = None
    assert stamp_newest() is not None


def test_stamps_that_do_not_come_are_told_once_and_their_return_too(store: FileKeyStore, served: ServedAuthority):
    seal(store)
    assert not watch_stamping().is_too_long
    tamper("records_checkpoint", "made_at = made_at - interval '1 hour'")
    for _ in range(2):
        assert watch_stamping().is_too_long
    event = Event.objects.get(act="records.stamping.delayed")
    check_told(event, since=Event.objects.earliest("id"), secrets=[])
    assert (event.actor_username, event.details["seconds"] > 900) == ("system:watch", True)
    assert OutboxItem.objects.filter(kind="records.alert", payload__event=event.pk).count() == 1
    assert stamp_newest() is not None
    for _ in range(2):
        assert not watch_stamping().is_too_long
    assert Event.objects.filter(act=RECOVERED).count() == 1


# --- Verification


@pytest.mark.assurance("C1")
@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ("token = set_byte(token, 300, get_byte(token, 300) # 1)", "stamp_invalid", "token"),
        ("token = 'x'", "stamp_invalid", "token"),
        ("stamped_at = stamped_at - interval '1 day'", "stamp_altered", "stamped_at"),
        ("authority = 'CN=Somebody else'", "stamp_altered", "authority"),
    ],
)
def test_an_altered_stamp_is_named(store: FileKeyStore, served: ServedAuthority, change: str, kind: str, field: str):
    seal(store)
    kept = stamp_newest()
    assert kept is not None
    tamper("records_checkpointstamp", change)
    (found,) = findings()
    assert (found.kind, found.key, found.field) == (kind, str(kept.pk), field)


@pytest.mark.assurance("C2")
def test_a_checkpoint_written_anew_does_not_carry_the_old_stamp(store: FileKeyStore, served: ServedAuthority):
    seal(store)
    stamp_newest()
    tamper("records_checkpoint", "note = note || ' '")
    (found,) = findings()
    assert found.kind == "stamp_invalid"
    assert "records.stamp_imprint_mismatch" in found.found


def test_a_stamp_of_an_authority_that_is_not_trusted_is_named(
    store: FileKeyStore, served: ServedAuthority, settings: Any, tmp_path: Path
):
    seal(store)
    stamp_newest()
    settings.TSA_CA = str(make_authority(tmp_path / "other").root)
    (found,) = findings()
    assert "records.stamp_untrusted" in found.found
    settings.TSA_CA = settings.TSA_URL = ""
    assert [one.kind for one in findings()] == ["stamp_without_trust"]


def test_an_older_stamp_keeps_counting_when_the_site_asks_for_another_policy(
    store: FileKeyStore, served: ServedAuthority, settings: Any
):
    seal(store)
    stamp_newest()
    settings.TSA_POLICY = "1.2.3.4"
    assert findings() == []


def test_an_archived_stamp_that_the_database_forgot_is_named(
    store: FileKeyStore, served: ServedAuthority, settings: Any, tmp_path: Path, admin_connection: Any
):
    settings.ARCHIVE = dataclasses.replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive")
    archive = open_archive()
    assert isinstance(archive, FolderArchive)
    for first in (1, 3):
        seal(store, first=first)
        stamp_newest()
    assert [archive_stamps(archive), archive_stamps(archive)] == [2, 0]
    lost, kept = archive.list("stamps/")
    assert [archive.get(lost), archive.get(kept)] == [
        bytes(row.token) for row in CheckpointStamp.objects.order_by("checkpoint_id")
    ]
    assert list(check_archive(Tally())) == []
    attack(admin_connection, "DELETE FROM records_checkpointstamp WHERE checkpoint_id = 2")
    assert [(finding.kind, finding.key) for finding in check_archive(Tally())] == [("stamp_missing", lost)]
