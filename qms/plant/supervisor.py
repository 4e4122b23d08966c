"""The whole plant as one process tree: databases, web server, worker, schedule.

Owns starting order, restarts and stopping order.  Never holds business data: whatever dies here
is started again and finds its work in PostgreSQL.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from qms.plant import children
from qms.plant.connection import read_or_make_secret, write_connection
from qms.plant.embedded import Embedded
from qms.plant.errors import PlantError
from qms.plant.staticfiles import is_collected, remember_collected
from qms.plant.witnessing import plan_witness

BASE_DIR = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 90.0
LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
APART_SECONDS = 2.0  # beside the demonstration, which would stand still while all of them read themselves in
SETTLED_SECONDS = 60.0  # a child that lived this long starts with a clean record
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PLANT_VARIABLES = (
    *("DATABASE_URL", "OWNER_DATABASE_URL", "SEALER_DATABASE_URL", "BACKUP_DATABASE_URL"),
    *("REDIS_URL", "SECRET_KEY"),
)
AFTER_PAGES = 5
"""Runs and backups take what pages and signatures leave of the machine."""
AFTER_RUNS = 10
"""Renditions take what these leave: people wait for a run, seldom for a PDF. Units: steps of nice, both."""
SEALER_SECRETS = ("S3_ACCESS_KEY", "S3_SECRET_KEY", "SHIPPING_TOKEN")  # nobody else gets them, by value or by file
SEALER_VARIABLES = (*SEALER_SECRETS, *(f"{name}_FILE" for name in SEALER_SECRETS))


class Interrupted(Exception):
    """Somebody asked the plant to stop while it was starting."""


@dataclass
class Service:
    """One supervised child: how it starts and how it ends."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 20.0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = field(default_factory=time.monotonic, init=False)
    failures: int = field(default=0, init=False)
    not_before: float = field(default=0.0, init=False)

    def launch(self) -> None:
        """Start the child now. Units: monotonic seconds."""
        self.process = self.start()
        self.started_at = time.monotonic()

    def has_died(self) -> bool:
        """Tell whether the child ended, and plan the pause before its next start."""
        if self.process is None or self.process.poll() is None:
            return False
        now = time.monotonic()
        self.failures = 0 if now - self.started_at > SETTLED_SECONDS else self.failures + 1
        pause = 0.0 if self.failures == 0 else FIRST_PAUSE_SECONDS * 2 ** (self.failures - 1)
        self.not_before = now + min(pause, LONGEST_PAUSE_SECONDS)
        self.process = None
        return True

    def is_due(self) -> bool:
        """Tell whether a dead child may be started again."""
        return self.process is None and time.monotonic() >= self.not_before


