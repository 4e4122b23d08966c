"""Sealing and verification beside bare hashing and plain reading, over many events made by the real triggers."""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from records.keys import FileKeyStore
from records.ledger.leaves import LineList, fixed_texts, present_format, stream_lines
from records.ledger.recomputing import Formats, read_leaves, recompute, spared_collector
from records.ledger.sealing import LEAVES_AT_A_TIME, seal_everything
from records.models import Event
from tests import servers
from tests.bench.bench_saves import one_plain, one_tracked, with_clients
from tests.bench.filling import fill_events
from tests.bench.measuring import report
from tests.bench.sealer_loop import INTERVAL_SECONDS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sealer"])

EVENTS = int(os.environ.get("BENCH_LEAVES", "100000"))


@pytest.fixture
def many_leaves(bench_tables, settings, tmp_path) -> Iterator[FileKeyStore]:
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    fill_events(EVENTS)
    yield FileKeyStore(settings.SEALER_KEYS_ROOT)
    connections["sealer"].close()


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def test_sealing_and_verifying(many_leaves):
    with servers.administrator(servers.DATABASE) as admin:
        admin.execute("ANALYZE")
        rows = sum(
            admin.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in ("records_event", "records_change", "bench_historicaltracked")
        )
    began, cpu = time.perf_counter(), cpu_seconds()
    assert seal_everything(many_leaves) >= EVENTS
    seconds, own = time.perf_counter() - began, cpu_seconds() - cpu
    per_row = own / rows * 1e6
    report(
        f"sealing {rows:,} rows of {EVENTS:,} events, sealer's CPU a row, read back included",
        f"{per_row:.1f} us ({seconds / rows * 1e6:.1f} us of wall time with PostgreSQL's)",
        "<= 20 us",
        is_reached=per_row <= 20,
    )
    verified, memory = verify_all_leaves()
    hashed = hash_all_lines()
    plain = read_plainly()
    share, factor = hashed / verified, plain / verified
    report(
        "recomputing every leaf, to bare hashlib over its lines", f"{share:.0%}", ">= 15 %", is_reached=share >= 0.15
    )
    report(
        "recomputing every leaf, to reading the rows through a cursor",
        f"{factor:.1f} x ({rows / verified / 1000:.0f} k rows/s)",
        ">= 3 x",
        is_reached=factor >= 3,
    )
    report("memory it takes more than before", f"{memory:.0f} MiB", "flat", is_reached=memory < 30)


def verify_all_leaves() -> tuple[float, float]:
    """Return the seconds of recomputing all leaves, and the memory that took at most."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, start, formats = time.perf_counter(), 0, Formats("default")
    with fixed_texts("default"), spared_collector():
        while leaves := read_leaves("default", start, start + LEAVES_AT_A_TIME):
            assert all(leaf.hash == found for leaf, found in recompute("default", leaves, formats))
            start += LEAVES_AT_A_TIME
    return time.perf_counter() - began, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def hash_all_lines() -> float:
    """Return the seconds of hashing all lines, already in memory, with nothing else."""
    seconds, start = 0.0, 0
    form = present_format("default")
    with fixed_texts("default"):
        while leaves := read_leaves("default", start, start + LEAVES_AT_A_TIME):
            lines = stream_lines("default", form, [leaf.event_id for leaf in leaves], LineList)
            flat = [line for _, sink, _ in lines for line in sink]
            began = time.perf_counter()
            for line in flat:
                hashlib.sha256(line)
            seconds += time.perf_counter() - began
            start += LEAVES_AT_A_TIME
    return seconds


def read_plainly() -> float:
    """Return the seconds of reading the same rows through a server-side cursor."""
    began = time.perf_counter()
    tables = (("records_event", "id"), ("records_change", "id"), ("bench_historicaltracked", "history_id"))
    with servers.administrator(servers.DATABASE) as admin, admin.transaction():
        for table, key in tables:
            with admin.cursor(name="plain") as cursor:
                cursor.itersize = 2000
                cursor.execute(f"SELECT * FROM {table} ORDER BY {key}")
                for _row in cursor:
                    pass
    return time.perf_counter() - began


# From an event's own time to the beginning of the pass that sealed it.
WAIT_SQL = """
SELECT coalesce(max(extract(epoch FROM c.made_at - e.at)), 0), count(*)
FROM records_event e JOIN records_leaf l ON l.event_id = e.id
JOIN LATERAL (SELECT made_at FROM records_checkpoint WHERE size > l."index" ORDER BY size LIMIT 1) c ON true
WHERE e.id > %s
"""
WRITERS = 8
ROUNDS = 7


@contextmanager
def running_sealer(keys: Path) -> Iterator[list[float]]:
    """Run a sealer in a process of its own; the seconds of its longest pass are there afterwards."""
    longest: list[float] = []
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.sealer_loop"],
        cwd=servers.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "KEYS_ROOT": str(keys),
            "SEALER_KEYS_ROOT": str(keys / "sealer"),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "sealing\n"
    try:
        yield longest
    finally:
        said, _ = process.communicate(timeout=120)
    longest.append(float(said))


def test_saving_while_the_sealer_works(bench_tables, settings, tmp_path):
    settings.KEYS_ROOT = tmp_path / "keys"
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(with_clients(one_plain, WRITERS, 40)[0] / with_clients(one_tracked, WRITERS, 40)[0])
    with running_sealer(tmp_path / "keys") as longest:
        time.sleep(3 * INTERVAL_SECONDS)  # what was written before is sealed now
        before = Event.objects.latest("id").pk
        for _ in range(ROUNDS):
            beside.append(with_clients(one_plain, WRITERS, 40)[0] / with_clients(one_tracked, WRITERS, 40)[0])
        time.sleep(3 * INTERVAL_SECONDS)  # the last events are sealed, too
    quiet, sealed = statistics.median(alone[1:]), statistics.median(beside[1:])
    report(
        f"one regulated save, {WRITERS} clients, sealed behind, to plain `save()`",
        f"{sealed:.2f} x ({quiet:.2f} x without the sealer)",
        ">= 0.70 x",
        is_reached=sealed >= 0.70,
    )
    with servers.administrator(servers.DATABASE) as admin:
        waited, leaves = admin.execute(WAIT_SQL, [before]).fetchall()[0]
    assert leaves >= ROUNDS * WRITERS * 40
    lag = float(waited) + longest[0]
    report(
        f"seal lag with {WRITERS} writers, the longest wait of {leaves:,} events, one pass a second",
        f"{lag:.2f} s",
        f"<= {INTERVAL_SECONDS + 1:.0f} s",
        is_reached=lag <= INTERVAL_SECONDS + 1,
    )
