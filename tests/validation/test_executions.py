"""Executions: results as entered, corrections beside them, evidence by hash, four eyes, runs beside each other."""

from __future__ import annotations

import hashlib
import io

import pytest
from django.db import DatabaseError, connection, transaction

from records.acting import acting
from records.errors import ReasonMissing, RecordNotEditable, RoleNotAllowed
from records.errors_files import UploadTypeMismatch
from records.models import Event
from records.stores import file_store
from signatures.ceremonies import open_ceremony
from signatures.errors import SignerSignedEarlier
from tests.validation.desk import ENVIRONMENT, PICTURE, Desk, sign
from validation.automation import read_report, record_report
from validation.deviations import raise_deviation
from validation.errors_records import (
    EvidenceOfResult,
    EvidenceUnknown,
    EvidenceWithdrawn,
    ExecutorAlready,
    ExecutorCannotReview,
    FailureNotDisposed,
    FailureUnderDeviation,
    FailureWithoutDeviation,
    NothingToCorrect,
    NothingToRunAgain,
    NotTheExecutor,
    ResultNotWhole,
    ResultStands,
    RunAgainAlready,
    RunNotReviewed,
    StepsOpen,
    StepUnknown,
)
from validation.executions import add_evidence, correct_result, record_result, run_again, take_over, withdraw_evidence
from validation.inventory import add_item
from validation.models import EvidenceWithdrawal, Execution, StepEntry
from validation.results import first_open, states_of

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 2.8")]


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


@pytest.mark.clause("11.10(e)")
def test_a_result_is_recorded_once_as_it_was_entered(desk: Desk, run: Execution):
    entry = record_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="  64 digits agree\n")
    found = StepEntry.objects.get(pk=entry.pk)
    assert (found.actual, found.result, found.entered_by_id) == ("  64 digits agree\n", "pass", desk.engineer.user.pk)
    with pytest.raises(ResultStands, match="Vera Lind"):
        record_result(run, 1, actor=desk.engineer.actor(), result="fail", actual="no")


@pytest.mark.clause("11.10(e)")
def test_a_correction_stands_beside_the_entry_it_corrects(desk: Desk, run: Execution):
    desk.record(run, "fail")
    with pytest.raises(ReasonMissing):
        correct_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="agree", reason="")
    correct_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="agree", reason="read the wrong line")
    state = states_of(run)[0]
    assert [entry.result for entry in state.entries] == ["fail", "pass"]
    assert state.result == "pass"
    with pytest.raises(NothingToCorrect):
        correct_result(run, 2, actor=desk.engineer.actor(), result="pass", actual="x", reason="by mistake")


@pytest.mark.clause("11.10(e)")
def test_postgresql_itself_refuses_to_rewrite_an_entry(desk: Desk, run: Execution):
    desk.record(run, "fail")
    for sql in ("UPDATE validation_stepentry SET result = 'pass'", "DELETE FROM validation_stepentry"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            acting(desk.engineer.actor(), "validation.result.recorded", run, details={"step": 1, "result": "passed"}),
        ):
            connection.cursor().execute(sql)


def test_a_failure_under_a_deviation_is_not_corrected_away(desk: Desk, run: Execution):
    desk.record(run, "fail")
    raise_deviation(run, 1, actor=desk.engineer.actor())
    with pytest.raises(FailureUnderDeviation):
        correct_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="x", reason="it is fine after all")


@pytest.mark.parametrize(("result", "actual"), [("pass", "  "), ("maybe", "seen"), ("", "seen")])
def test_a_result_says_what_was_seen_and_whether_it_passed(desk: Desk, run: Execution, result: str, actual: str):
    with pytest.raises(ResultNotWhole):
        record_result(run, 1, actor=desk.engineer.actor(), result=result, actual=actual)


def test_a_step_outside_the_run_takes_no_result(desk: Desk, run: Execution):
    with pytest.raises(StepUnknown):
        record_result(run, 9, actor=desk.engineer.actor(), result="pass", actual="seen")


