"""`manage.py verify` over the ledger: clean when nothing was touched, and what it names when something was."""

import io
import json

import pytest
from django.core.management import call_command

from records.acting import acting
from records.errors_ledger import NoCleanVerification
from records.ledger.checking import check_events, check_ledger
from records.ledger.sealing import seal_events
from records.models import Event
from records.models_ledger import Checkpoint
from records.verifying.findings import Tally
from records.verifying.results import Result, last_clean_full_result, last_result, read_result
from records.verifying.runs import run_checks, verify_all
from tests.records.ledger.sealing_stage import DATABASES, SYSTEM, attack, make_events, make_files, seal

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(a)"),
]


def found() -> set[tuple[str, str]]:
    tally = Tally()
    return {(finding.kind, finding.key) for check in (check_ledger, check_events) for finding in check(tally)}


def test_an_untouched_ledger_is_clean(store):
    assert found() == set()
    for count in (3, 1):
        seal(store, count)
    for count in (300, 260):
        make_events(count)
        seal_events(store)
    tally = Tally()
    assert list(check_ledger(tally)) == []
    assert tally.reached is not None
    assert (tally.counts["leaves"], tally.counts["checkpoints"], tally.reached.size) == (564, 4, 564)


def result_now() -> Result:
    result = last_result()
    assert result is not None
    return result


ATTACKS = [
    ("UPDATE records_event SET reason = 'another' WHERE id = {event}", ("event_altered", "{event}")),
    ("UPDATE records_change SET row_key = 'x' WHERE event_id = {event}", ("event_altered", "{event}")),
    ("UPDATE records_historicalstoredfile SET size = 9 WHERE event_id = {event}", ("event_altered", "{event}")),
    ("DELETE FROM records_historicalstoredfile WHERE event_id = {event}", ("event_altered", "{event}")),
    ("DELETE FROM records_event WHERE id = {event}", ("event_missing", "{event}")),
    ('DELETE FROM records_leaf WHERE "index" = 2', ("leaf_missing", "2")),
    ("UPDATE records_leaf SET hash = sha256('x') WHERE event_id = {event}", ("event_altered", "{event}")),
    ("UPDATE records_leafformat SET text = text || ' '", ("format_altered", "{format}")),
    ("UPDATE records_checkpoint SET root = sha256('x') WHERE size = 5", ("checkpoint_altered", "5")),
    ("UPDATE records_checkpoint SET note = replace(note, E'\\n5\\n', E'\\n4\\n')", ("checkpoint_forged", "5")),
    ("UPDATE records_checkpoint SET note = 'x' WHERE size = 10", ("checkpoint_forged", "10")),
    ("DELETE FROM records_checkpoint WHERE size = 5", ("checkpoint_missing", "10")),
    ("DELETE FROM records_checkpoint WHERE size = 10", ("leaves_unsigned", "5 to 9")),
    ("TRUNCATE records_leaf", ("leaves_altered", "0 to 4")),
    ("DELETE FROM records_leaf; DELETE FROM records_checkpoint", ("ledger_missing", "")),
]


@pytest.mark.assurance("C1")
@pytest.mark.parametrize(("statement", "expected"), ATTACKS)
def test_what_a_superuser_altered_is_named(store, admin_connection, statement, expected):
    events = seal(store, 5)
    seal(store, 5)
    form = Event.objects.get(pk=events[2]).leaf.format_id
    attack(admin_connection, statement.format(event=events[2]))
    assert tuple(word.format(event=events[2], format=form) for word in expected) in found()


@pytest.mark.assurance("C1")
def test_row_and_leaf_rewritten_together_contradict_the_signed_root(store, admin_connection):
    seal(store, 4)
    events = seal(store, 4)
    attack(admin_connection, f"UPDATE records_event SET reason = 'another' WHERE id = {events[1]}")
    expected = next(finding for finding in check_ledger(Tally()) if finding.key == str(events[1]))
    attack(
        admin_connection,
        f"UPDATE records_leaf SET hash = decode('{expected.found}', 'hex') WHERE event_id = {events[1]}",
    )
    assert found() == {("leaves_altered", "4 to 7")}


@pytest.mark.assurance("C1")
def test_an_event_smuggled_in_below_the_horizon_is_named(store, admin_connection):
    seal(store, 3)
    attack(
        admin_connection,
        "INSERT INTO records_event (id, xact, app_at, act, actor_username, actor_name, actor_role, reason, details,"
        " address, session, station, request_id, build) OVERRIDING SYSTEM VALUE"
        " VALUES (999, '3', now(), 'x', '', '', '', '', '{}', '', '', '', '', '')",
    )
    seal(store, 1, first=4)
    assert ("event_unsealed", "999") in found()


