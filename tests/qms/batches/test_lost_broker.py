"""The broker is gone when an inspection starts: the page answers, and the run is not lost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from qms.batches.models import BatchRecord
from qms.batches.watch import ask_for_forgotten
from tests import servers
from tests.plant_data import Plant, batch_ready
from tests.qms.batches.workers import empty_queues, running_worker, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.assurance("E4"), pytest.mark.slow]

START = """
import django
django.setup()
from qms.accounts.access import actor_of
from qms.accounts.models import User
from qms.batches.models import BatchRecord
from qms.batches.runs import start_inspection
start_inspection(BatchRecord.objects.get(), actor=actor_of(User.objects.get(username="operator")))
"""
NOBODY_ANSWERS = "redis://127.0.0.1:1/0"


def test_an_inspection_that_started_without_a_broker_is_asked_for_again(committed_plant: Plant):
    empty_queues()
    batch = batch_ready(committed_plant, units=5)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "REDIS_URL": NOBODY_ANSWERS,
        "PYTHONPATH": str(servers.BASE_DIR),
    }
    subprocess.run([sys.executable, "-c", START], cwd=servers.BASE_DIR, env=environment, check=True, timeout=60)
    assert BatchRecord.objects.get().state == "inspecting"
    assert batch.runs.get().state == "queued"

    def is_done() -> bool:
        ask_for_forgotten()
        return BatchRecord.objects.get().state == "in_review"

    with running_worker():
        wait_until(is_done, what="the forgotten run is done", every=1.0)
