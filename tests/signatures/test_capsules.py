"""An evidence capsule proves itself on a computer that has never seen this product."""

from __future__ import annotations

import ast
import csv
import io
import json
import sys
import threading

import pypdf
import pytest
from django.db import connection, connections

from records.acting import record_event
from records.clock import now
from records.evidence import system_actor
from records.models import Event
from signatures.authority import authority_file
from signatures.capsules.building import HERE, VERIFIER, steady_view
from signatures.capsules.errors import CapsuleEmpty, RecordUnknown
from signatures.capsules.scopes import scope_of_record, scope_of_records, scope_of_time
from signatures.capsules.trails import COLUMNS, RISKY_STARTS, facts_of, plain_cell, safe_cell
from tests import servers
from tests.papers.workflow import add_note
from tests.signatures.capsule_files import find_pythons, judge, make_capsule, members_of, run_verifier
from tests.signatures.capsule_world import FORMULA, committed_world

pytestmark = [pytest.mark.clause("11.10(b)"), pytest.mark.clause("11.30"), pytest.mark.clause("11.70")]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    with committed_world(django_db_blocker, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def capsule(world):
    return make_capsule(scope_of_record(world.paper.number))


@pytest.fixture(scope="module")
def members(capsule):
    return members_of(capsule)


def test_a_stranger_verifies_it_with_python_and_openssl_alone(world, capsule):
    spoken = run_verifier(capsule)
    assert spoken.code == 0, spoken.text
    for sentence in (
        "1 seal stands over the manifest",
        "1 versions have the content hash",
        "2 signatures: the statement names this record, version and content hash",
        "1 PDFs carry the organisation's seal over the whole file",
        "2 attached files have the SHA-256",
        f"1 witness, {world.witness.name}, signed this very checkpoint",
        "1 time stamp of an outside authority (timestamps/1.tst): the checkpoint existed at",
        "events, with every row that they changed, lead to the root of the checkpoint",
        "told word for word as in the ledger's lines",
        "3 versions and signatures of",
    ):
        assert sentence in spoken.text
    assert "WRONG" not in spoken.text


def test_every_python_of_this_machine_from_3_9_on_verifies_it(capsule):
    pythons = find_pythons()
    assert pythons
    said = {python: run_verifier(capsule, python=python) for python in pythons}
    assert {python: spoken.text for python, spoken in said.items() if spoken.code} == {}


def test_the_verifier_is_written_for_python_3_9_and_its_standard_library():
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert not names & {"socket", "urllib.request", "http.client", "ssl"}


def test_it_says_what_it_did_not_prove(capsule):
    unproved = " ".join(judge(capsule).unproved)
    for sentence in (
        "nothing was left out",
        "authorities are the site's own",
        "keys of ledger and witness",
        "time-stamp authority",
    ):
        assert sentence in unproved


def test_keys_from_elsewhere_settle_whose_they_are(capsule, members):
    log_key = members["ledger/log.vkey"].decode().splitlines()[0]
    witness_key = members["ledger/witness.vkey"].decode().strip()
    report = judge(capsule, ca=authority_file(), log_key=log_key, witness_key=witness_key)
    assert report.wrong == []
    assert not [line for line in report.unproved if "the site's own" in line]


def test_it_carries_the_verifier_and_the_instructions_word_for_word(members):
    assert members["verify.py"] == VERIFIER.read_bytes()
    assert members["VERIFY.txt"] == (HERE / "VERIFY.txt").read_bytes()
    assert [name for name in members if name.split("/")[0] not in members["VERIFY.txt"].decode()] == ["VERIFY.txt"]


def test_it_holds_the_record_whole(world, members):
    folder = f"records/{world.paper.number}"
    for version in world.paper.versions.all():
        assert members[f"{folder}/versions/v{version.number}.json"] == bytes(version.content)
    for signature in world.paper.signatures.all():
        assert members[f"{folder}/signatures/{signature.number}.statement.json"] == bytes(signature.statement)
        assert members[f"{folder}/signatures/{signature.number}.p7s"] == bytes(signature.cms)
    files = {name: content for name, content in members.items() if name.startswith(f"{folder}/files/")}
    assert sorted(map(len, files.values())) == [11, 128_000]
    assert all("/" not in name.removeprefix(f"{folder}/files/") for name in files)


@pytest.mark.clause("11.50(b)")
def test_every_signature_can_be_read_in_the_pdf(world, members):
    pdf = pypdf.PdfReader(io.BytesIO(members[f"records/{world.paper.number}/renditions/v1-approve.pdf"]))
    text = " ".join(page.extract_text() for page in pdf.pages)
    for signature in world.paper.signatures.all():
        assert signature.printed_name in text
        assert signature.number in text


@pytest.mark.clause("11.10(e)")
def test_the_trail_in_it_has_every_event_and_change_that_the_database_has(world, members):
    told = json.loads(members[f"records/{world.paper.number}/trail.json"])
    rows = list(Event.objects.filter(record_id=world.paper.pk).prefetch_related("changes").order_by("id"))
    assert told == [json.loads(json.dumps(facts_of(row))) for row in rows]
    assert len(rows) > 10
    lines = list(csv.DictReader(io.StringIO(members[f"records/{world.paper.number}/trail.csv"].decode("utf-8-sig"))))
    assert {int(line["event"]) for line in lines} == {row.pk for row in rows}
    changed = sum(len(set(change.new) - {"revision"}) for row in rows for change in row.changes.all() if change.new)
    assert len([line for line in lines if line["field"]]) == changed


@pytest.mark.clause("11.10(e)")
def test_each_event_of_the_trail_has_its_leaf_and_its_lines(world, members):
    leaves = [json.loads(line) for line in members["ledger/leaves.jsonl"].splitlines()]
    assert [leaf["event"] for leaf in leaves] == [row["id"] for row in json.loads(trail_of(world, members))]
    assert sum(leaf["lines"] for leaf in leaves) == members["ledger/events.txt"].count(b"\n")
    assert all("index" in leaf for leaf in leaves)


def trail_of(world, members):
    return members[f"records/{world.paper.number}/trail.json"]


@pytest.mark.assurance("D4")
def test_no_cell_is_a_formula_and_every_value_comes_back(world, members):
    rows = list(csv.reader(io.StringIO(members[f"records/{world.paper.number}/trail.csv"].decode("utf-8-sig"))))
    cells = [cell for row in rows[1:] for cell in row]
    assert not [cell for cell in cells if cell.startswith(RISKY_STARTS)]
    assert f"{FORMULA}\n+1" in [plain_cell(cell) for cell in cells]
    assert tuple(rows[0]) == COLUMNS


@pytest.mark.assurance("D4")
@pytest.mark.parametrize("value", [*(f"{start}cmd" for start in RISKY_STARTS), "'", "''=1", "plain", ""])
def test_a_cell_gives_its_value_back(value):
    assert plain_cell(safe_cell(value)) == value
    assert not safe_cell(value).startswith(RISKY_STARTS)


def test_the_same_state_gives_the_same_bytes(world):
    at = now()
    one, other = (make_capsule(scope_of_record(world.paper.number), at=at) for _ in range(2))
    assert one == other


def test_several_records_and_a_time_verify_too(world):
    scope = scope_of_records("both papers", [world.paper.pk, world.other.pk])
    assert judge(make_capsule(scope)).wrong == []
    first, last = Event.objects.earliest("id"), now()
    of_time = make_capsule(scope_of_time(first.at, last))
    report = judge(of_time)
    assert report.wrong == []
    told = [row["id"] for row in json.loads(members_of(of_time)["time/trail.json"])]
    assert told == list(Event.objects.filter(at__lt=last).order_by("id").values_list("id", flat=True))
    assert any("time/trail.json are told word for word" in line for line in report.proved)
    assert {name.split("/")[1] for name in members_of(of_time) if name.startswith("records/")} == {
        world.paper.number,
        world.other.number,
    }


def test_what_does_not_exist_makes_no_capsule(world):
    with pytest.raises(RecordUnknown, match="TP-1999-0001"):
        scope_of_record("TP-1999-0001")
    with pytest.raises(CapsuleEmpty):
        scope_of_records("lot L-0", [])


def test_an_event_younger_than_the_checkpoint_is_told_as_not_proved(world):
    author = world.crew.add("late_author", "operator", printed_name="Lea Late")
    add_note(world.other, actor=author.actor("operator"), text="after the checkpoint")
    report = judge(make_capsule(scope_of_record(world.other.number)))
    assert report.wrong == []
    youngest = Event.objects.filter(record_id=world.other.pk).latest("id").pk
    assert any(f"That 1 events ({youngest}) are sealed" in line for line in report.unproved)


def test_it_is_made_as_of_one_moment(world):
    with steady_view():
        before = Event.objects.count()
        meanwhile = threading.Thread(target=act_elsewhere)
        meanwhile.start()
        meanwhile.join()
        assert Event.objects.count() == before
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone()[0] == "on"
    assert Event.objects.count() == before + 1


def act_elsewhere():
    """Commit an event over a connection of its own."""
    record_event(system_actor("tests"), "records.installation.started")
    connections.close_all()


@pytest.mark.assurance("C1")
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE records_event SET reason = 'another' WHERE id = {event}",
        "UPDATE records_change SET new = '{{}}' WHERE event_id = {event}",
        "UPDATE records_leaf SET hash = sha256('x') WHERE event_id <> {event}",
    ],
)
def test_what_a_superuser_altered_after_the_sealing_no_longer_leads_to_the_checkpoint(world, attack):
    event = Event.objects.filter(record_id=world.paper.pk, act="records.record.edited").get().pk
    tables = ("event", "change", "leaf")
    as_superuser([f"CREATE TABLE kept_{name} AS TABLE records_{name}" for name in tables])
    try:
        as_superuser([attack.format(event=event)])
        report = judge(make_capsule(scope_of_record(world.paper.number)))
    finally:
        as_superuser([f"DELETE FROM records_{name}" for name in tables])
        as_superuser([f"INSERT INTO records_{name} TABLE kept_{name}" for name in tables])
        as_superuser([f"DROP TABLE kept_{name}" for name in tables])
    assert any(line.startswith(f"ledger/events.txt (event {event})") for line in report.wrong), report.wrong
    assert judge(make_capsule(scope_of_record(world.paper.number))).wrong == []


def as_superuser(statements):
    """Run statements over a connection that no guard stops."""
    with servers.administrator(servers.DATABASE) as admin, admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        guards = admin.execute(
            "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgenabled = 'A' AND NOT tgisinternal RETURNING oid"
        ).fetchall()
        for statement in statements:
            assert admin.execute(statement).rowcount != 0
        admin.execute("UPDATE pg_trigger SET tgenabled = 'A' WHERE oid = ANY(%s)", ([row[0] for row in guards],))
