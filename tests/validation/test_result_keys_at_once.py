"""Two test tools deliver into one run at the same moment: each step is recorded once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from records.errors import Refusal
from records.models import Event
from tests.validation.desk import make_desk
from tests.validation.test_result_keys import ALL, VISITOR, Tool, make_tool
from validation.models import StepEntry
from validation.result_deliveries import Delivery, deliver_report
from validation.result_keys import recognise_key

pytestmark = [pytest.mark.clause("11.10(d)", "11.10(g)", "Annex 11 4.7")]


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_once_record_each_step_once():
    desk = make_desk()
    run = desk.begin()
    tools = [make_tool(run, desk.engineer) for _ in range(2)]
    barrier = threading.Barrier(2)
    outcomes: list[Delivery | Refusal] = []

    def post(tool: Tool) -> None:
        try:
            key = recognise_key(tool.made.secret, run.number, visitor=VISITOR)
            actor: Any = desk.engineer.actor(session="")
            barrier.wait(10)
            outcomes.append(deliver_report(key, actor=actor, name="ci.xml", content=ALL))
        except Refusal as refusal:
            outcomes.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=(tool,)) for tool in tools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(row).__name__ for row in outcomes) == ["Delivery", "ReportRecorded"]
    assert StepEntry.objects.filter(execution=run).count() == 3
    assert Event.objects.filter(act="validation.results.delivered").count() == 1
