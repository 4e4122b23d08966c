"""The site that journeys visit: real processes on the test servers, with the demonstration plant.

Web server, worker and schedule start as the supervisor starts them; the database is a copy
of the migrated template, so that journeys meet nobody else's rows.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from qms.plant import children
from tests import servers
from tests.ports import find_free_port

DATABASE = f"{servers.DATABASE}_journeys"
VAR = servers.BASE_DIR / "var" / "test" / DATABASE
START_SECONDS = 120.0
PLANT_SECONDS = 400.0
LOOK_SECONDS = 0.2


@dataclass
class Site:
    """A running site: where it is, everybody's password, and the codes that were typed already."""

    address: str
    password: str
    used_codes: dict[str, set[str]] = field(default_factory=dict)

    @property
    def deliveries(self) -> Path:
        """Return the folder with the deliveries to import."""
        return VAR / "demo"


def make_environment(port: int) -> dict[str, str]:
    """Return what the processes of the site are started with."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "tests.journeys.settings",
        "TEST_DB": DATABASE,
        "TEST_ADMIN_URL": servers.ADMIN_URL,
        "REDIS_URL": servers.REDIS_URL,
        "BIND": "127.0.0.1",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DEMO": "1",
        "PYTHONUNBUFFERED": "1",
    }


COMMANDS = {
    "web": ("gunicorn", "-c", str(servers.BASE_DIR / "deploy" / "gunicorn.conf.py"), "qms.wsgi"),
    "worker": (
        *("celery", "-A", "qms", "worker", "-P", "threads", "-c", "2", "-Q", "default,inference,documents"),
        *("--without-gossip", "--without-mingle"),
    ),
    "beat": ("celery", "-A", "qms", "beat", "-s", str(VAR / "schedule"), "--pidfile="),
}


@contextmanager
def running_site() -> Iterator[Site]:
    """Start the site, make its plant, and stop it whatever happened."""
    with servers.administrator() as admin, servers.template_lock(admin):
        servers.copy_template(admin, DATABASE)
    shutil.rmtree(VAR, ignore_errors=True)
    VAR.mkdir(parents=True)
    port = find_free_port()
    environment = make_environment(port)
    with ExitStack() as stack:
        for name, words in COMMANDS.items():
            stack.callback(children.stop, spawn(name, words, environment), signal.SIGTERM, grace_seconds=10)
        wait_until_ready(port)
        make_plant(environment)
        password = (VAR / "demo" / "password.txt").read_text(encoding="utf-8")
        yield Site(f"http://127.0.0.1:{port}", password)
    with servers.administrator() as admin:
        servers.drop_database(admin, DATABASE)


def spawn(name: str, words: tuple[str, ...], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start one process of the site, which never outlives this one."""
    return children.spawn(
        [sys.executable, "-m", *words],
        log=VAR / "log" / f"{name}.log",
        death_signal=signal.SIGKILL,
        environment=environment,
        folder=servers.BASE_DIR,
    )


def wait_until_ready(port: int) -> None:
    """Wait until the site answers."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(port):
        assert time.monotonic() < deadline, (VAR / "log" / "web.log").read_text(encoding="utf-8")[-3000:]
        time.sleep(LOOK_SECONDS)


def is_ready(port: int) -> bool:
    """Tell whether the site answers and reaches its database."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def make_plant(environment: dict[str, str]) -> None:
    """Make the demonstration plant as `manage.py demo` does."""
    made = subprocess.run(
        [sys.executable, "manage.py", "ensure_demo", "--out", str(VAR / "people.txt")],
        cwd=servers.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PLANT_SECONDS,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