@pytest.mark.clause("11.10(g)")
def test_only_the_executor_records_and_a_hand_over_keeps_both_names(desk: Desk, run: Execution):
    with pytest.raises(RoleNotAllowed):
        record_result(run, 1, actor=desk.operator.actor(), result="pass", actual="seen")
    with pytest.raises(NotTheExecutor, match="Vera Lind"):
        record_result(run, 1, actor=desk.colleague.actor(), result="pass", actual="seen")
    desk.record(run, "pass")
    take_over(run, actor=desk.colleague.actor(), reason="Vera is on holiday")
    with pytest.raises(ExecutorAlready):
        take_over(run, actor=desk.colleague.actor(), reason="Vera is on holiday")
    with pytest.raises(NotTheExecutor):
        record_result(run, 2, actor=desk.engineer.actor(), result="pass", actual="seen")
    record_result(run, 2, actor=desk.colleague.actor(), result="pass", actual="seen")
    content = desk.fresh(run).content()
    assert [step["entries"][0]["by"] for step in content["steps"][:2]] == ["Vera Lind", "Karl Berg"]
    assert content["hand_overs"][0]["from"] == "Vera Lind"


@pytest.mark.clause("11.10(a)", "11.10(c)")
def test_evidence_is_hashed_and_kept_at_once(desk: Desk, run: Execution):
    kept = desk.show(run, 2)
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert kept.attachment.file_id == digest
    assert file_store().read_checked(digest) == PICTURE
    event = Event.objects.filter(act="validation.evidence.added").latest("id")
    assert event.details["sha256"] == digest
    assert run.content()["steps"][1]["evidence"][0]["sha256"] == digest


@pytest.mark.clause("11.10(e)")
def test_evidence_added_by_mistake_is_struck_through_and_never_gone(desk: Desk, run: Execution):
    desk.show(run, 1, name="right.png")
    wrong = desk.show(run, 1, name="wrong.png")
    before = run.content()
    with pytest.raises(ReasonMissing):
        withdraw_evidence(run, wrong.pk, actor=desk.engineer.actor(), reason="")
    assert run.content() == before
    withdraw_evidence(run, wrong.pk, actor=desk.engineer.actor(), reason="it shows another lot")
    right, struck = run.content()["steps"][0]["evidence"]
    assert set(right) == {"name", "sha256", "by", "at"}
    assert (struck["name"], struck["withdrawn_by"], struck["withdrawn_because"]) == (
        "wrong.png",
        "Vera Lind",
        "it shows another lot",
    )
    assert [row.attachment.name for row in states_of(run)[0].in_force] == ["right.png"]
    assert run.attachments.count() == 2
    event = Event.objects.filter(act="validation.evidence.withdrawn").latest("id")
    assert (event.reason, event.details["name"]) == ("it shows another lot", "wrong.png")
    with pytest.raises(EvidenceWithdrawn, match="Vera Lind withdrew"):
        withdraw_evidence(run, wrong.pk, actor=desk.engineer.actor(), reason="it shows another lot")
    with pytest.raises(DatabaseError), transaction.atomic():
        EvidenceWithdrawal.objects.all()._raw_delete("default")


@pytest.mark.clause("11.10(e)", "11.10(g)")
def test_evidence_is_withdrawn_by_who_executes_while_nothing_rests_on_it(desk: Desk, run: Execution):
    row = desk.show(run, 1)
    for person, refusal in ((desk.colleague, NotTheExecutor), (desk.qa, RoleNotAllowed)):
        with pytest.raises(refusal):
            withdraw_evidence(run, row.pk, actor=person.actor(), reason="it shows another lot")
    with pytest.raises(EvidenceUnknown):
        withdraw_evidence(desk.begin(), row.pk, actor=desk.engineer.actor(), reason="it shows another lot")
    report = read_report("r.xml", b'<testsuite><testcase name="step-2"/></testsuite>')
    record_report(run, report, actor=desk.engineer.actor(), steps=[2])
    with pytest.raises(EvidenceOfResult):
        withdraw_evidence(run, run.evidence.get(step=2).pk, actor=desk.engineer.actor(), reason="it shows another lot")
    record_result(run, 1, actor=desk.engineer.actor(), result="fail", actual="not there")
    raise_deviation(run, 1, actor=desk.engineer.actor())
    with pytest.raises(FailureUnderDeviation):
        withdraw_evidence(run, row.pk, actor=desk.engineer.actor(), reason="it shows another lot")
    record_result(run, 3, actor=desk.engineer.actor(), result="pass", actual="there")
    sign(run, "finish", desk.engineer)
    with pytest.raises(RecordNotEditable):
        withdraw_evidence(run, row.pk, actor=desk.engineer.actor(), reason="it shows another lot")


