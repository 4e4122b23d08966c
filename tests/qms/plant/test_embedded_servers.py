"""The embedded servers survive kills, refuse company and end with their launcher."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from qms.plant import folders
from qms.plant.connection import read_connection
from qms.plant.embedded import Embedded, borrowed_servers, launcher_lock
from qms.plant.errors import PlantBusy, PlantError
from qms.plant.folders import SOCKET_PATH_LIMIT, can_reach, choose_runtime_folder, make_runtime_folder
from qms.plant.postgres import find_installation
from tests.qms.plant.launching import Launcher, is_running, wait_for


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    shutil.rmtree(choose_runtime_folder(folder), ignore_errors=True)


def write_mark(var: Path, mark: str) -> None:
    with psycopg.connect(Embedded(var).postgres.address(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS marks (mark text)")
        connection.execute("INSERT INTO marks VALUES (%s)", (mark,))
    with redis.Redis.from_url(Embedded(var).valkey.address) as broker:
        broker.rpush("marks", mark)


def read_marks(var: Path) -> tuple[list[str], list[str]]:
    with psycopg.connect(Embedded(var).postgres.address()) as connection:
        rows = [row[0] for row in connection.execute("SELECT mark FROM marks ORDER BY mark")]
    with redis.Redis.from_url(Embedded(var).valkey.address, decode_responses=True) as broker:
        return rows, broker.lrange("marks", 0, -1)


def test_data_survive_a_clean_stop(var: Path):
    launcher = Launcher(var).wait_until_started()
    write_mark(var, "first")
    launcher.stop()
    assert not any(is_running(pid) for pid in launcher.pids)
    assert not choose_runtime_folder(var).exists()
    again = Launcher(var).wait_until_started()
    assert read_marks(var) == (["first"], ["first"])
    again.stop()


def test_nothing_outlives_a_killed_launcher(var: Path):
    launcher = Launcher(var).wait_until_started()
    launcher.kill()
    assert wait_for(lambda: not any(is_running(pid) for pid in launcher.pids))


@pytest.mark.clause("11.10(c)")
def test_committed_data_survive_a_kill_of_everything(var: Path):
    launcher = Launcher(var).wait_until_started()
    write_mark(var, "kept")
    for pid in (launcher.process.pid, *launcher.pids):
        os.kill(pid, signal.SIGKILL)
    launcher.process.communicate()
    again = Launcher(var).wait_until_started()  # at once: the old server's lock is still there
    assert read_marks(var) == (["kept"], ["kept"])
    assert again.pids != launcher.pids
    again.stop()


def test_a_second_launcher_is_refused_and_named(var: Path):
    first = Launcher(var).wait_until_started()
    second = Launcher(var)
    assert f"process {first.process.pid}: test" in second.complaint()
    assert second.process.returncode != 0
    assert all(is_running(pid) for pid in first.pids)
    first.stop()


def test_a_server_that_is_not_ours_is_never_taken_for_ours(var: Path, tmp_path: Path):
    launcher = Launcher(var).wait_until_started()
    rival = Embedded(var).postgres
    rival.log = tmp_path / "rival.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qms.plant.postgres.STALE_LOCK_SECONDS", 0.0)
        with pytest.raises(PlantError, match="postmaster"):
            rival.start()
    launcher.stop()


def test_a_command_borrows_the_servers_of_a_running_plant(var: Path):
    launcher = Launcher(var).wait_until_started()
    with borrowed_servers(var, ["verify"]) as addresses:
        assert addresses == read_connection(var)
    assert all(is_running(pid) for pid in launcher.pids)
    launcher.stop()


def test_nobody_is_led_to_servers_that_were_killed(var: Path):
    Launcher(var).wait_until_started().kill()
    assert read_connection(var) != {}
    seen = []
    server = Embedded(var)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server.postgres, "start", lambda: seen.append(read_connection(var)))
        patch.setattr("qms.plant.embedded.provision.provision", lambda *args, **options: None)
        server.start()
    assert seen == [{}]
    server.stop()


def test_a_command_alone_starts_and_stops_the_servers(var: Path):
    with borrowed_servers(var, ["verify"]) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("countersign_app",)
    assert read_connection(var) == {}
    with launcher_lock(var, "next"):
        pass


def test_the_lock_is_free_once_its_holder_is_gone(var: Path):
    with launcher_lock(var, "one"), pytest.raises(PlantBusy), launcher_lock(var, "two"):
        pass
    with launcher_lock(var, "three"):
        pass


def test_a_deep_folder_still_gets_short_socket_paths(tmp_path: Path):
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8) / "var"
    launcher = Launcher(deep).wait_until_started()
    server = Embedded(deep).postgres
    assert len(str(server.sockets / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT < len(str(deep))
    launcher.stop()


def test_only_its_owner_may_read_what_the_plant_writes_down(var: Path):
    launcher = Launcher(var).wait_until_started()
    secrets = [var / "run" / "plant.json", *(var / "keys").iterdir(), var / "postgres"]
    assert [path for path in secrets if path.stat().st_mode & 0o077] == []
    launcher.stop()


@pytest.mark.clause("11.10(d)")
def test_no_one_gets_in_without_a_password(var: Path):
    launcher = Launcher(var).wait_until_started()
    server = Embedded(var).postgres
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.address(user="countersign_owner", password="guess", database="countersign"))
    launcher.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to leave its account")
def test_root_opens_no_folder_for_the_server(tmp_path: Path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    launcher = Launcher(closed / "var").wait_until_started()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    owner = Path(f"/proc/{launcher.pids[0]}").stat().st_uid
    assert owner not in (0, closed.stat().st_uid)
    launcher.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to leave its account")
def test_binaries_out_of_reach_are_copied_within_it(var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wheel = find_installation().parent
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(folder, tmp_path / folder.name, copy_function=os.link)
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path / wheel.name / find_installation().name / "bin"))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as reachable:
        monkeypatch.setattr(folders, "BINARY_CACHE", Path(reachable))
        server = Embedded(var).postgres
        server.start()
        with psycopg.connect(server.address()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.install.is_relative_to(reachable)
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        server.stop()


def test_an_unreachable_folder_is_recognised(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    tool = closed / "tool"
    tool.touch(mode=0o755)
    stranger = os.geteuid() + 4711
    assert not can_reach(tool, stranger)
    assert can_reach(Path("/usr/bin/env"), stranger)


def test_a_socket_folder_of_someone_else_is_refused(tmp_path: Path):
    (tmp_path / "real").mkdir()
    trap = tmp_path / "trap"
    trap.symlink_to(tmp_path / "real")
    with pytest.raises(PlantError, match="belongs to someone else"):
        make_runtime_folder(trap)


def test_data_of_another_major_version_are_refused(var: Path):
    Launcher(var).wait_until_started().stop()
    (var / "postgres" / "PG_VERSION").write_text("12\n")
    launcher = Launcher(var)
    assert "made by PostgreSQL 12" in launcher.complaint()
