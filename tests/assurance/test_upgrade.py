"""An upgrade that is killed is completed by running it again.

No version of Countersign has been released yet: there is no older installation to upgrade from,
so what is tested is the run of the migrations itself, from nothing to today.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.qms.backups.shell import Machine, empty_machine
from tests.sizes import choose_size

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,  # a whole migration more than once
    pytest.mark.clause("11.10(a)", "11.10(c)"),
    pytest.mark.assurance("R3"),
]

KILLS = choose_size(small=3, full=12)
LIMIT = 240.0  # seconds
MIGRATE = [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"]
FAULTS = (
    "import django; django.setup(); from records.checks import find_guard_faults; print(find_guard_faults('owner'))"
)
SCHEMA_SQL = """
SELECT 'column', table_name::text, column_name::text, concat(data_type, is_nullable, column_default)
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
UNION ALL SELECT 'index', tablename::text, indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname::text, concat(tgenabled, pg_get_triggerdef(oid))
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname::text, '', prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 3, 4
"""


def count_applied(database: str) -> int:
    """Return how many migrations a database says it has had."""
    with servers.administrator(database) as admin:
        try:
            found = admin.execute("SELECT count(*) FROM django_migrations").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return int(found[0]) if found else 0


def read_schema(database: str) -> list[tuple[str, ...]]:
    """Return columns, constraints, indexes, triggers and functions as the catalogue has them."""
    with servers.administrator(database) as admin:
        return admin.execute(SCHEMA_SQL).fetchall()


def kill_at(machine: Machine, wanted: int) -> int:
    """Migrate until so many migrations are applied, kill -9 the process; return how many were."""
    child = subprocess.Popen(
        MIGRATE, cwd=servers.BASE_DIR, env=machine.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + LIMIT
    try:
        while count_applied(machine.database) < wanted:
            assert child.poll() is None, f"the migrations ended before the kill at {wanted}"
            assert time.monotonic() < until, f"{wanted} migrations were not reached"
            time.sleep(0.02)
    finally:
        child.kill()
        code = child.wait()
    assert code == -9
    return count_applied(machine.database)


def test_a_killed_migration_is_completed_by_running_it_again(tmp_path: Path) -> None:
    total = count_applied(servers.DATABASE)
    with empty_machine(tmp_path) as machine:
        for number in range(1, KILLS + 1):
            applied = kill_at(machine, total * number // (KILLS + 1))
            assert 0 < applied < total
            assert read_schema(machine.database) != read_schema(servers.DATABASE)  # the comparison can fail
        done = machine.run(*MIGRATE[2:])
        assert done.returncode == 0, done.stderr
        assert count_applied(machine.database) == total
        assert read_schema(machine.database) == read_schema(servers.DATABASE)
        faults = subprocess.run(
            [sys.executable, "-c", FAULTS],
            cwd=servers.BASE_DIR,
            env=machine.environment(PYTHONPATH=str(servers.BASE_DIR)),
            capture_output=True,
            text=True,
            check=True,
        )
        assert faults.stdout.strip() == "[]"
