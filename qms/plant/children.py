"""Direct child processes that never outlive their launcher.

On Linux the kernel signals a child when its parent dies (PR_SET_PDEATHSIG).  Elsewhere a small
tether process holds the reading end of a pipe and does the same when the pipe closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

IS_LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
LOG_LIMIT_BYTES = 10_000_000
AUTOGROUP = Path("/proc/self/autogroup")
_libc = ctypes.CDLL(None) if IS_LINUX else None


@dataclass(frozen=True)
class Account:
    """The system user a child runs as."""

    uid: int
    gid: int


def die_with_parent(death_signal: signal.Signals, parent: int, *, yields: int = 0) -> Callable[[], None]:
    """Return what the child runs before exec: ask the kernel for the signal, then look once
    whether the parent died in the meantime; and stand back behind the other children."""

    def ask() -> None:
        if _libc is None or _libc.prctl(PR_SET_PDEATHSIG, int(death_signal)) != 0 or os.getppid() != parent:
            os._exit(70)
        stand_back(yields)

    return ask


def stand_back(yields: int) -> None:
    """Let every other process have the processors first. Units: steps of nice.

    Linux shares them out among sessions before it looks at nice, and each child is a session of its own.
    """
    if yields == 0:
        return
    os.nice(yields)
    with contextlib.suppress(OSError):  # a kernel that does not group by session goes by nice alone
        AUTOGROUP.write_text(str(yields))


def open_log(path: Path) -> IO[bytes]:
    """Open a child's log for appending, setting an overgrown one aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    death_signal: signal.Signals,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    is_held: bool = False,
    yields: int = 0,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session, so that Ctrl-C reaches the launcher alone.

    One that is held reads the end of its input when the launcher lets it go on; one that ``yields``
    takes what the others leave of the processors.
    """
    with open_log(log) as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if is_held else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal, os.getpid(), yields=yields) if IS_LINUX else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    if not IS_LINUX:
        tether().hold(process.pid, death_signal)
    return process


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Let a child go on that was held."""
    if process.stdin is not None:
        process.stdin.close()


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, *, grace_seconds: float) -> int:
    """Ask a child to end, then insist; return its exit status."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    status = process.wait()
    if not IS_LINUX:
        tether().release(process.pid)
    return status


class Tether:
    """The launcher's end of the pipe to a process that ends the children after it."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("tether.py"))],
            stdin=reading,
            start_new_session=True,
        )
        os.close(reading)

    def hold(self, pid: int, death_signal: signal.Signals) -> None:
        """Have a child signalled when this process dies."""
        os.write(self._writing, f"hold {pid} {int(death_signal)}\n".encode())

    def release(self, pid: int) -> None:
        """Forget a child that has ended."""
        os.write(self._writing, f"release {pid} 0\n".encode())


_tethers: list[Tether] = []


def tether() -> Tether:
    """Return this process's tether, starting it on first use."""
    if not _tethers:
        _tethers.append(Tether())
    return _tethers[0]
