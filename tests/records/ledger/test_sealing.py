"""One pass of the sealer: committed events become leaves under a signed checkpoint, or nothing happens."""

import psycopg
import pytest
from django.db import connection, connections, transaction

from records.acting import acting
from records.errors_ledger import CheckpointKeyUnknown, LedgerBroken
from records.keys import KeyKind
from records.ledger.checkpoints import open_checkpoint
from records.ledger.identity import CHECKPOINT_KEY, ledger_origin, published_keys_path, trusted_keys
from records.ledger.leaves import fixed_texts, make_entries, present_format
from records.ledger.merkle import leaf_hash, root_of
from records.ledger.sealing import seal_events, seal_everything
from records.models import StoredFile
from records.models_ledger import Checkpoint, Leaf, LeafFormat, TreeNode
from tests import servers
from tests.records.ledger.sealing_stage import (
    DATABASES,
    MADE,
    SYSTEM,
    make_events,
    make_file,
    make_files,
    stored_leaves,
)

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(e)"),
]


def test_committed_events_become_leaves_under_a_signed_checkpoint(store):
    events = make_files(5)
    assert seal_events(store) == 5
    assert stored_leaves() == list(enumerate(events))
    made = Checkpoint.objects.get()
    checkpoint = open_checkpoint(made.note.encode(), ledger_origin(), trusted_keys())
    root = root_of(bytes(leaf.hash) for leaf in Leaf.objects.order_by("index"))
    assert (checkpoint.size, checkpoint.root, bytes(made.root)) == (5, root, root)


def test_nothing_new_makes_no_checkpoint(store):
    make_files(2)
    assert [seal_events(store), seal_events(store)] == [2, 0]
    assert Checkpoint.objects.count() == 1


