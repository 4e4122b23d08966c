"""What a committed act promised is done, once if possible and at least once in any case."""

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection, transaction

from records import outbox
from records.clock import now
from records.models import OutboxItem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(e)")]


@pytest.fixture
def done(monkeypatch):
    """Register a handler that notes what it was given."""
    seen: list[object] = []
    monkeypatch.setitem(outbox._HANDLERS, "tests.note", seen.append)
    return seen


def test_a_promise_is_kept_once(done):
    outbox.promise("tests.note", key="1", payload={"n": 1})
    outbox.promise("tests.note", key="1", payload={"n": 1})
    assert outbox.work_off() == 1
    assert (done, outbox.work_off()) == ([{"n": 1}], 0)


def test_a_promise_of_a_rolled_back_act_never_existed(done):
    with transaction.atomic():
        outbox.promise("tests.note", key="1", payload={})
        transaction.set_rollback(True)
    assert outbox.work_off() == 0


def test_a_failing_handler_leaves_the_item_with_its_error_for_later(monkeypatch):
    def fail(payload):
        raise OSError("printer on fire")

    monkeypatch.setitem(outbox._HANDLERS, "tests.note", fail)
    outbox.promise("tests.note", key="1", payload={})
    assert outbox.work_off() == 1
    item = OutboxItem.objects.get()
    assert (item.done_at, item.attempts, "printer on fire" in item.last_error) == (None, 1, True)
    assert item.not_before > now() - dt.timedelta(seconds=1)


def test_the_item_of_a_worker_that_died_is_done_after_its_lease(done):
    outbox.promise("tests.note", key="1", payload={"n": 1})
    assert outbox.claim_item() is not None  # and this worker is never heard of again
    assert outbox.work_off() == 0
    with time_machine.travel(now() + dt.timedelta(seconds=outbox.LEASE_SECONDS + 1)):
        assert outbox.work_off() == 1
    assert done == [{"n": 1}]


def test_two_workers_never_claim_the_same_item(done):
    for number in range(20):
        outbox.promise("tests.note", key=str(number), payload={"n": number})
    start = threading.Barrier(4)

    def work():
        start.wait()
        outbox.work_off(limit=50)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(row["n"] for row in done) == list(range(20))