def test_evidence_that_is_not_what_its_name_says_is_refused(desk: Desk, run: Execution):
    with pytest.raises(UploadTypeMismatch):
        add_evidence(run, 1, actor=desk.engineer.actor(), name="x.pdf", content=io.BytesIO(PICTURE))
    assert not run.attachments.exists()


def test_a_run_is_finished_only_when_every_step_has_a_result_and_every_failure_its_deviation(
    desk: Desk, run: Execution
):
    desk.record(run, "pass", "fail")
    with pytest.raises(StepsOpen, match="step 3"):
        open_ceremony(run, "finish", actor=desk.engineer.actor())
    record_result(run, 3, actor=desk.engineer.actor(), result="na", actual="the page has no lot")
    with pytest.raises(FailureWithoutDeviation, match="Step 2"):
        open_ceremony(run, "finish", actor=desk.engineer.actor())
    raise_deviation(run, 2, actor=desk.engineer.actor())
    sign(run, "finish", desk.engineer)
    assert desk.fresh(run).state == "executed"
    with pytest.raises(RecordNotEditable):
        correct_result(run, 1, actor=desk.engineer.actor(), result="fail", actual="x", reason="found too late")


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
def test_nobody_reviews_what_they_executed(desk: Desk, run: Execution):
    desk.record(run, "pass")
    take_over(run, actor=desk.colleague.actor(), reason="Vera is on holiday")
    for step in (2, 3):
        record_result(run, step, actor=desk.colleague.actor(), result="pass", actual="seen")
    sign(run, "finish", desk.colleague)
    for person in (desk.engineer, desk.colleague):
        with pytest.raises((ExecutorCannotReview, SignerSignedEarlier)):
            open_ceremony(desk.fresh(run), "review", actor=person.actor())
    sign(run, "review", desk.reviewer)
    assert desk.fresh(run).state == "reviewed"


def test_a_reviewer_who_disagrees_returns_the_run_by_signature(desk: Desk, run: Execution):
    desk.record(run, "pass", "pass", "pass")
    sign(run, "finish", desk.engineer)
    sign(run, "review", desk.reviewer, reason="step 2 has no evidence", declines=True)
    assert desk.fresh(run).state == "running"
    desk.show(run, 2)
    sign(run, "finish", desk.engineer)
    sign(run, "review", desk.reviewer)
    assert desk.fresh(run).content()["reopenings"][0]["reason"] == "step 2 has no evidence"


def test_a_further_run_stands_beside_the_failed_one_for_ever(desk: Desk):
    failed, deviation = desk.failed_run()
    with pytest.raises(FailureNotDisposed, match=deviation.number):
        run_again(failed, actor=desk.engineer.actor(), environment=ENVIRONMENT)
    desk.dispose(deviation)
    again = run_again(failed, actor=desk.engineer.actor(), environment="Build 0.2.1")
    assert (again.run, again.steps, again.rerun_of_id) == (2, [2], failed.pk)
    desk.record(again, "pass")
    assert states_of(failed)[1].result == "fail"
    assert [row.result for row in states_of(again)] == ["pass"]
    with pytest.raises(RunAgainAlready):
        run_again(failed, actor=desk.engineer.actor(), environment=ENVIRONMENT)


def test_what_was_accepted_is_not_run_again(desk: Desk):
    failed, deviation = desk.failed_run()
    desk.dispose(deviation, outcome="accept")
    with pytest.raises(NothingToRunAgain):
        run_again(failed, actor=desk.engineer.actor(), environment=ENVIRONMENT)


def test_a_run_that_is_not_reviewed_is_not_run_again(desk: Desk, run: Execution):
    with pytest.raises(RunNotReviewed):
        run_again(run, actor=desk.engineer.actor(), environment=ENVIRONMENT)


def test_a_run_keeps_what_it_tested(desk: Desk):
    add_item(
        desk.system, actor=desk.engineer.actor(), kind="ai_model", name="vial", version="1", reason="released model",
        sha256="ab" * 32,
    )  # fmt: skip
    assert desk.begin().content()["items"][0]["sha256"] == "ab" * 32


def test_the_next_step_is_the_next_open_one_behind(desk: Desk, run: Execution):
    assert first_open(states_of(run)) == 1
    record_result(run, 2, actor=desk.engineer.actor(), result="pass", actual="seen")
    assert first_open(states_of(run), after=2) == 3
    record_result(run, 3, actor=desk.engineer.actor(), result="pass", actual="seen")
    assert first_open(states_of(run), after=3) == 1
    record_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="seen")
    assert first_open(states_of(run), after=1) == 3
