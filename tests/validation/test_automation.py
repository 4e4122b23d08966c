"""Automated results: a report answers the steps it names and is their evidence; nothing is guessed or written over."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import RoleNotAllowed
from records.errors_files import DocumentDamaged, MarkupDeclaresType, UploadTooLarge, UploadTypeNotAllowed
from records.models import Event
from records.stores import file_store
from tests.validation.desk import Desk, sign
from validation.automation import Report, preview_report, read_report, record_report
from validation.case_results import FORMAT, Case, match_cases
from validation.deviations import raise_deviation
from validation.errors_automation import NoResultToTake, ResultFileUnreadable
from validation.errors_records import FailureWithoutDeviation, NotTheExecutor, ResultStands, StepsOpen, StepUnknown
from validation.models import Execution, StepEntry
from validation.results import states_of

pytestmark = [pytest.mark.clause("Annex 11 4.7"), pytest.mark.clause("11.10(a)")]

JUNIT = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" tests="4">
  <testcase classname="tests.test_images" name="test_step_1_keeps_the_digest" time="0.1"/>
  <testcase classname="tests.test_rejects" name="test_reject_is_shown">
    <properties><property name="requirement" value="URS-002"/></properties>
    <failure message="the vial is &lt;hidden&gt;">Traceback: line 7</failure>
  </testcase>
  <testcase classname="tests.test_pages" name="test_lot_URS_003"><skipped message="no printer"/></testcase>
  <testcase classname="tests.test_pages" name="test_of_nothing_here"/>
</testsuite></testsuites>"""

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><testsuites>&b;</testsuites>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuites><testcase name="&f;"/></testsuites>'
REMOTE = b'<?xml version="1.0"?><!DOCTYPE testsuites SYSTEM "http://203.0.113.9/x.dtd"><testsuites/>'


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


def junit(*cases: str) -> Report:
    return read_report("r.xml", f"<testsuite>{''.join(cases)}</testsuite>".encode())


@pytest.mark.django_db
@pytest.mark.clause("11.10(e)")
def test_a_report_records_the_steps_it_names_as_their_executor_with_itself_as_evidence(desk: Desk, run: Execution):
    report = read_report("junit.xml", JUNIT)
    offers, loose = preview_report(run, report)
    assert [(row.outcome.step, row.outcome.result, row.is_taken) for row in offers] == [
        (1, "pass", True),
        (2, "fail", True),
        (3, "", False),
    ]
    assert "skipped: tests.test_pages.test_lot_URS_003" in offers[2].outcome.why
    assert [case.name for case in loose] == ["tests.test_pages.test_of_nothing_here"]
    assert not StepEntry.objects.filter(execution=run).exists()
    record_report(run, report, actor=desk.engineer.actor(), steps=[1, 2])
    states = states_of(run)
    assert [row.result for row in states] == ["pass", "fail", ""]
    digest = hashlib.sha256(JUNIT).hexdigest()
    entry = states[1].entry
    assert entry is not None
    assert entry.entered_by == desk.engineer.user
    assert digest in entry.actual
    assert "failed: tests.test_rejects.test_reject_is_shown: the vial is <hidden>" in entry.actual
    assert [row.attachment.file_id for row in states[0].evidence + states[1].evidence] == [digest, digest]
    assert file_store().read_checked(digest) == JUNIT
    event = Event.objects.filter(act="validation.results.imported").latest("id")
    assert (event.details["sha256"], event.details["summary"]) == (digest, "1 passed, 1 failed")


@pytest.mark.django_db
@pytest.mark.clause("Annex 15 2.8")
def test_an_automated_failure_needs_its_deviation_and_a_skipped_step_stays_open(desk: Desk, run: Execution):
    record_report(run, read_report("junit.xml", JUNIT), actor=desk.engineer.actor(), steps=[1, 2])
    with pytest.raises(StepsOpen, match="step 3"):
        sign(run, "finish", desk.engineer)
    desk_report = junit('<testcase name="test_step_3"/>')
    record_report(run, desk_report, actor=desk.engineer.actor(), steps=[3])
    with pytest.raises(FailureWithoutDeviation):
        sign(run, "finish", desk.engineer)
    raise_deviation(run, 2, actor=desk.engineer.actor())
    sign(run, "finish", desk.engineer)
    assert desk.fresh(run).state == "executed"


@pytest.mark.django_db
@pytest.mark.clause("11.10(e)")
def test_a_step_with_a_result_is_refused_by_name_and_nothing_else_is_recorded(desk: Desk, run: Execution):
    report = read_report("junit.xml", JUNIT)
    desk.record(run, "fail")
    offers, _ = preview_report(run, report)
    assert [row.outcome.step for row in offers if row.is_taken] == [2]
    with pytest.raises(ResultStands, match="Step 1 has the result of Vera Lind"):
        record_report(run, report, actor=desk.engineer.actor(), steps=[1, 2])
    assert [row.result for row in states_of(run)] == ["fail", "", ""]


@pytest.mark.django_db
def test_only_steps_of_the_report_are_recorded_and_only_by_the_executor(desk: Desk, run: Execution):
    report = read_report("junit.xml", JUNIT)
    for step in (3, 9):
        with pytest.raises(StepUnknown):
            record_report(run, report, actor=desk.engineer.actor(), steps=[step])
    with pytest.raises(NoResultToTake):
        record_report(run, report, actor=desk.engineer.actor(), steps=[])
    with pytest.raises(NotTheExecutor):
        record_report(run, report, actor=desk.colleague.actor(), steps=[1])
    with pytest.raises(RoleNotAllowed):
        record_report(run, report, actor=desk.operator.actor(), steps=[1])


