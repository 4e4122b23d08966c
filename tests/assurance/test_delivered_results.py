"""Test tools that deliver at once, or too much, or with a wrong key, to a site of several processes."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from records.models import Event
from tests.assurance.serving import TIMEOUT, Site, served_site
from tests.sizes import choose_size
from tests.validation.desk import Desk, make_desk
from tests.validation.test_result_keys import ALL
from validation.models import Execution, StepEntry
from validation.result_keys import make_result_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(e)", "11.300(d)")]

DELIVERIES = 8
RUNS = choose_size(small=2, full=20)
LARGE = b"<testsuite>" + b" " * 6_000_000 + b"</testsuite>"


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def site(desk: Desk, tmp_path: Path) -> Iterator[Site]:
    with served_site(tmp_path) as served:
        yield served


def key_of(run: Execution, desk: Desk) -> str:
    return make_result_key(run, actor=desk.engineer.actor(), name="pytest of line 1", hours=8).secret


def deliver(site: Site, run: Execution, secret: str, content: bytes = ALL) -> tuple[int, dict[str, Any]]:
    """Deliver a report over a socket; return the status and what the tool is told."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/xml"}
    try:
        connection.request("POST", f"/api/validation/executions/{run.number}/results/", content, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_deliveries_at_once_record_each_step_once(desk: Desk, site: Site):
    with ThreadPoolExecutor(DELIVERIES) as pool:
        for _ in range(RUNS):
            run = desk.begin()
            secret, together = key_of(run, desk), threading.Barrier(DELIVERIES)

            def post(_: int, run: Execution = run, secret: str = secret, together: Any = together) -> tuple[int, str]:
                together.wait()
                status, told = deliver(site, run, secret)
                return status, str(told.get("code", ""))

            answers = sorted(pool.map(post, range(DELIVERIES)))
            refused = [(409, "validation.report_recorded")] * (DELIVERIES - 1)
            assert answers == [(201, ""), *refused], site.said()
            assert StepEntry.objects.filter(execution=run).count() == run.evidence.count() == 3
    assert Event.objects.filter(act="validation.results.delivered").count() == RUNS
    assert Event.objects.filter(act="validation.results.refused").count() == RUNS * (DELIVERIES - 1)


def test_what_is_too_large_or_without_a_good_key_gets_its_answer_and_changes_nothing(desk: Desk, site: Site):
    run = desk.begin()
    secret = key_of(run, desk)
    status, told = deliver(site, run, secret, LARGE)
    assert (status, told["code"]) == (413, "records.upload.too_large")
    status, told = deliver(site, run, "cskey_guess", LARGE)
    assert (status, told["code"]) == (401, "validation.key_unknown")
    assert not run.entries.exists()
    assert deliver(site, run, secret)[0] == 201
