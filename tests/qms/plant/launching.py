"""Launchers of embedded servers as real processes, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.servers import BASE_DIR

LAUNCHER = """
import sys
from pathlib import Path
from qms.plant.embedded import Embedded, launcher_lock
var = Path(sys.argv[1])
with launcher_lock(var, "test"):
    servers = Embedded(var)
    servers.start()
    print(servers.postgres.process.pid, servers.valkey.process.pid, flush=True)
    sys.stdin.read()
    servers.stop()
"""
WAIT_SECONDS = 60.0


def clean_environment(**changes: str) -> dict[str, str]:
    """Return an environment without the settings of this test run."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **changes}


class Launcher:
    """A process that starts the servers of a folder and stops them when its input ends."""

    def __init__(self, var: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(var)],
            cwd=BASE_DIR,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pids: list[int] = []

    def wait_until_started(self) -> Launcher:
        """Wait for the servers and learn their process ids."""
        assert self.process.stdout is not None
        self.pids = [int(word) for word in self.process.stdout.readline().split()]
        assert self.pids, self.complaint()
        return self

    def complaint(self) -> str:
        """Return what a launcher that ended said."""
        return self.process.communicate(timeout=WAIT_SECONDS)[1]

    def kill(self) -> None:
        """Kill the launcher alone, without a chance to clean up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=WAIT_SECONDS)

    def stop(self) -> None:
        """Let the launcher stop its servers."""
        self.process.communicate(timeout=WAIT_SECONDS)
        assert self.process.returncode == 0


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    try:
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> bool:
    """Poll a condition of the outside world until it holds; False when time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def find_processes(word: str) -> list[int]:
    """Return the processes whose command line or environment mentions a folder of ours."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if word.encode() in text and is_running(int(entry.name)):
            found.append(int(entry.name))
    return found
