"""Good records verify clean: many of them, in another database, zone and locale, and sealed on from there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connections

from qms.plant import provision
from qms.plant.postgres import find_installation
from records.ledger.sealing import seal_everything
from records.verifying.runs import run_checks
from tests import servers
from tests.papers.models import Paper
from tests.records.ledger.sealing_stage import DATABASES, make_events, sealer_keys
from tests.signatures.papers import approved_paper
from tests.sizes import choose_size

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(a)"),
    pytest.mark.assurance("C3"),
]

EVENTS = choose_size(small=1_500, full=1_000_000)
COPY = f"{servers.DATABASE}_copy"

# As the serving role, through the real guards: each event with one row, its snapshot and its change.
FILL = """
DO $$ DECLARE e bigint; BEGIN
  FOR n IN 1..{events} LOOP
    INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address,
      session, station, request_id, build)
    VALUES (now(), 'records.record.edited', 'mchen', E'Maria Ch\\u00e9n\\t', 'operator', E'Grund\\n\\\\. ' || n,
      '{{"number": "BR-2026-0001", "share": 0.10, "many": 1e3}}', '127.0.0.1', 'abcdef', '', md5(n::text), '1.0.0')
    RETURNING id INTO e;
    PERFORM set_config('countersign.event', e::text, true);
    IF n % 3 = 0 THEN
      UPDATE papers_note SET text = 'changed in ' || n WHERE id = (SELECT max(id) FROM papers_note);
    ELSE
      INSERT INTO papers_note (paper_id, text) VALUES ({paper}, 'A note of ordinary length, number ' || n);
    END IF;
    IF n % 1000 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$
"""

# What another server may set differently from ours.
ELSEWHERE = {
    "timezone": "Asia/Kolkata",
    "datestyle": "ISO, DMY",  # the driver reads no other output than ISO
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-5",
}


@pytest.fixture
def plant(settings, tmp_path, author, reviewer, qa_manager):
    store = sealer_keys(tmp_path)
    settings.SEALER_KEYS_ROOT = store.root
    settings.FILES_ROOT = tmp_path / "files"
    paper: Paper = approved_paper(author, reviewer, qa_manager)
    with psycopg.connect(servers.address_of(servers.ROLES.app), autocommit=True) as app:
        app.execute("SET synchronous_commit = off")
        app.execute(FILL.format(events=EVENTS, paper=paper.pk).encode())
    yield store
    with servers.administrator() as admin:
        servers.drop_database(admin, COPY)


def restore_elsewhere() -> None:
    """Dump the database and restore it into another one with another locale and other settings."""
    binaries = find_installation() / "bin"
    with servers.administrator() as admin:
        servers.drop_database(admin, COPY)
        admin.execute(f'CREATE DATABASE "{COPY}" TEMPLATE template0 LOCALE \'C\' OWNER "{servers.ROLES.owner}"')
        for name, value in ELSEWHERE.items():
            admin.execute(f"ALTER DATABASE \"{COPY}\" SET {name} = '{value}'")
    source, target = (
        psycopg.conninfo.make_conninfo(servers.ADMIN_URL, dbname=name) for name in (servers.DATABASE, COPY)
    )
    with subprocess.Popen([binaries / "pg_dump", "-Fc", source], stdout=subprocess.PIPE) as dump:
        subprocess.run([binaries / "pg_restore", "-d", target], stdin=dump.stdout, check=True)
    assert dump.returncode == 0
    with servers.administrator(COPY) as admin:
        provision.grant_rights(admin, COPY, roles=servers.ROLES)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Let every connection be to the restored database."""
    for alias in DATABASES:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = COPY
    try:
        yield
    finally:
        for alias in DATABASES:
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = servers.DATABASE


def test_good_records_raise_no_alarm_here_nor_after_a_restore_elsewhere(plant):
    began = time.monotonic()
    sealed = seal_everything(plant)
    seconds = time.monotonic() - began
    report = run_checks()
    assert report.findings == []
    assert report.checked["leaves"] == sealed > EVENTS
    sys.stdout.write(
        f"\nC3: {sealed:,} events sealed in {seconds:.0f} s, verified in {report.seconds:.0f} s, 0 alarms\n"
    )
    restore_elsewhere()
    with elsewhere():
        assert run_checks().findings == []
        make_events(10)
        assert seal_everything(plant) == 10
        assert run_checks().findings == []
    with servers.administrator(COPY) as admin:  # the same records do show an alteration there
        admin.execute("ALTER TABLE records_event DISABLE TRIGGER ALL")
        admin.execute("UPDATE records_event SET reason = 'another' WHERE id = (SELECT max(event_id) FROM records_leaf)")
    with elsewhere():
        assert {"event_altered"} <= {finding.kind for finding in run_checks().findings}
