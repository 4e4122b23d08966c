"""The whole plant starts, heals, stops in order and resumes; nothing outlives it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import psycopg
import pytest
from celery import Celery

from qms.plant.connection import read_connection
from qms.plant.folders import choose_runtime_folder
from tests.ports import find_free_port
from tests.qms.plant.launching import clean_environment, find_processes, wait_for
from tests.servers import BASE_DIR

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
START_SECONDS = 240.0
ARCHIVE_SECRET = "what-only-the-sealer-may-know"


class Plant:
    """A plant as a person starts it, without the demonstration people."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = find_free_port()
        self.output = var.with_suffix(".out")
        self.process = self.launch()

    def launch(self) -> subprocess.Popen[bytes]:
        environment = clean_environment(VAR=str(self.var), PORT=str(self.port), S3_SECRET_KEY=ARCHIVE_SECRET)
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=BASE_DIR,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        said_before = self.said().count("is ready at")
        assert wait_for(
            lambda: self.said().count("is ready at") > said_before or self.process.poll() is not None,
            seconds=START_SECONDS,
        ), self.said()
        assert self.process.poll() is None, self.said()

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["ready"])
        except (URLError, OSError):
            return False

    def children(self) -> dict[str, int]:
        """Return the direct children by what they are."""
        kinds = {
            "postgres": "postgres",
            "valkey": "valkey-server",
            "web": "gunicorn",
            "worker": "default,inference",
            "documents": "documents",
            "sealer": "sealer",
            "backups": "backups",
            "witness": "records.witness",
            "beat": "beat",
        }
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found = {}
        for line in listing.splitlines():
            pid, _, arguments = line.strip().partition(" ")
            words = re.split(r"[ /]", arguments)
            found.update({kind: int(pid) for kind, word in kinds.items() if word in words})
        return found

    def stop(self, with_signal: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    plant = Plant(tmp_path_factory.mktemp("plant") / "var")
    plant.wait_until_ready()
    yield plant
    plant.stop(signal.SIGTERM)
    shutil.rmtree(choose_runtime_folder(plant.var), ignore_errors=True)


def kill_child(plant: Plant, kind: str) -> int:
    """Kill one child and wait until another one has taken its place."""
    before = plant.children()[kind]
    os.kill(before, signal.SIGKILL)
    assert wait_for(lambda: plant.children().get(kind, before) != before), plant.said()
    return before


def test_all_parts_are_direct_children(plant: Plant):
    servers, helpers = {"postgres", "valkey"}, {"worker", "documents", "sealer", "backups", "witness", "beat"}
    assert set(plant.children()) == {"web", *servers, *helpers}


def test_the_worker_takes_tasks_from_the_broker(plant: Plant):
    broker = read_connection(plant.var)["REDIS_URL"].replace("unix://", "redis+socket://")
    # Else this application would be the process's own from here on, and later tests would send to this plant's broker.
    with Celery(broker=broker, set_as_current=False) as caller:
        assert wait_for(lambda: len(caller.control.ping()) == 4)
        queues = caller.control.inspect().active_queues()
    taken = sorted(sorted(queue["name"] for queue in found) for found in queues.values())
    assert taken == [["backups"], ["default", "inference"], ["documents"], ["sealer"]]


@pytest.mark.parametrize(
    "kind", ["web", "worker", "documents", "sealer", "backups", "witness", "beat", "valkey", "postgres"]
)
def test_a_killed_part_is_started_again(plant: Plant, kind: str):
    kill_child(plant, kind)
    assert wait_for(plant.is_ready), plant.said()
    assert f"{kind} ended and is started again" in plant.said()


@pytest.mark.clause("11.10(d)")
def test_the_site_serves_without_the_passwords_of_the_other_roles(plant: Plant):
    environment = Path(f"/proc/{plant.children()['web']}/environ").read_bytes().decode()
    assert "DATABASE_URL=postgres://countersign_app:" in environment
    for role in ("db_countersign_owner", "db_countersign_sealer", "db_countersign_backup", "db_super"):
        assert (plant.var / "keys" / role).read_text() not in environment


@pytest.mark.clause("11.10(d)")
@pytest.mark.assurance("F2")
@pytest.mark.parametrize(
    ("what", "who"),
    [("the sealer's role", "sealer"), ("the key to the archive", "sealer"), ("the backup role", "backups")],
)
def test_only_one_process_has(what: str, who: str, plant: Plant):
    secrets = {
        "the sealer's role": (plant.var / "keys" / "db_countersign_sealer").read_text(),
        "the key to the archive": ARCHIVE_SECRET,
        "the backup role": (plant.var / "keys" / "db_countersign_backup").read_text(),
    }
    having = {
        kind
        for kind, pid in plant.children().items()
        if secrets[what] in Path(f"/proc/{pid}/environ").read_bytes().decode()
    }
    assert having == {who}


@pytest.mark.clause("11.10(e)")
def test_the_sealer_seals_what_is_committed_and_the_witness_cosigns_it(plant: Plant):
    sealer_log = plant.var / "log" / "sealer.log"
    with psycopg.connect(read_connection(plant.var)["DATABASE_URL"], autocommit=True) as app:
        app.execute(
            "INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address,"
            " session, station, request_id, build) VALUES (now(), 'x', '', '', '', '', '{}', '', '', '', '', '')"
        )
        unsealed = "SELECT 1 FROM records_event e LEFT JOIN records_leaf l ON l.event_id = e.id WHERE l.index IS NULL"
        assert wait_for(lambda: app.execute(unsealed).fetchone() is None), sealer_log.read_text()
        assert app.execute("SELECT max(size) FROM records_checkpoint").fetchone() == (
            app.execute("SELECT count(*) FROM records_event").fetchone()
        )
        cosigned = (
            "SELECT 1 FROM records_checkpointcosignature"
            " WHERE checkpoint_id = (SELECT max(size) FROM records_checkpoint)"
        )
        assert wait_for(lambda: app.execute(cosigned).fetchone() is not None), sealer_log.read_text()
    assert (plant.var / "keys" / "sealer").stat().st_mode & 0o777 == 0o700


def test_a_second_plant_on_the_same_data_is_refused(plant: Plant):
    rival = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=BASE_DIR,
        env=clean_environment(VAR=str(plant.var), PORT=str(find_free_port())),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert rival.returncode != 0
    assert f"process {plant.process.pid}: serve" in rival.stderr


def test_a_taken_port_is_named(plant: Plant, tmp_path: Path):
    rival = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=BASE_DIR,
        env=clean_environment(VAR=str(tmp_path / "var"), PORT=str(plant.port)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert rival.returncode != 0
    assert f"Port {plant.port} is in use" in rival.stderr


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_whole_and_resumes_with_its_data(plant: Plant, with_signal: signal.Signals):
    mark = f"made before {with_signal.name}"
    with psycopg.connect(read_connection(plant.var)["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS marks (mark text)")
        owner.execute("INSERT INTO marks VALUES (%s)", (mark,))
    status = plant.stop(with_signal)
    assert status == (-signal.SIGKILL if with_signal is signal.SIGKILL else 0)
    assert wait_for(lambda: find_processes(str(plant.var)) == []), find_processes(str(plant.var))
    plant.process = plant.launch()
    plant.wait_until_ready()
    with psycopg.connect(read_connection(plant.var)["OWNER_DATABASE_URL"]) as owner:
        assert (mark,) in owner.execute("SELECT mark FROM marks").fetchall()
