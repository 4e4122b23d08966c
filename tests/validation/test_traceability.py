"""The trace matrix names every gap in words, and a failure stays under its deviation after the next run passed."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.workflow import perform_transition
from tests.validation.desk import ENVIRONMENT, ROWS, STEPS, Desk, baseline_requirements, make_system, sign
from validation.executions import run_again
from validation.protocols import add_steps, draft_protocol
from validation.requirements import RequirementRow, save_rows
from validation.traceability import Fault, Outcome, Risk, StepTest, Traced, count_gaps, join_trace
from validation.tracing import trace_system, write_csv

pytestmark = [pytest.mark.clause("Annex 11 4.4")]

RATED = (Risk("lost", 2, "medium"),)


def outcome(result: str, *, run: int = 1, fault: Fault | None = None, is_reviewed: bool = True) -> Outcome:
    return Outcome(f"EX-{run}", run, result, is_reviewed, fault)


def traced(*outcomes: Outcome, is_approved: bool = True) -> Traced:
    return Traced("URS-001", "text", risks=RATED, tests=(StepTest("PT-1", 1, is_approved, outcomes),))


DISPOSED, OPEN, ACCEPTED = Fault("DV-1", True, False), Fault("DV-1", False, False), Fault("DV-1", True, True)


@pytest.mark.parametrize(
    ("row", "gaps"),
    [
        (traced(outcome("pass")), ()),
        (traced(outcome("na")), ()),
        (traced(), ("not executed",)),
        (traced(outcome("")), ("not executed",)),
        (traced(is_approved=False), ("test not approved",)),
        (traced(outcome("pass", is_reviewed=False)), ("result not reviewed",)),
        (traced(outcome("fail")), ("failed without deviation",)),
        (traced(outcome("fail", fault=OPEN)), ("deviation open",)),
        (traced(outcome("fail", fault=DISPOSED)), ("failed, not run again",)),
        (traced(outcome("fail", fault=ACCEPTED)), ()),
        (traced(outcome("fail", fault=DISPOSED), outcome("pass", run=2)), ()),
        (traced(outcome("fail", fault=OPEN), outcome("pass", run=2)), ("deviation open",)),
        (traced(outcome("fail"), outcome("pass", run=2)), ("failed without deviation",)),
        (traced(outcome("fail", fault=DISPOSED), outcome("", run=2)), ("failed, not run again",)),
        (Traced("URS-002", "text"), ("no risk rated", "no test")),
        (Traced("URS-002", "text", is_amended=True, risks=RATED), ("amended since the baseline", "no test")),
    ],
)
def test_every_gap_is_named(row: Traced, gaps: tuple[str, ...]):
    assert row.gaps == gaps


def test_an_id_that_nobody_wrote_is_a_broken_link():
    rows = join_trace([Traced("URS-001", "text", risks=RATED)], {"URS-009": [StepTest("PT-1", 1, True)]})
    assert [(row.ref, row.gaps) for row in rows] == [("URS-001", ("no test",)), ("URS-009", ("no such requirement",))]
    assert count_gaps(rows) == 2


@pytest.mark.django_db
def test_the_matrix_follows_the_work(desk: Desk):
    assert {gap for row in trace_system(desk.system) for gap in row.gaps} == {"not executed"}
    failed, deviation = desk.failed_run()
    assert [row.gaps for row in trace_system(desk.system)] == [(), ("deviation open",), ()]
    desk.dispose(deviation)
    again = run_again(failed, actor=desk.engineer.actor(), environment=ENVIRONMENT)
    desk.record(again, "pass")
    assert trace_system(desk.system)[1].gaps == ("result not reviewed",)
    sign(again, "finish", desk.engineer)
    sign(again, "review", desk.reviewer)
    rows = trace_system(desk.system)
    assert count_gaps(rows) == 0
    assert [(found.run, found.result) for found in rows[1].tests[0].outcomes] == [(1, "fail"), (2, "pass")]


@pytest.mark.django_db
def test_an_amendment_and_a_draft_test_show_as_gaps(desk: Desk):
    perform_transition(desk.requirements, "amend", actor=desk.engineer.actor(), reason="one more requirement")
    amended = desk.fresh(desk.requirements)
    save_rows(amended, [RequirementRow("It counts.")], actor=desk.engineer.actor(), revision=amended.revision)
    assert trace_system(desk.system)[3].gaps == ("amended since the baseline", "no risk rated", "no test")


@pytest.mark.django_db
def test_the_matrix_is_saved_as_csv_in_which_no_cell_is_a_formula(desk: Desk):
    system = make_system(desk.engineer, owner=desk.qa, title="Other")
    baseline_requirements(system, desk.engineer, desk.qa)
    rows = [*trace_system(desk.system), Traced("URS-004", "=1+1")]
    cells = list(csv.reader(io.StringIO(write_csv(rows))))
    assert cells[0][0] == "requirement"
    assert cells[1][:4] == ["URS-001", ROWS[0].text, "2", "medium"]
    assert cells[-1][1] == "'=1+1"


@pytest.mark.django_db
def test_a_matrix_of_many_tests_takes_as_many_queries_as_one_of_few(desk: Desk):
    with CaptureQueriesContext(
        connection,
    ) as few:
        trace_system(desk.system)
    draft = draft_protocol(desk.system, actor=desk.engineer.actor(), title="Long", stage="oq", purpose="Many steps.")
    add_steps(draft, STEPS * 20, actor=desk.engineer.actor())
    with CaptureQueriesContext(connection) as many:
        trace_system(desk.system)
    assert len(many) == len(few)
