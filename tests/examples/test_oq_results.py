"""The kept report is of the tests that carry requirements today, and tells nothing of the machine."""

from __future__ import annotations

import re

from examples.validation.pipeline import RESULTS
from tests.architecture.matrix import all_marks
from tests.oq_results import shorten_report
from validation.case_results import PASSED, read_junit

RAW = b"""<testsuites><testsuite name="pytest" tests="2" failures="1" errors="0" skipped="0" hostname="a-machine"
time="3.2" timestamp="2026-11-25T10:00:00"><testcase classname="tests.b" name="test_two" time="1"><properties>
<property name="requirement" value="URS-002"/><property name="other" value="x"/></properties>
<failure message="it was not so">/home/somebody/tests/b.py:7</failure></testcase>
<testcase classname="tests.a" name="test_one" time="1"><properties><property name="requirement" value="URS-001"/>
</properties></testcase></testsuite></testsuites>"""


def test_every_case_of_the_kept_report_passed_and_names_its_requirement() -> None:
    cases = read_junit(RESULTS.read_bytes(), name=RESULTS.name)
    assert {case.verdict for case in cases} == {PASSED}
    assert all(case.requirements for case in cases)


def test_it_is_of_the_tests_that_carry_requirements_today() -> None:
    marks = {(mark.test, mark.id) for mark in all_marks() if mark.kind == "requirement"}
    kept = set()
    for case in read_junit(RESULTS.read_bytes(), name=RESULTS.name):
        module, _, test = re.sub(r"\[.*", "", case.name).rpartition(".")
        kept |= {(f"{module.replace('.', '/')}.py::{test}", requirement) for requirement in case.requirements}
    assert kept == marks, "run `make oq-results`"


def test_a_report_keeps_cases_ends_and_requirements_and_nothing_of_the_machine() -> None:
    short = shorten_report(RAW)
    one, two = read_junit(short, name="short.xml")
    assert (one.name, one.verdict, sorted(one.requirements)) == ("tests.a.test_one", "passed", ["URS-001"])
    assert (two.name, two.verdict, two.message) == ("tests.b.test_two", "failed", "it was not so")
    assert not [word for word in (b"a-machine", b"/home", b"time=", b"other") if word in short]
