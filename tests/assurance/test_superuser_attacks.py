"""Whatever a database superuser alters, `manage.py verify` names the kind of it and the row."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection

from records.ledger.leaves import fixed_texts, make_entries
from records.ledger.merkle import leaf_hash
from records.ledger.recomputing import Formats
from records.stores import file_store
from records.verifying.runs import run_checks
from tests.assurance.attacking import Found, as_superuser, build_plant, choose, rows_of, run_past_guards, undone
from tests.records.ledger.sealing_stage import DATABASES, sealer_keys
from tests.sizes import choose_size

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(a)"),
    pytest.mark.clause("11.10(e)"),
    pytest.mark.assurance("C1"),
]

ROUNDS = choose_size(small=1, full=5)

EVENT, CHANGE, LEAF, HEAD = "records_event", "records_change", "records_leaf", "records_checkpoint"
USERS, USER_SNAPSHOTS = "accounts_user", "accounts_historicaluser"
PAPERS, PAPER_SNAPSHOTS = "papers_paper", "papers_historicalpaper"
SIGNATURES, VERSIONS, FILES, ATTACHMENTS = (
    "signatures_signature",
    "records_version",
    "records_storedfile",
    "records_attachment",
)

A_LEAF = 'SELECT l."index", l.event_id FROM records_leaf l'
A_USER = "SELECT id FROM accounts_user"
A_USER_SNAPSHOT = "SELECT history_id, event_id FROM accounts_historicaluser WHERE history_type = '~'"
A_PAPER = "SELECT controlledrecord_ptr_id FROM papers_paper"
A_CHANGE = f"SELECT id, history_id, event_id, row_key FROM records_change WHERE table_name = '{PAPERS}'"
AN_UPDATE = f"{A_CHANGE} AND kind = '~'"
AN_ACT_ON_USERS = (
    "SELECT c.event_id, c.history_id, c.row_key FROM records_change c"
    " WHERE c.table_name = 'accounts_user' AND c.history_id IN (SELECT max(history_id) FROM accounts_historicaluser"
    " GROUP BY id) AND c.kind = '~'"
)


@dataclass(frozen=True)
class Attack:
    """One kind of attack: which rows it may hit, what it does with one, by what it must be named."""

    name: str
    targets: str
    statement: str
    tables: tuple[str, ...]
    kinds: tuple[str, ...]
    key: int = 0

    def strike(self, generator: random.Random) -> Found:
        """Do it to one row; return what must be found."""
        row = choose(generator, self.targets)
        run_past_guards(self.statement.format(*row), *self.tables)
        return Found(frozenset(self.kinds), str(row[self.key]))


ATTACKS = [
    # Live rows
    Attack(
        "edit a live row",
        A_USER,
        "UPDATE accounts_user SET printed_name = 'Eve' WHERE id = {0}",
        (USERS,),
        ("row_altered",),
    ),
    Attack(
        "swap a password",
        A_USER,
        "UPDATE accounts_user SET password = 'x' WHERE id = {0}",
        (USERS,),
        ("row_altered",),
    ),
    Attack(
        "edit a record",
        A_PAPER,
        "UPDATE papers_paper SET body = 'x' WHERE controlledrecord_ptr_id = {0}",
        (PAPERS,),
        ("row_altered",),
    ),
    Attack(
        "release by hand",
        "SELECT id FROM records_controlledrecord",
        "UPDATE records_controlledrecord SET state = 'released' WHERE id = {0}",
        ("records_controlledrecord",),
        ("row_altered",),
    ),
    Attack(
        "delete a live row",
        A_PAPER,
        "DELETE FROM papers_paper WHERE controlledrecord_ptr_id = {0}",
        (PAPERS,),
        ("row_missing",),
    ),
    Attack(
        "insert a live row",
        "SELECT 90000 + id, id FROM accounts_user",
        "INSERT INTO accounts_user (id, username, printed_name, email, password, is_superuser, "
        "is_active, job_title, time_zone, shortcuts_enabled) OVERRIDING SYSTEM VALUE "
        "VALUES ({0}, 'eve{0}', 'Eve', '', '', false, true, '', 'UTC', true)",
        (USERS,),
        ("row_without_snapshot",),
    ),
    Attack(
        "swap two rows",
        "SELECT a.controlledrecord_ptr_id, b.controlledrecord_ptr_id FROM papers_paper a, papers_paper"
        " b WHERE a.body <> b.body",
        "UPDATE papers_paper p SET body = o.body FROM papers_paper o WHERE (p.controlledrecord_ptr_id,"
        " o.controlledrecord_ptr_id) IN (({0}, {1}), ({1}, {0}))",
        (PAPERS,),
        ("row_altered",),
    ),
    Attack(
        "restore an old state",
        AN_UPDATE,
        "UPDATE papers_paper p SET body = h.body || '' FROM papers_historicalpaper h WHERE "
        "h.history_id <> {1} AND h.controlledrecord_ptr_id = p.controlledrecord_ptr_id AND h.body <> "
        "p.body AND p.controlledrecord_ptr_id = (SELECT row_key::bigint FROM records_change WHERE id ="
        " {0})",
        (PAPERS,),
        ("row_altered",),
        3,
    ),
    # History
    Attack(
        "edit a snapshot",
        A_USER_SNAPSHOT,
        "UPDATE accounts_historicaluser SET job_title = 'Boss' WHERE history_id = {0}",
        (USER_SNAPSHOTS,),
        ("event_altered",),
        1,
    ),
    Attack(
        "redate a snapshot",
        A_USER_SNAPSHOT,
        "UPDATE accounts_historicaluser SET history_date = history_date - interval '1 day' WHERE history_id = {0}",
        (USER_SNAPSHOTS,),
        ("event_altered",),
        1,
    ),
    Attack(
        "delete a snapshot",
        A_CHANGE,
        "DELETE FROM papers_historicalpaper WHERE history_id = {1}",
        (PAPER_SNAPSHOTS,),
        ("snapshot_missing",),
        1,
    ),
    Attack(
        "re-link a snapshot",
        A_CHANGE,
        "UPDATE papers_historicalpaper SET event_id = event_id - 1 WHERE history_id = {1}",
        (PAPER_SNAPSHOTS,),
        ("event_altered",),
        2,
    ),
    Attack(
        "empty a history table",
        A_CHANGE,
        "TRUNCATE papers_historicalpaper",
        (PAPER_SNAPSHOTS,),
        ("snapshot_missing",),
        1,
    ),
    # Changes
    Attack(
        "edit a change",
        AN_UPDATE,
        'UPDATE records_change SET old = \'{{"body": "x"}}\' WHERE id = {0}',
        (CHANGE,),
        ("snapshot_altered",),
        1,
    ),
    Attack(
        "delete a change",
        A_CHANGE,
        "DELETE FROM records_change WHERE id = {0}",
        (CHANGE,),
        ("change_missing",),
        1,
    ),
    Attack(
        "re-link a change",
        A_CHANGE,
        "UPDATE records_change SET event_id = event_id - 1 WHERE id = {0}",
        (CHANGE,),
        ("event_altered",),
        2,
    ),
    Attack(
        "double a change",
        A_CHANGE,
        "INSERT INTO records_change (event_id, table_name, row_key, history_id, kind, old, new) SELECT"
        " event_id, table_name, row_key, history_id, kind, old, new FROM records_change WHERE id = {0}",
        (CHANGE,),
        ("change_doubled",),
        1,
    ),
    # Events
    Attack(
        "edit a reason",
        A_LEAF,
        "UPDATE records_event SET reason = 'another' WHERE id = {1}",
        (EVENT,),
        ("event_altered",),
        1,
    ),
    Attack(
        "change a time",
        A_LEAF,
        "UPDATE records_event SET at = at - interval '1 second' WHERE id = {1}",
        (EVENT,),
        ("event_altered",),
        1,
    ),
    Attack(
        "change who acted",
        A_LEAF,
        "UPDATE records_event SET actor_name = 'Eve' WHERE id = {1}",
        (EVENT,),
        ("event_altered",),
        1,
    ),
    Attack(
        "delete an event",
        A_LEAF,
        "DELETE FROM records_event WHERE id = {1}",
        (EVENT,),
        ("event_missing",),
        1,
    ),
    Attack(
        "swap two events",
        f"{A_LEAF} WHERE l.event_id + 1 IN (SELECT event_id FROM records_leaf)",
        "UPDATE records_event SET details = '{{}}', reason = 'x', at = (SELECT at FROM records_event "
        "WHERE id = {1} + 1) WHERE id = {1}",
        (EVENT,),
        ("event_altered",),
        1,
    ),
    Attack(
        "insert an event into the past",
        "SELECT 90000 + min(id) FROM records_event",
        "INSERT INTO records_event (id, xact, app_at, act, actor_username, actor_name, actor_role, "
        "reason, details, address, session, station, request_id, build) OVERRIDING SYSTEM VALUE VALUES"
        " ({0}, '10', now(), 'x', '', '', '', '', '{{}}', '', '', '', '', '')",
        (EVENT,),
        ("event_unsealed",),
    ),
    # Signatures, versions, files
    Attack(
        "edit a signature",
        "SELECT id FROM signatures_signature",
        "UPDATE signatures_signature SET meaning = 'rejected' WHERE id = {0}",
        (SIGNATURES,),
        ("row_altered",),
        0,
    ),
    Attack(
        "delete a signature",
        "SELECT id FROM signatures_signature",
        "DELETE FROM signatures_signature WHERE id = {0}",
        (SIGNATURES,),
        ("row_missing",),
    ),
    Attack(
        "edit a version and its hash",
        "SELECT id FROM records_version",
        "UPDATE records_version SET content = '{{}}', content_hash = encode(sha256('{{}}'), 'hex') WHERE id = {0}",
        (VERSIONS,),
        ("row_altered",),
    ),
    Attack(
        "edit a version",
        "SELECT id FROM records_version",
        "UPDATE records_version SET content = '{{}}' WHERE id = {0}",
        (VERSIONS,),
        ("version_altered",),
    ),
    Attack(
        "move a file to another record",
        "SELECT a.id, b.file_id FROM records_attachment a JOIN records_attachment b ON b.id <> a.id",
        "UPDATE records_attachment SET file_id = '{1}' WHERE id = {0}",
        (ATTACHMENTS,),
        ("row_altered",),
    ),
    Attack(
        "name a file by another hash",
        "SELECT sha256 FROM records_storedfile",
        "UPDATE records_storedfile SET sha256 = repeat('f', 64) WHERE sha256 = '{0}'",
        (FILES,),
        ("row_missing", "file_foreign"),
    ),
    # The ledger itself
    Attack(
        "edit a leaf",
        A_LEAF,
        "UPDATE records_leaf SET hash = sha256('x') WHERE \"index\" = {0}",
        (LEAF,),
        ("event_altered",),
        1,
    ),
    Attack(
        "delete a leaf",
        A_LEAF,
        'DELETE FROM records_leaf WHERE "index" = {0}',
        (LEAF,),
        ("leaf_missing", "leaves_unsigned", "leaves_altered"),
    ),
    Attack(
        "edit a checkpoint's root",
        "SELECT size FROM records_checkpoint",
        "UPDATE records_checkpoint SET root = sha256('x') WHERE size = {0}",
        (HEAD,),
        ("checkpoint_altered",),
    ),
    Attack(
        "edit a checkpoint's note",
        "SELECT size FROM records_checkpoint",
        "UPDATE records_checkpoint SET note = replace(note, chr(10) || size || chr(10), chr(10) || "
        "size - 1 || chr(10)) WHERE size = {0}",
        (HEAD,),
        ("checkpoint_forged",),
    ),
    Attack(
        "delete a checkpoint",
        "SELECT c.size, n.size FROM records_checkpoint c JOIN records_checkpoint n ON n.number = c.number + 1",
        "DELETE FROM records_checkpoint WHERE size = {0}",
        (HEAD,),
        ("checkpoint_missing",),
        1,
    ),
    Attack(
        "edit a tree node",
        "SELECT tier || '/' || \"index\", id FROM records_treenode",
        "UPDATE records_treenode SET hash = sha256('x') WHERE id = {1}",
        ("records_treenode",),
        ("node_altered",),
    ),
    Attack(
        "edit a leaf format",
        "SELECT id FROM records_leafformat",
        "UPDATE records_leafformat SET text = replace(text, 'reason', 'build') WHERE id = {0}",
        ("records_leafformat",),
        ("format_altered",),
    ),
    # All that only the ledger sees
    Attack(
        "rewrite row, snapshot, change and event together",
        AN_ACT_ON_USERS,
        "UPDATE accounts_user SET job_title = 'Boss' WHERE id = {2}; UPDATE accounts_historicaluser "
        "SET job_title = 'Boss' WHERE history_id = {1}; UPDATE records_change SET new = new || "
        "'{{\"job_title\": \"Boss\"}}', old = jsonb_build_object('job_title', '') || old WHERE history_id "
        "= {1} AND table_name = 'accounts_user'; UPDATE records_event SET reason = 'promoted' WHERE id"
        " = {0}",
        (USERS, USER_SNAPSHOTS, CHANGE, EVENT),
        ("event_altered",),
    ),
]


def disable_a_guard(generator: random.Random) -> Found:
    table, guard = choose(generator, "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
    return Found(frozenset({"guard_altered"}), guard)


def replace_a_guards_function(generator: random.Random) -> Found:
    (name,) = choose(generator, "SELECT tgfoid::regproc::text FROM pg_trigger WHERE tgenabled = 'A'")
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
    return Found(frozenset({"guard_altered"}), name)


def rewrite_row_and_leaf(generator: random.Random) -> Found:
    index, event = choose(generator, A_LEAF)
    run_past_guards(f"UPDATE records_event SET reason = 'another' WHERE id = {event}", EVENT)
    (form,) = rows_of("SELECT format_id FROM records_leaf WHERE event_id = %s", [event])[0]
    with fixed_texts("default"):
        entry = make_entries("default", Formats("default").find(form), [event])[event]
    new = leaf_hash(entry).hex()
    run_past_guards(f"UPDATE records_leaf SET hash = decode('{new}', 'hex') WHERE event_id = {event}", LEAF)
    return Found(frozenset({"leaves_altered"}), str(index))


STRIKES: dict[str, Callable[[random.Random], Found]] = {
    **{attack.name: attack.strike for attack in ATTACKS},
    "switch a guard off": disable_a_guard,
    "replace a guard's function": replace_a_guards_function,
    "rewrite row and leaf together": rewrite_row_and_leaf,
}


@pytest.fixture
def plant(settings, tmp_path, author, reviewer, qa_manager):
    store = sealer_keys(tmp_path)
    settings.SEALER_KEYS_ROOT = store.root
    settings.FILES_ROOT = tmp_path / "files"
    build_plant(store, author, reviewer, qa_manager)
    with as_superuser():
        yield


def test_every_attack_of_a_superuser_is_named(plant, randomly_seeded):
    assert run_checks().findings == []
    missed, tried = [], 0
    for number in range(ROUNDS):
        for name, strike in STRIKES.items():
            generator = random.Random(f"{randomly_seeded} {name} {number}")
            with undone():
                expected = strike(generator)
                findings = run_checks().findings
            tried += 1
            if not expected.is_among(findings):
                told = [(finding.kind, finding.table, finding.key) for finding in findings[:5]]
                missed.append((name, sorted(expected.kinds), expected.key, told))
    sys.stdout.write(f"\nC1: {tried - len(missed)} of {tried} attacks named ({len(STRIKES)} kinds)\n")
    assert not missed, "\n".join(map(str, missed))
    assert run_checks().findings == []  # every attack was undone: what was found was the attack


@pytest.mark.parametrize("check", ["ledger"])
def test_without_the_ledgers_check_a_consistent_rewrite_is_missed(plant, randomly_seeded, monkeypatch, check):
    checks = dict(run_checks.__globals__["registered_checks"]())
    checks.pop(check)
    monkeypatch.setitem(run_checks.__globals__, "registered_checks", lambda **_: checks)
    with undone():
        STRIKES["rewrite row, snapshot, change and event together"](random.Random(randomly_seeded))
        assert run_checks().findings == []


def test_a_file_altered_in_its_place_is_named(plant):
    (name,) = rows_of("SELECT sha256 FROM records_storedfile ORDER BY sha256")[0]
    path = file_store().path_of(name)
    path.chmod(0o640)
    path.write_bytes(b"another picture")
    assert Found(frozenset({"file_altered"}), name).is_among(run_checks().findings)