@pytest.mark.django_db
def test_our_json_form_says_the_same_as_junit(desk: Desk, run: Execution):
    results = [
        {"name": "digest", "result": "passed", "proves": ["step-1"]},
        {"name": "reject", "result": "failed", "proves": ["URS-002"], "message": "hidden"},
    ]
    report = read_report("r.json", json.dumps({"format": FORMAT, "results": results}).encode())
    assert [(row.outcome.step, row.outcome.result) for row in preview_report(run, report)[0]] == [
        (1, "pass"),
        (2, "fail"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[]", "it needs"),
        ('{"format": "countersign-results-1", "results": []}', "no test case"),
        ('{"format": "countersign-results-1", "results": [7]}', "result 1 is no object"),
        ('{"format": "countersign-results-1", "results": [{"result": "passed"}]}', "result 1 has no name"),
        ('{"format": "countersign-results-1", "results": [{"name": "a", "result": "ok"}]}', "other than passed"),
        ('{"format": "countersign-results-1", "results": [{"name": "a", "result": "passed", "proves": 1}]}', "list of"),
        ('{"format": "countersign-results-1", "results": [{"name": "a", "result": ["passed"]}]}', "other than passed"),
    ],
)
def test_json_of_another_form_is_refused_with_the_place(content: str, why: str):
    with pytest.raises(ResultFileUnreadable, match=why):
        read_report("r.json", content.encode())


@pytest.mark.assurance("D2")
@pytest.mark.parametrize("content", [BOMB, EXTERNAL, REMOTE], ids=["bomb", "external", "remote"])
def test_xml_with_a_document_type_is_refused_before_anything_of_it_is_read(content: bytes):
    with pytest.raises(MarkupDeclaresType, match="DOCTYPE"):
        read_report("r.xml", content)


@pytest.mark.assurance("D2")
def test_broken_deep_foreign_and_huge_files_are_refused_with_a_sentence():
    for content in (b"<testsuites>", b"<a>\x00</a>", b"<a>&undefined;</a>", b"<a/>junk", b"<a>" * 60 + b"</a>" * 60):
        with pytest.raises(DocumentDamaged):
            read_report("r.xml", content)
    for content, why in ((b"<svg/>", "svg"), (b"<testsuites/>", "no test case")):
        with pytest.raises(ResultFileUnreadable, match=why):
            read_report("r.xml", content)
    with pytest.raises(ResultFileUnreadable, match="5000 are allowed"):
        junit(*['<testcase name="a"/>'] * 5_001)
    with pytest.raises(UploadTooLarge):
        junit('<testcase name="a"/>', "<!--", "x" * 5_000_000, "-->")
    for name, content in (("r.csv", b"a,b\n"), ("r.html", b"<html/>"), ("r.png", b"\x89PNG\r\n\x1a\n")):
        with pytest.raises(UploadTypeNotAllowed):
            read_report(name, content)


def test_a_case_that_failed_before_it_passed_counts_as_failed():
    for fault in ("flakyFailure", "rerunFailure", "rerunError", "flakyError", "error", "failure"):
        report = junit(f'<testcase name="step-1"><{fault}>lost it</{fault}><skipped/></testcase>')
        assert [(case.verdict, case.message) for case in report.cases] == [("failed", "lost it")]


@pytest.mark.parametrize(
    ("text", "steps", "refs"),
    [
        ("test_step_3", {3}, set()),
        ("Step-12 and step 4", {12, 4}, set()),
        ("footstep-3", set(), set()),
        ("step-3b", set(), set()),
        ("test_urs_001_and_URS-0023", set(), {"URS-001", "URS-023"}),
        ("curs-001", set(), set()),
        ("URS-12", set(), set()),
    ],
)
def test_a_mark_is_read_only_where_it_stands_alone(text: str, steps: set[int], refs: set[str]):
    (case,) = junit(f'<testcase name="{text}"/>').cases
    assert (set(case.steps), set(case.requirements)) == (steps, refs)


PLANS = (
    {"step": 1, "requirements": ["URS-001"]},
    {"step": 2, "requirements": ["URS-001", "URS-002"]},
    {"step": 5, "requirements": []},
)
cases = st.builds(
    Case,
    name=st.sampled_from("abc"),
    verdict=st.sampled_from(("passed", "failed", "skipped")),
    steps=st.frozensets(st.integers(1, 6), max_size=2),
    requirements=st.frozensets(st.sampled_from(("URS-001", "URS-002", "URS-009")), max_size=3),
)


@given(st.lists(cases, max_size=8))
def test_a_step_passes_only_with_all_its_cases_and_all_its_requirements(found: list[Case]):
    outcomes, loose = match_cases(found, PLANS)
    placed = [case for row in outcomes for case in row.cases]
    assert all(case in placed or case in loose for case in found)
    assert not any(case in placed for case in loose)
    for row in outcomes:
        verdicts = {case.verdict for case in row.cases}
        refs = frozenset().union(*(case.requirements for case in row.cases))
        plan = next(plan for plan in PLANS if plan["step"] == row.step)
        is_named = any(row.step in case.steps for case in row.cases)
        assert (row.result == "fail") == ("failed" in verdicts)
        if row.result == "pass":
            assert verdicts == {"passed"}
            assert is_named or refs >= set(plan["requirements"])  # type: ignore[call-overload]
        assert bool(row.why) == (not row.result)