def test_the_tree_grows_over_many_passes_to_the_root_of_all_leaves(store):
    for count in (1, 2, 253, 1, 300):
        make_events(count)
        seal_events(store)
    hashes = [bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")]
    for made in Checkpoint.objects.all():
        assert bytes(made.root) == root_of(hashes[: made.size])
    nodes = [bytes(node.hash) for node in TreeNode.objects.filter(tier=1).order_by("index")]
    assert nodes == [root_of(hashes[:256]), root_of(hashes[256:512])]


def test_more_than_one_pass_takes_is_sealed_by_the_following_ones(store):
    events = make_files(10)
    assert seal_everything(store, limit=4) == 10
    assert stored_leaves() == list(enumerate(events))
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [4, 8, 10]


def test_an_entry_says_event_format_lines_and_their_hash(store):
    event = make_file(1)
    with fixed_texts("default"):
        form = present_format("default")
        entry = make_entries("default", form, [event])[event]
    seal_events(store)
    head, number, digest, lines, _, end = entry.decode().split("\n")
    assert (head, number, digest, lines, end) == ("countersign-event/v1", str(event), form.digest, "3", "")
    assert leaf_hash(entry) == bytes(Leaf.objects.get(event_id=event).hash)
    assert LeafFormat.objects.get().text == form.text


@pytest.mark.assurance("E8")
def test_leaves_follow_commits_not_ids(store):
    with psycopg.connect(servers.address_of(servers.ROLES.owner)) as slow:
        slow.execute(
            "INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address,"
            " session, station, request_id, build) VALUES (now(), 'x', '', '', '', '', '{}', '', '', '', '', '')"
        )
        held = make_files(2)  # younger than a running transaction: they wait
        assert seal_events(store) == 0
        slow.commit()
    first = min(held) - 1
    assert seal_events(store) == 3
    assert [event for _, event in stored_leaves()] == [first, *held]


@pytest.mark.assurance("E8")
def test_a_transaction_of_another_database_holds_nothing_back(store):
    with servers.administrator() as admin, psycopg.connect(servers.ADMIN_URL) as other:
        assert other.info.dbname != servers.DATABASE
        other.execute("SELECT pg_current_xact_id()")  # now it runs, with a number below those that follow
        events = make_files(2)
        running = admin.execute("SELECT pg_snapshot_xip(pg_current_snapshot())").fetchall()
        assert running != []  # negative control: the server's snapshot does name it
        assert seal_events(store) == 2
        other.rollback()
    assert [event for _, event in stored_leaves()] == events


@pytest.mark.assurance("E8")
def test_a_transaction_that_commits_late_is_sealed_after_those_before_it(store):
    early = make_files(2)
    with psycopg.connect(servers.address_of(servers.ROLES.app)) as slow:
        slow.execute("SELECT nextval(pg_get_serial_sequence('records_event', 'id'))")  # takes an id, writes nothing
        low = slow.execute("SELECT lastval()").fetchall()[0][0]
        later = make_files(2, first=3)
        assert seal_events(store) == 4
        slow.commit()
    assert low < min(later)
    with servers.administrator(servers.DATABASE) as admin:
        admin.execute(
            "INSERT INTO records_event (id, app_at, act, actor_username, actor_name, actor_role, reason, details,"
            " address, session, station, request_id, build) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, now(), 'x', '', '', '', '', '{}', '', '', '', '', '')",
            [low],
        )
    assert seal_events(store) == 1
    assert [event for _, event in stored_leaves()] == [*early, *later, low]


@pytest.mark.assurance("E8")
@pytest.mark.parametrize("jump", ["- interval '1 hour'", "+ interval '1 hour'", "- interval '3 days'"])
def test_a_jump_of_the_clock_changes_nothing(store, fresh_database, admin_connection, jump):
    events = make_files(2)
    assert seal_events(store) == 2
    admin_connection.execute(f"ALTER TABLE records_event ALTER at SET DEFAULT clock_timestamp() {jump}")
    events += make_files(2, first=3)
    assert seal_events(store) == 2
    assert stored_leaves() == list(enumerate(events))


@pytest.mark.assurance("C7")
def test_what_was_rolled_back_leaves_no_gap_among_leaves(store):
    for number in range(20):
        with transaction.atomic():
            make_file(number + 1)
            transaction.set_rollback(number % 2 == 1)
        if number % 7 == 0:
            seal_events(store)
    seal_events(store)
    indexes, events = zip(*stored_leaves(), strict=True)
    assert indexes == tuple(range(10))
    assert max(events) - min(events) + 1 > 10  # negative control: the events' own numbers have gaps


def test_two_sealers_at_once_do_the_work_once(store):
    make_files(3)
    with psycopg.connect(servers.address_of(servers.ROLES.sealer)) as other:
        other.execute("SELECT pg_advisory_xact_lock(7210060)")
        assert seal_events(store) == 0
    assert seal_events(store) == 3


class KeyLost(Exception):
    pass


def test_a_pass_that_fails_before_its_signature_leaves_nothing(store, monkeypatch):
    make_files(3)
    seal_events(store)
    make_files(3, first=4)

    def fail(name, message):
        raise KeyLost

    monkeypatch.setattr(store, "sign", fail)
    with pytest.raises(KeyLost):
        seal_events(store)
    assert (Leaf.objects.count(), Checkpoint.objects.count()) == (3, 1)
    monkeypatch.undo()
    assert seal_events(store) == 3


def test_a_foreign_key_signs_nothing(store, settings, tmp_path):
    make_files(1)
    seal_events(store)
    settings.SEALER_KEYS_ROOT = tmp_path / "other"
    other = type(store)(settings.SEALER_KEYS_ROOT)
    other.create_key(CHECKPOINT_KEY, KeyKind.ED25519)
    make_files(1, first=2)
    with pytest.raises(CheckpointKeyUnknown, match="not among the ledger's published keys"):
        seal_events(other)
    assert Leaf.objects.count() == 1


def test_the_sealers_key_is_not_where_the_web_process_looks(store):
    make_files(1)
    seal_events(store)
    assert published_keys_path().read_text().count("\n") == 1
    assert {path.name for path in published_keys_path().parent.iterdir()} == {"ledger.keys", "sealer"}
    assert store.root.stat().st_mode & 0o777 == 0o700


def test_a_ledger_that_is_not_whole_is_not_continued(store, fresh_database, admin_connection):
    make_files(3)
    seal_events(store)
    admin_connection.execute("ALTER TABLE records_leaf DISABLE TRIGGER ALL")
    admin_connection.execute('DELETE FROM records_leaf WHERE "index" = 2')
    make_files(1, first=4)
    with pytest.raises(LedgerBroken, match="over 3 leaves, but there are 2"):
        seal_events(store)


def test_a_column_added_later_makes_a_new_format_and_old_leaves_keep_theirs(store, fresh_database):
    make_files(2)
    seal_events(store)
    with servers.administrator(servers.DATABASE) as admin:
        admin.execute("ALTER TABLE records_historicalstoredfile ADD COLUMN more text")
    make_files(2, first=3)
    seal_events(store)
    assert LeafFormat.objects.count() == 2
    old, new = LeafFormat.objects.order_by("id")
    assert [leaf.format_id for leaf in Leaf.objects.order_by("index")] == [old.id, old.id, new.id, new.id]


def test_events_of_another_cluster_are_sealed_at_once(store, fresh_database, admin_connection):
    make_files(2)
    seal_events(store)
    admin_connection.execute("ALTER TABLE records_event DISABLE TRIGGER ALL")
    admin_connection.execute("ALTER TABLE records_checkpoint DISABLE TRIGGER ALL")
    admin_connection.execute("UPDATE records_checkpoint SET horizon = horizon + 1000000000000")
    events = make_files(2, first=3)
    admin_connection.execute(
        "UPDATE records_event SET xact = (xact::text::bigint + 900000000000)::text::xid8 WHERE id = ANY(%s)", [events]
    )
    assert seal_events(store) == 2
    make_files(1, first=5)
    assert seal_events(store) == 1


def test_saving_needs_no_sealer(store):
    with acting(SYSTEM, MADE):
        StoredFile.objects.create(sha256="f" * 64, size=1, media_type="image/png")
    assert Leaf.objects.count() == 0
    connections["sealer"].close()
    connection.close()
