"""The trace matrix of 1,000 requirements and 1,000 steps: its page, its report, its PDF."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from records.acting import acting
from records.clock import now
from tests.bench.measuring import percentile, report
from tests.people import Person, make_crew
from tests.validation.desk import ENVIRONMENT, approve_matrix, make_system, sign
from validation.assembling import report_facts
from validation.executions import begin_execution
from validation.models import Protocol, Requirement, StepEntry, System
from validation.protocols import StepText, add_steps, draft_protocol
from validation.requirements import RequirementRow, begin_requirements, save_rows
from validation.trace_paper import draw_trace
from validation.tracing import trace_system

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = 1_000
TURNS = 10


def seconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_trace():
    crew = make_crew()
    engineer, qa = crew.add("vera", "validation_engineer"), crew.add("maria", "qa_manager")
    approve_matrix(engineer, qa)
    system = make_system(engineer, owner=qa)
    fill(system, engineer, qa)
    client, address = engineer.client(), reverse("validating:trace", args=[system.number])
    with CaptureQueriesContext(connection) as queries:
        rows = trace_system(system)
    count = len(queries)  # now: a request would empty the log
    assert len(rows) == SIZE

    def read_plainly() -> None:
        list(Requirement.objects.prefetch_related("risks"))
        list(Protocol.objects.prefetch_related("steps"))
        list(StepEntry.objects.all())

    plain = min(seconds_of(read_plainly) for _ in range(TURNS))
    page = [seconds_of(lambda: client.get(address)) for _ in range(TURNS)]
    facts = [seconds_of(lambda: report_facts(system)) for _ in range(TURNS)]
    paper = seconds_of(lambda: draw_trace(system, rows, at=now()))
    what = f"trace matrix of {SIZE:,} requirements and steps"
    p95 = percentile(page, 0.95)
    report(f"{what}, whole page, p95", f"{p95:.2f} s", "< 1 s", is_reached=p95 < 1)
    ratio = percentile(facts, 0.5) / plain
    report(f"{what}, a report's facts to reading its rows plainly", f"{ratio:.1f} x", "<= 5 x", is_reached=ratio <= 5)
    report(f"{what}, queries", f"{count}", "<= 12", is_reached=count <= 12)
    report(f"{what}, PDF", f"{paper:.1f} s", "<= 10 s", is_reached=paper <= 10)


def fill(system: System, engineer: Person, qa: Person) -> None:
    """Write requirements, a protocol of as many steps, and a run with every result."""
    actor = engineer.actor()
    made = begin_requirements(system, actor=actor)
    rows = [
        RequirementRow(f"The system does thing {number}.", "Line 1", "not done", "high", "low", "medium")
        for number in range(SIZE)
    ]
    save_rows(made, rows, actor=actor, revision=made.revision)
    sign(made, "baseline", engineer)
    sign(made, "baseline", qa)
    protocol = draft_protocol(system, actor=actor, title="All of it", stage="oq", purpose="Shows all of it.")
    steps = [StepText((f"URS-{number:03d}",), f"Do thing {number}.", "It is done.") for number in range(1, SIZE + 1)]
    add_steps(protocol, steps, actor=actor)
    sign(protocol, "approve", engineer)
    sign(protocol, "approve", qa)
    run = begin_execution(Protocol.objects.get(pk=protocol.pk), actor=actor, environment=ENVIRONMENT)
    with acting(actor, "validation.result.recorded", run, details={"step": "all", "result": "passed"}):
        StepEntry.objects.bulk_create(
            StepEntry(execution=run, step=step, result="pass", actual="seen", entered_by=engineer.user)
            for step in run.steps
        )
