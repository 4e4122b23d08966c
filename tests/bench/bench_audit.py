"""The audit pages over many events: one keyset page of the one event table."""

from __future__ import annotations

import datetime as dt
import os
import random
import time

import pytest
from django.db import connection
from django.urls import reverse

from qms.web.paging import page_through
from records.models import Event
from records.timeline import TimelineFilter, describe_events, filter_events
from tests import servers
from tests.bench.measuring import percentile, report

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
QUESTIONS = 60

# Five years of events of 300 people on 100,000 records, skewed; written behind the guards by the superuser.
FILL = """
INSERT INTO records_event (at, app_at, act, actor_id, actor_username, actor_name, actor_role, record_id, reason,
  details, address, session, station, request_id, build)
SELECT timestamptz '2021-11-22' + n * interval '1 second' * %s, now(),
  (ARRAY['records.record.edited','records.version.frozen',
   'records.attachment.added','inspections.lot.viewed'])[1 + n %% 4],
  NULL, 'person' || (sqrt(random()) * 300)::int, 'Person', 'operator', NULL, 'A reason of ordinary length',
  '{"number": "BR-2026-0001"}', '127.0.0.1', 'abcdef', '', md5(n::text), 'bench'
FROM generate_series(1, %s) n
"""


@pytest.fixture
def many_events(fresh_database):
    with servers.administrator(servers.DATABASE) as admin:
        admin.execute("SET synchronous_commit = off")
        admin.execute(FILL % (max(1, 5 * 365 * 86400 // EVENTS), EVENTS))
        admin.execute("ANALYZE records_event")


def one_day(day: dt.datetime) -> TimelineFilter:
    return TimelineFilter(since=day, until=day + dt.timedelta(days=1))


def timed(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_audit_pages(many_events, qa_manager):
    generator = random.Random(20261122)
    last = Event.objects.order_by("-id").values_list("pk", flat=True)[0]
    start = Event.objects.order_by("id").values_list("at", flat=True)[0]
    end = Event.objects.order_by("-id").values_list("at", flat=True)[0]
    questions = {
        "latest page": lambda: TimelineFilter(),
        "by category": lambda: TimelineFilter(category="access"),
        "by day": lambda: TimelineFilter(
            since=(day := start + (end - start) * generator.random()), until=day + (end - start) / 1800
        ),
    }
    for name, ask in questions.items():
        taken = []
        for _ in range(QUESTIONS):
            rows = filter_events(Event.objects.all(), ask())
            taken.append(timed(lambda rows=rows: page_through(rows, ordering=["-id"], query={})))
        p95 = percentile(taken, 0.95) * 1000
        report(f"audit SQL over {EVENTS:,} events, {name}, p95", f"{p95:.1f} ms", "< 7 ms", is_reached=p95 < 7)
    deep = []
    for _ in range(QUESTIONS):
        rows = Event.objects.filter(pk__lt=generator.randrange(last // 10, last))
        deep.append(timed(lambda rows=rows: list(rows.order_by("-id")[:51])))
    p95 = percentile(deep, 0.95) * 1000
    report(
        f"audit SQL over {EVENTS:,} events, keyset page anywhere, p95", f"{p95:.1f} ms", "< 7 ms", is_reached=p95 < 7
    )
    newest = list(Event.objects.order_by("-id")[:50])
    p95 = percentile([timed(lambda: describe_events(newest)) for _ in range(20)], 0.95) * 1000
    report("sentences and changes of one page, p95", f"{p95:.1f} ms", "part of 100 ms", is_reached=p95 < 100)
    client = qa_manager.client()
    whole = [timed(lambda: client.get(reverse("inspections:timeline"))) for _ in range(20)]
    p95 = percentile(whole[2:], 0.95) * 1000
    report("whole audit page, p95", f"{p95:.0f} ms", "< 100 ms", is_reached=p95 < 100)
    connection.close()
