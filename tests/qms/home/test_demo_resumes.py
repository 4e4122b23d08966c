"""The demonstration plant is made to the end whatever kills its making, and each thing in it once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from qms.home.demo.cast import PARTS
from qms.home.demo.stories import STORIES
from tests import servers
from tests.journeys import site
from tests.ports import find_free_port

pytestmark = [pytest.mark.slow, pytest.mark.assurance("E2")]

DATABASE = f"{servers.DATABASE}_resumes"
KILL_AFTER_SECONDS = (4, 7, 11, 16, 22)
FINISH_SECONDS = 600


@pytest.fixture
def environment(django_db_setup: None) -> Iterator[dict[str, str]]:
    """Give an empty database of its own to processes that are to be killed."""
    with servers.administrator() as admin, servers.template_lock(admin):
        servers.copy_template(admin, DATABASE)
    folder = servers.BASE_DIR / "var" / "test" / DATABASE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield {**site.make_environment(find_free_port()), "TEST_DB": DATABASE, "OUT": str(folder / "people.txt")}
    with servers.administrator() as admin:
        servers.drop_database(admin, DATABASE)


def manage(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """Start a command of the product in its own process group."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=servers.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def make_plant(environment: dict[str, str]) -> subprocess.Popen[str]:
    return manage(environment, "ensure_demo", "--out", environment["OUT"])


def count(query: str) -> int:
    with servers.administrator(DATABASE) as connection:
        found = connection.execute(psycopg.sql.SQL(query)).fetchone()
    assert found is not None
    return int(found[0])


def test_killed_five_times_it_is_made_once_and_verifies_clean(environment: dict[str, str]) -> None:
    for seconds in KILL_AFTER_SECONDS:
        making = make_plant(environment)
        try:
            making.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(making.pid, signal.SIGKILL)
            making.communicate()
    making = make_plant(environment)
    _, said = making.communicate(timeout=FINISH_SECONDS)
    assert making.returncode == 0, said[-3000:]
    assert count("SELECT count(*) FROM accounts_user") == len(PARTS)
    assert count("SELECT count(*) FROM batches_lot") == len(STORIES)
    assert count("SELECT count(*) FROM batches_batchrecord") == len(STORIES)
    assert count("SELECT count(*) FROM releases_modelversion") == 2
    assert count("SELECT count(*) FROM inspections_inspectoraccess") == 1
    assert count("SELECT count(*) FROM records_event WHERE act = 'home.demonstration.made'") == 1
    assert count("SELECT max(n) FROM (SELECT count(*) AS n FROM batches_result GROUP BY image_id) AS each") == 1
    verifying = manage(environment, "verify", "--json")
    report, said = verifying.communicate(timeout=FINISH_SECONDS)
    assert verifying.returncode == 0, report[-3000:] + said[-3000:]
    assert json.loads(report)["findings"] == []
