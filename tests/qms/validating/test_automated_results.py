"""The page of automated results: preview first, then exactly what it showed; forged and stale previews are refused."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import Desk
from tests.validation.test_automation import BOMB, JUNIT
from validation.executions import record_result
from validation.models import Execution
from validation.results import states_of

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 4.7")]


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


def upload(name: str = "junit.xml", content: bytes = JUNIT) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def kept_of(page: object) -> dict[str, str]:
    context = page.context  # type: ignore[attr-defined]
    return {"kept": context["kept"], "steps": ",".join(map(str, context["taken"])), "confirm": "1"}


def test_a_report_is_previewed_then_recorded_and_the_runner_shows_it(desk: Desk, run: Execution):
    assert "Automated results" in text(get(desk.engineer, "execution-detail", run.number))
    page = post(desk.engineer, "results-import", run.number, file=upload())
    shown = text(page)
    assert "Recorded: failed, asks for a deviation" in shown
    assert "Not taken, skipped: tests.test_pages.test_lot_URS_003" in shown
    assert "the vial is &lt;hidden&gt;" in shown
    assert "1 test case names no step of this run" in shown
    assert not run.entries.exists()
    after = post(desk.engineer, "results-import", run.number, follow=True, **kept_of(page))
    assert "2 results are recorded." in text(after)
    assert [row.result for row in states_of(run)] == ["pass", "fail", ""]


def test_a_result_that_came_meanwhile_stands_and_is_named(desk: Desk, run: Execution):
    page = post(desk.engineer, "results-import", run.number, file=upload())
    record_result(run, 1, actor=desk.engineer.actor(), result="fail", actual="seen by hand")
    late = post(desk.engineer, "results-import", run.number, **kept_of(page))
    assert late.status_code == 422
    assert "Step 1 has the result of Vera Lind already" in text(late)
    assert "Stays as Vera Lind recorded it: failed" in text(late)
    assert run.entries.count() == 1


def test_another_file_is_another_preview(desk: Desk, run: Execution):
    page = post(desk.engineer, "results-import", run.number, file=upload())
    passing = upload("other.xml", b'<testsuite><testcase name="step-1"/><testcase name="step-2"/></testsuite>')
    again = post(desk.engineer, "results-import", run.number, file=passing, **kept_of(page))
    assert again.status_code == 200
    assert "Record 2 results" in text(again)
    assert not run.entries.exists()


@pytest.mark.assurance("D2")
def test_nothing_but_what_the_page_signed_itself_is_believed(desk: Desk, run: Execution):
    kept = kept_of(post(desk.engineer, "results-import", run.number, file=upload()))
    other = desk.begin()
    for number, fields, said in (
        (run.number, {}, "Choose a file first."),
        (run.number, kept | {"kept": kept["kept"] + "x"}, "The preview is too old."),
        (other.number, kept, "The preview is of another run."),
        (run.number, kept | {"steps": "3"}, "There is no step 3"),
        (run.number, kept | {"steps": ""}, "Nothing was recorded."),
    ):
        answer = post(desk.engineer, "results-import", number, **fields)
        assert answer.status_code == 422
        assert said in text(answer)
    assert not run.entries.exists()
    assert "DOCTYPE" in text(post(desk.engineer, "results-import", run.number, file=upload("b.xml", BOMB)))