class Supervisor:
    """Starts the plant, keeps it running and stops it in order."""

    def __init__(
        self,
        embedded: Embedded,
        *,
        bind: str,
        port: int,
        host: str,
        with_demonstration: bool,
        say: Callable[[str], object],
    ) -> None:
        self.embedded = embedded
        self.var = embedded.var
        self.bind = bind
        self.port = port
        self.host = host
        self.with_demonstration = with_demonstration
        self.say = say
        self.stopping = threading.Event()
        # Taken out of our own environment, which the servers inherit; the sealer alone gets them back.
        self.sealer_secrets = {name: os.environ.pop(name) for name in SEALER_VARIABLES if name in os.environ}
        self.environment = self._make_environment()
        self.services: list[Service] = []
        self.making: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return the address people open."""
        return f"http://{f'[{self.bind}]' if ':' in self.bind else self.bind}:{self.port}/"

    def run(self) -> None:
        """Run until asked to stop.

        Raises: PlantError when it cannot start.
        """
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        try:
            self._start()
            self._watch()
        except Interrupted:
            pass
        finally:
            self._stop()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _make_environment(self) -> dict[str, str]:
        """Return what the serving processes get: the app role, never the owner's password."""
        addresses = self.embedded.addresses()
        read_or_make_secret(self.var / "keys" / "secret_key")
        kept = {name: value for name, value in os.environ.items() if name not in PLANT_VARIABLES}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "qms.settings",
            "PYTHONUNBUFFERED": "1",
            "VAR": str(self.var),
            "BIND": self.bind,
            "PORT": str(self.port),
            "EMBEDDED": "1",
            "SECRET_KEY_FILE": str(self.var / "keys" / "secret_key"),
            "DATABASE_URL": addresses["DATABASE_URL"],
            "REDIS_URL": addresses["REDIS_URL"],
        }

    def _start(self) -> None:
        postgres, valkey = self.embedded.postgres, self.embedded.valkey
        self.embedded.start()
        self.services = [
            Service("postgres", postgres.start, signal.SIGINT, process=postgres.process),
            Service("valkey", valkey.start, process=valkey.process),
        ]
        site = self._describe_site()
        if self.with_demonstration:  # reads itself in while the database is migrated
            self.making = self._spawn_manage("ensure_demo", "--out", str(self._people), "--held", is_held=True)
        self._prepare_site()
        if self.making is not None:
            children.let_go(self.making)
        for service in site:
            self.services.append(service)
            service.launch()
            self._give_way()
        self._wait_until_ready()
        self._greet()

    def _give_way(self) -> None:
        """Let the making of the demonstration go ahead for a moment, if it is under way."""
        until = time.monotonic() + APART_SECONDS
        while self.making is not None and self.making.poll() is None and time.monotonic() < until:
            if self.stopping.wait(LOOK_SECONDS):
                raise Interrupted

    def _prepare_site(self) -> None:
        """Migrate as the owner while the static files are collected."""
        owner = {"OWNER_DATABASE_URL": self.embedded.addresses()["OWNER_DATABASE_URL"]}
        steps = {"migrate": self._spawn_manage("migrate", "--noinput", extra=owner)}
        if not is_collected(self.var):
            steps["collectstatic"] = self._spawn_manage("collectstatic", "--noinput", "--clear", "--verbosity", "0")
        for name, process in steps.items():
            self._wait_for_step(name, process)
        if "collectstatic" in steps:
            remember_collected(self.var)

    def _wait_for_step(self, name: str, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if self.stopping.wait(LOOK_SECONDS):
                children.stop(process, signal.SIGTERM, grace_seconds=10)
                raise Interrupted
        if process.returncode != 0:
            raise PlantError(f"{name} failed; {self._log(name)} ends with:\n{self._tail(name)}")

    def _describe_site(self) -> list[Service]:
        celery = [sys.executable, "-m", "celery", "-A", "qms"]
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "deploy" / "gunicorn.conf.py"), "qms.wsgi"]
        worker = [*celery, "worker", "-P", "threads", "-c", "2", "-Q", "default,inference"]
        worker += ["--without-gossip", "--without-mingle"]
        drawer = [*celery, "worker", "-P", "threads", "-c", "1", "-Q", "documents", "-n", "documents@%h"]
        drawer += ["--without-gossip", "--without-mingle"]
        keeper = [*celery, "worker", "-P", "threads", "-c", "1", "-Q", "backups", "-n", "backups@%h"]
        keeper += ["--without-gossip", "--without-mingle"]
        reading = {"BACKUP_DATABASE_URL": self.embedded.addresses()["BACKUP_DATABASE_URL"]}
        beat = [*celery, "beat", "-s", str(self.var / "beat" / "schedule"), "--pidfile="]
        # Threads, so that a long verification does not hold up sealing; one seals at a time all the same.
        sealer = [*celery, "worker", "-P", "threads", "-c", "3", "-Q", "sealer", "-n", "sealer@%h"]
        sealer += ["--without-gossip", "--without-mingle"]
        rights = {**self.sealer_secrets, "SEALER_DATABASE_URL": self.embedded.addresses()["SEALER_DATABASE_URL"]}
        (self.var / "beat").mkdir(exist_ok=True)
        return [
            *self._describe_witness(),
            # A killed task is given out again, so a worker without its launcher may go at once.
            Service("worker", lambda: self._spawn("worker", worker, signal.SIGKILL, yields=AFTER_PAGES)),
            # Alone with the sealer's role; a pass that is killed leaves nothing and is made again.
            Service("sealer", lambda: self._spawn("sealer", sealer, signal.SIGKILL, extra=rights)),
            Service("documents", lambda: self._spawn("documents", drawer, signal.SIGKILL, yields=AFTER_RUNS)),
            Service(
                "backups",
                lambda: self._spawn("backups", keeper, signal.SIGKILL, extra=reading, yields=AFTER_PAGES),
            ),
            Service("beat", lambda: self._spawn("beat", beat, signal.SIGTERM), grace_seconds=5),
            Service("web", lambda: self._spawn("web", gunicorn, signal.SIGQUIT)),
        ]

    def _describe_witness(self) -> list[Service]:
        """Return the plant's own witness, known to the others, or nothing where the site names another."""
        plan = plan_witness(self.var, self.environment, host=self.host)
        if plan is None:
            return []
        self.environment.update(plan.environment)
        write_connection(self.var, {**self.embedded.known_addresses(), **plan.environment})
        return [Service("witness", lambda: self._spawn("witness", plan.argv, signal.SIGTERM), grace_seconds=5)]

    def _spawn(
        self,
        name: str,
        argv: list[str],
        death_signal: signal.Signals,
        *,
        extra: Mapping[str, str] | None = None,
        is_held: bool = False,
        yields: int = 0,
    ) -> subprocess.Popen[bytes]:
        return children.spawn(
            argv,
            log=self._log(name),
            death_signal=death_signal,
            environment={**self.environment, **(extra or {})},
            folder=BASE_DIR,
            is_held=is_held,
            yields=yields,
        )

    def _spawn_manage(
        self, *words: str, extra: Mapping[str, str] | None = None, is_held: bool = False
    ) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "manage.py", *words]
        return self._spawn(words[0], argv, signal.SIGTERM, extra=extra, is_held=is_held)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.stopping.wait(LOOK_SECONDS):
                raise Interrupted
            for service in self.services:
                if service.process is not None and service.process.poll() is not None:
                    raise PlantError(f"{service.name} ended at once; its log ends with:\n{self._tail(service.name)}")
            if time.monotonic() > deadline:
                raise PlantError(f"The site did not become ready; see {self._log('web')}.")

    def _is_ready(self) -> bool:
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104  compared, not bound
        connection = http.client.HTTPConnection(near, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": self.host})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @property
    def _people(self) -> Path:
        return self.var / "run" / "demonstration-people.txt"

    def _greet(self) -> None:
        if self.making is not None:
            self._wait_for_step("ensure_demo", self.making)
        self.say(f"\nCountersign is ready at {self.address}")
        if self.making is not None:
            self.say(self._people.read_text(encoding="utf-8").rstrip())
        self.say(f"Data and logs are kept in {self.var}; press Ctrl-C to stop.")

    def _watch(self) -> None:
        while not self.stopping.wait(LOOK_SECONDS):
            for service in self.services:
                if service.has_died():
                    self.say(f"{service.name} ended and is started again; see {self._log(service.name)}.")
                if service.is_due():
                    self._relaunch(service)

    def _relaunch(self, service: Service) -> None:
        try:
            service.launch()
        except PlantError as problem:
            service.failures += 1
            service.not_before = time.monotonic() + LONGEST_PAUSE_SECONDS
            self.say(f"{service.name}: {problem}")

    def _stop(self) -> None:
        """End the site's processes together, then the broker, then the database."""
        if self.making is not None:
            children.stop(self.making, signal.SIGTERM, grace_seconds=10)
        site = [service for service in self.services[2:] if service.process is not None]
        for service in site:
            if service.process is not None and service.process.poll() is None:
                service.process.send_signal(service.stop_signal)
        for service in site:
            if service.process is not None:
                children.stop(service.process, service.stop_signal, grace_seconds=service.grace_seconds)
        self.embedded.stop()

    def _log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def _tail(self, name: str) -> str:
        return self._log(name).read_text(encoding="utf-8", errors="replace")[-2000:]