def test_an_event_that_claims_an_earlier_day_is_named(store, admin_connection):
    seal(store, 3)
    attack(
        admin_connection,
        "INSERT INTO records_event (id, at, app_at, act, actor_username, actor_name, actor_role, reason, details,"
        " address, session, station, request_id, build) OVERRIDING SYSTEM VALUE"
        " VALUES (999, now() - interval '2 days', now(), 'x', '', '', '', '', '{}', '', '', '', '', '')",
    )
    seal(store, 1, first=4)
    assert found() == {("event_backdated", "999")}


def test_a_backlog_older_than_a_day_is_no_forgery(store, fresh_database, admin_connection):
    admin_connection.execute("ALTER TABLE records_event ALTER at SET DEFAULT clock_timestamp() - interval '3 days'")
    make_files(6)
    for _ in range(3):
        seal_events(store, limit=2)
    assert found() == set()


def test_waiting_events_are_a_finding_only_beyond_the_limit(store, settings, admin_connection):
    seal(store, 2)
    make_files(1, first=3)
    assert found() == set()
    attack(
        admin_connection,
        "UPDATE records_event SET at = at - interval '2 minutes' WHERE id = (SELECT max(id) FROM records_event)",
    )
    assert found() == {("events_waiting", "")}


def test_the_result_is_a_signed_event(store):
    seal(store, 3)
    report = verify_all(actor=SYSTEM, store=store)
    result = result_now()
    assert (report.is_clean, result.is_signed, result.mode, result.head.size) == (True, True, "full", 3)


def test_without_the_sealers_keys_the_result_says_that_it_is_not_signed(store):
    seal(store, 3)
    assert not verify_all(actor=SYSTEM).is_signed
    assert not result_now().is_signed
    assert last_clean_full_result() is None


def test_a_forged_clean_result_shows(store):
    seal(store, 3)
    verify_all(actor=SYSTEM, store=store)
    honest = Event.objects.filter(act="records.verify.finished").latest("id").details
    for forged in (
        {**honest, "findings": 0, "size": 9},
        {**honest, "note": ""},
        {**honest, "checked": {}},
        {key: value for key, value in honest.items() if key != "note"},
    ):
        with acting(SYSTEM, "records.verify.finished", details=forged) as event:
            pass
        assert not read_result(Event.objects.get(pk=event.id)).is_signed


def test_an_old_result_under_a_new_event_shows(store, admin_connection):
    seal(store, 3)
    verify_all(actor=SYSTEM, store=store)
    assert result_now().is_signed
    attack(admin_connection, "UPDATE records_event SET at = at + interval '1 day'")
    assert not result_now().is_signed


def test_an_incremental_run_begins_at_the_last_clean_one(store, admin_connection):
    with pytest.raises(NoCleanVerification):
        verify_all(actor=SYSTEM, store=store, since_last=True)
    early = make_events(300)
    seal_events(store)
    verify_all(actor=SYSTEM, store=store)
    make_events(400)
    seal_events(store)
    report = verify_all(actor=SYSTEM, store=store, since_last=True)
    assert (report.is_clean, report.mode, report.checked["leaves"]) == (True, "incremental", 401)
    assert report.head is not None
    assert report.head.size == Checkpoint.objects.latest("size").size
    attack(admin_connection, f"UPDATE records_leaf SET hash = sha256('x') WHERE event_id = {early[7]}")
    kinds = {finding.kind for finding in verify_all(actor=SYSTEM, store=store, since_last=True).findings}
    assert kinds == set()  # an incremental run trusts the stored nodes below its beginning ...
    assert ("event_altered", str(early[7])) in found()  # ... which the full one recomputes
    attack(admin_connection, "UPDATE records_treenode SET hash = sha256('x')")
    kinds = {finding.kind for finding in verify_all(actor=SYSTEM, store=store, since_last=True).findings}
    assert "ledger_rewritten" in kinds


def test_a_full_run_looks_at_everything(store):
    seal(store, 2)
    report = run_checks()
    assert report.is_clean
    assert {"leaves", "checkpoints", "events", "snapshots", "changes"} <= set(report.checked)


def test_the_command_compares_with_checkpoints_kept_elsewhere(store, tmp_path, admin_connection):
    seal(store, 3)
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(Checkpoint.objects.latest("size").note)
    seal(store, 2, first=4)
    out = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify", "--json", "--checkpoint", str(kept), stdout=out, stderr=io.StringIO())
    report = json.loads(out.getvalue())
    assert (left.value.code, report["findings"], report["signed"]) == (0, [], True)
    assert report["checked"]["checkpoints kept elsewhere"] == 1
    attack(
        admin_connection,
        "UPDATE records_event SET reason = 'another' WHERE id = (SELECT min(event_id) FROM records_leaf)",
        *(f"DELETE FROM records_{table}" for table in ("leaf", "checkpoint", "treenode")),
    )
    seal_events(store)
    with pytest.raises(SystemExit) as left:
        call_command("verify", "--json", "--checkpoint", str(kept), stdout=(out := io.StringIO()), stderr=io.StringIO())
    assert left.value.code == 1
