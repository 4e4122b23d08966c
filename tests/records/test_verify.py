"""`manage.py verify` finds and names what was altered behind the application's back."""

import io
import json

import pytest
from django.core.management import call_command

from qms.accounts.models import User
from records.acting import acting
from records.evidence import system_actor
from records.models import StoredFile
from records.stores import file_store
from records.verifying.runs import run_checks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(a)")]

SYSTEM = system_actor("tests")
MADE = "records.installation.started"


SWITCH = """
DO $$ DECLARE guard record; BEGIN
  FOR guard IN SELECT tgrelid::regclass AS place, tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s {} TRIGGER %I', guard.place, guard.tgname);
  END LOOP;
END $$
"""


def attack(connection, *statements: str) -> None:
    """Run statements as the superuser with every trigger off, and cover the tracks."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys off
        connection.execute(SWITCH.format("DISABLE"))
        for statement in statements:
            connection.execute(statement)
        connection.execute(SWITCH.format("ENABLE ALWAYS"))


@pytest.fixture(autouse=True)
def _own_file_store(settings, tmp_path):
    settings.FILES_ROOT = tmp_path


@pytest.fixture
def person():
    with acting(SYSTEM, MADE):
        made = User.objects.create(username="ada", printed_name="Ada Vial", email="a@example.com", password="x")
    with acting(SYSTEM, MADE, reason="married last week"):
        User.objects.filter(pk=made.pk).update(printed_name="Ada Ampoule", job_title="Operator")
    with acting(SYSTEM, MADE, reason="moved to quality"):
        User.objects.filter(pk=made.pk).update(job_title="QA")
    return made


@pytest.fixture
def stored():
    kept = file_store().add_bytes(b"a photograph")
    with acting(SYSTEM, MADE):
        StoredFile.objects.create(sha256=kept.sha256, size=kept.size, media_type="image/png")
    return kept


def kinds() -> set[tuple[str, str]]:
    return {(finding.kind, finding.field) for finding in run_checks().findings}


def test_untouched_records_verify_clean(person, stored):
    assert run_checks().findings == []


ROW_ATTACKS = [
    ("UPDATE accounts_user SET printed_name = 'Eve'", ("row_altered", "printed_name")),
    ("UPDATE accounts_user SET password = 'y'", ("row_altered", "password")),
    ("DELETE FROM accounts_user", ("row_missing", "")),
    (
        "INSERT INTO accounts_user (username, printed_name, email, password, is_superuser, is_active, job_title,"
        " time_zone, shortcuts_enabled) VALUES ('eve', 'Eve', '', '', false, true, '', 'UTC', true)",
        ("row_without_snapshot", ""),
    ),
    (
        "UPDATE accounts_historicaluser SET printed_name = 'Eve' WHERE history_type = '+'",
        ("snapshot_altered", "printed_name"),
    ),
    ("DELETE FROM accounts_historicaluser WHERE history_type = '+'", ("snapshot_missing", "")),
    ("DELETE FROM records_change WHERE kind = '+'", ("change_missing", "")),
    ("UPDATE records_change SET new = '{\"job_title\": \"Boss\"}' WHERE kind = '~'", ("snapshot_altered", "job_title")),
    (
        "UPDATE records_change SET event_id = event_id - 1 WHERE kind = '~'",
        ("change_altered", "event_id, kind, row_key"),
    ),
    ("DELETE FROM records_event", ("event_missing", "event_id")),
    ("UPDATE accounts_historicaluser SET history_type = '+'", ("change_altered", "event_id, kind, row_key")),
]


@pytest.mark.parametrize(("statement", "expected"), ROW_ATTACKS)
def test_a_superusers_alteration_of_rows_or_history_is_named(person, admin_connection, statement, expected):
    attack(admin_connection, statement)
    assert expected in kinds()


def test_a_row_and_its_newest_snapshot_altered_together_contradict_the_change(person, admin_connection):
    attack(
        admin_connection,
        "UPDATE accounts_user SET job_title = 'Boss'",
        "UPDATE accounts_historicaluser SET job_title = 'Boss'"
        " WHERE history_id = (SELECT max(history_id) FROM accounts_historicaluser)",
    )
    assert ("snapshot_altered", "job_title") in kinds()


def test_an_altered_file_is_named(stored):
    path = file_store().path_of(stored.sha256)
    path.chmod(0o640)
    path.write_bytes(b"another picture")
    assert {"file_altered", "file_size"} & {kind for kind, _ in kinds()}


def test_a_lost_file_is_named(stored):
    file_store().path_of(stored.sha256).unlink()
    assert ("file_missing", "") in kinds()


def test_the_command_prints_json_and_exits_1_on_findings(person, admin_connection):
    attack(admin_connection, "UPDATE accounts_user SET printed_name = 'Eve'")
    out = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert left.value.code == 1
    assert report["findings"][0] == {
        "kind": "row_altered",
        "table": "accounts_user",
        "key": str(person.pk),
        "field": "printed_name",
        "expected": "Ada Ampoule",
        "found": "Eve",
    }


def test_the_command_exits_0_when_clean_and_leaves_an_event(person):
    out = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify", stdout=out)
    assert (left.value.code, "Clean" in out.getvalue()) == (0, True)
