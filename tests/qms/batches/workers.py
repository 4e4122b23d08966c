"""A real task worker as a child process, to be killed in the middle of its work."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery import current_app

from qms.plant.children import spawn
from tests import servers

PATIENCE_SECONDS = 90
QUEUES = "default,inference"


class Worker:
    """One Celery worker of two threads on the test database; it dies with the test run at the latest."""

    def __init__(self) -> None:
        self.process = spawn(
            [sys.executable, "-m", "celery", "-A", "qms", "worker", "-P", "threads", "-c", "2", "-Q", QUEUES,
             "--without-gossip", "--without-mingle", "-l", "WARNING"],
            log=servers.VAR / "worker.log",
            death_signal=signal.SIGKILL,
            environment={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONWARNINGS": "ignore"},
            folder=servers.BASE_DIR,
        )  # fmt: skip

    def kill(self) -> None:
        """Kill the worker as a crash does: no clean-up, no acknowledgement."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()


@contextmanager
def running_worker() -> Iterator[Worker]:
    worker = Worker()
    try:
        yield worker
    finally:
        worker.stop()


def wait_until(is_so: Callable[[], bool], *, what: str, every: float = 0.02) -> None:
    """Ask until something is so; fail after `PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(every)


def empty_queues() -> None:
    """Forget all messages of earlier tests, and those that a killed worker never answered."""
    with current_app.connection_for_write() as connection:
        for queue in QUEUES.split(","):
            connection.default_channel.queue_purge(queue)
        connection.default_channel.client.delete("unacked", "unacked_index")


def are_queues_empty() -> bool:
    """Tell whether no message waits and none is out unanswered."""
    with current_app.connection_for_read() as connection:
        client = connection.default_channel.client
        return not any(client.llen(queue) for queue in QUEUES.split(",")) and not client.zrevrangebyscore(
            "unacked_index", "+inf", "-inf"
        )
