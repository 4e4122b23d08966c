"""One regulated save and a bulk write, beside an untracked one and django-simple-history."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from simple_history.utils import bulk_create_with_history

from records.acting import acting
from records.evidence import system_actor
from tests.bench.measuring import compare_rounds, median_ratio, percentile, report
from tests.bench.models import Library, Plain, TenFields, Tracked

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SYSTEM = system_actor("bench")
ACT = "records.installation.started"
Row = TypeVar("Row", bound=TenFields)
SAVES = 150
ROUNDS = 7
NUMBERS = itertools.count(1)
MOMENT = dt.datetime(2026, 11, 22, 14, 3, 7, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _library_records(settings):
    settings.SIMPLE_HISTORY_ENABLED = True  # for the library's own model; ours has no Python recording


def make(model: type[Row]) -> Row:
    """Return an unsaved row."""
    number = next(NUMBERS)
    return model(
        number=f"N-{number:08d}",
        title="Bench row of ordinary length",
        status="open",
        amount=Decimal("12.3400"),
        count=number,
        due_on=MOMENT.date(),
        measured_at=MOMENT,
        note="A note of ordinary length, as people write it.",
    )


def save_plain(_round: int) -> None:
    for _ in range(SAVES):
        with transaction.atomic():
            make(Plain).save()


def save_library(_round: int) -> None:
    for _ in range(SAVES):
        with transaction.atomic():
            row: Any = make(Library)
            row._change_reason = "measured again"
            row.save()


def save_tracked(_round: int) -> None:
    for _ in range(SAVES):
        with acting(SYSTEM, ACT, reason="measured again"):
            make(Tracked).save()


def update_with(model: type[TenFields], save: Callable[[Any], None]) -> Callable[[int], None]:
    """Return a variant that changes existing rows of a model."""

    def run(number: int) -> None:
        for row in model._default_manager.order_by("pk")[:SAVES]:
            row.count += 1
            row.title = f"Round {number}"
            save(row)

    return run


def update_plain(row) -> None:
    with transaction.atomic():
        row.save()


def update_library(row) -> None:
    with transaction.atomic():
        row._change_reason = "measured again"
        row.save()


def update_tracked(row) -> None:
    with acting(SYSTEM, ACT, reason="measured again"):
        row.save()


def test_one_regulated_save(bench_tables):
    made = compare_rounds({"plain": save_plain, "library": save_library, "tracked": save_tracked}, rounds=ROUNDS)
    changed = compare_rounds(
        {
            "plain": update_with(Plain, update_plain),
            "library": update_with(Library, update_library),
            "tracked": update_with(Tracked, update_tracked),
        },
        rounds=ROUNDS,
    )
    for verb, seconds in (("create", made), ("update", changed)):
        plain = median_ratio(seconds["tracked"], seconds["plain"])
        library = median_ratio(seconds["tracked"], seconds["library"])
        report(
            f"one regulated save ({verb}), 1 client, to plain `save()`",
            f"{plain:.2f} x",
            ">= 0.70 x",
            is_reached=plain >= 0.70,
        )
        report(
            f"one regulated save ({verb}), 1 client, to simple-history",
            f"{library:.2f} x",
            ">= 1.4 x",
            is_reached=library >= 1.4,
        )


def with_clients(save, clients: int, saves: int) -> tuple[float, list[float]]:
    """Run saves from several threads; return the seconds in all and each save's seconds."""
    start, each = threading.Barrier(clients + 1), []

    def client() -> None:
        start.wait()
        for _ in range(saves):
            begun = time.perf_counter()
            save()
            each.append(time.perf_counter() - begun)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, each


def one_plain() -> None:
    with transaction.atomic():
        make(Plain).save()


def one_library() -> None:
    with transaction.atomic():
        row: Any = make(Library)
        row._change_reason = "measured again"
        row.save()


def one_tracked() -> None:
    with acting(SYSTEM, ACT, reason="measured again"):
        make(Tracked).save()


def test_one_regulated_save_with_eight_clients(bench_tables):
    ratios, latencies = [], []
    for _ in range(5):
        plain, _each = with_clients(one_plain, 8, 40)
        _library, library_each = with_clients(one_library, 8, 40)
        tracked, tracked_each = with_clients(one_tracked, 8, 40)
        ratios.append(plain / tracked)
        latencies.append(percentile(tracked_each, 0.95) / percentile(library_each, 0.95))
    ratio, latency = statistics.median(ratios[1:]), statistics.median(latencies[1:])
    report("one regulated save, 8 clients, to plain `save()`", f"{ratio:.2f} x", ">= 0.70 x", is_reached=ratio >= 0.70)
    report("its p95, to simple-history's", f"{latency:.2f} x", "<= 1.3 x", is_reached=latency <= 1.3)


def bulk_plain(_round: int) -> None:
    with transaction.atomic():
        Plain._default_manager.bulk_create([make(Plain) for _ in range(1000)])


def bulk_library(_round: int) -> None:
    bulk_create_with_history([make(Library) for _ in range(1000)], Library, default_change_reason="measured again")


def bulk_tracked(_round: int) -> None:
    with acting(SYSTEM, ACT, reason="measured again"):
        Tracked._default_manager.bulk_create([make(Tracked) for _ in range(1000)])


def test_a_bulk_write(bench_tables):
    seconds = compare_rounds({"plain": bulk_plain, "library": bulk_library, "tracked": bulk_tracked}, rounds=ROUNDS)
    ratio = median_ratio(seconds["tracked"], seconds["plain"])
    library = median_ratio(seconds["library"], seconds["plain"])
    report(
        "bulk write of 1,000 rows in one act, to plain `bulk_create`",
        f"{ratio:.2f} x (simple-history {library:.2f} x)",
        ">= 0.70 x",
        is_reached=ratio >= 0.70,
    )


def test_audit_bytes(bench_tables):
    for number in range(10):  # enough rows that half-empty pages do not decide
        save_library(number)
        save_tracked(number)
        update_with(Library, update_library)(number)
        update_with(Tracked, update_tracked)(number)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('bench_historicallibrary'),"
            " pg_total_relation_size('bench_historicaltracked'), pg_total_relation_size('records_change')"
        )
        library, snapshots, changes = cursor.fetchone()
    ratio = (snapshots + changes) / library
    report(
        "audit bytes per change (snapshot and change), to simple-history's",
        f"{ratio:.2f} x",
        "<= 1.0 x",
        is_reached=ratio <= 1.0,
    )
