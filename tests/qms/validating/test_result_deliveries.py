"""The address of the test tools: a key alone lets in, refusals have stable codes, a page makes and ends keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qms.validating.delivering import NAMED_CASES
from records.models import Event
from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import Desk, sign
from tests.validation.test_automation import BOMB, JUNIT
from tests.validation.test_result_keys import ALL, junit
from validation.case_results import FORMAT
from validation.models import Execution, ResultKey
from validation.result_keys import make_result_key, revoke_result_key
from validation.results import states_of

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(d)", "11.10(g)", "Annex 11 4.7")]


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


@pytest.fixture
def secret(desk: Desk, run: Execution) -> str:
    return make_result_key(run, actor=desk.engineer.actor(), name="pytest of line 1", hours=24).secret


def deliver(
    run: Execution,
    secret: str,
    content: bytes = ALL,
    *,
    kind: str = "application/xml",
    query: str = "",
    client: Client | None = None,
    **headers: str,
) -> Any:
    given = {"Authorization": f"Bearer {secret}"} if secret else {}
    sender = client or Client(enforce_csrf_checks=True)
    address = reverse("validating:results-deliver", args=[run.number]) + query
    return sender.post(address, data=content, content_type=kind, headers=given | headers)


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["detail"]
    return found["status"], found["code"]


def test_a_tool_is_told_what_became_of_each_step(desk: Desk, run: Execution, secret: str):
    desk.record(run, "pass")
    answer = deliver(run, secret, JUNIT, query="?name=nightly.xml")
    assert answer.status_code == 201
    found = answer.json()
    assert (found["execution"], found["executor"], found["key"]) == (run.number, "Vera Lind", "pytest of line 1")
    assert found["report"]["name"] == "nightly.xml"
    assert found["recorded"] == [{"step": 2, "result": "failed"}]
    assert found["kept"] == [{"step": 1, "result": "passed", "by": "Vera Lind"}]
    assert [(row["step"], row["why"].partition(":")[0]) for row in found["not_taken"]] == [(3, "skipped")]
    assert found["without_step"] == {"count": 1, "cases": ["tests.test_pages.test_of_nothing_here"]}
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert "sessionid" not in answer.cookies


def test_json_is_taken_like_xml(run: Execution, secret: str):
    content = f'{{"format": "{FORMAT}", "results": [{{"name": "step-2", "result": "passed"}}]}}'.encode()
    assert deliver(run, secret, content, kind="application/json").json()["recorded"] == [
        {"step": 2, "result": "passed"}
    ]


def test_many_cases_without_step_are_counted_and_not_all_told(run: Execution, secret: str):
    content = junit(("step-1", "passed"), *[(f"other {number}", "passed") for number in range(NAMED_CASES + 5)])
    found = deliver(run, secret, content).json()["without_step"]
    assert (found["count"], len(found["cases"])) == (NAMED_CASES + 5, NAMED_CASES)


@pytest.mark.parametrize(
    ("given", "code"),
    [("", "validation.key_missing"), ("cskey_wrong", "validation.key_unknown"), ("ü\x00", "validation.key_unknown")],
)
def test_without_a_key_nothing_happens(run: Execution, given: str, code: str):
    assert problem(deliver(run, given)) == (401, code)
    assert not run.entries.exists()


def test_a_session_is_no_key_and_brings_no_right_along(desk: Desk, run: Execution, secret: str):
    browser = desk.engineer.client(fresh=True)
    assert problem(deliver(run, "", client=browser)) == (401, "validation.key_missing")
    assert deliver(run, secret, client=desk.operator.client(fresh=True)).status_code == 201
    event = Event.objects.filter(act="validation.results.delivered").latest("id")
    assert (event.actor_username, event.session) == ("vera", "")
    assert event.request_id


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_another_scheme_is_no_key(run: Execution, secret: str, scheme: str):
    assert problem(deliver(run, "", Authorization=f"{scheme} {secret}".strip())) == (401, "validation.key_missing")


def test_revoked_strange_and_sleeping_keys_are_told_apart(desk: Desk, run: Execution, secret: str):
    other = desk.begin()
    assert problem(deliver(other, secret)) == (403, "validation.key_of_another_run")
    desk.record(run, "pass", "pass", "pass")
    sign(run, "finish", desk.engineer)
    assert problem(deliver(run, secret)) == (409, "records.not_editable")
    revoke_result_key(ResultKey.objects.get(), actor=desk.qa.actor(), reason="the build server was replaced")
    assert problem(deliver(run, secret)) == (401, "validation.key_ended")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<testsuite>" + b" " * 6_000_000 + b"</testsuite>", (413, "records.upload.too_large")),
        (BOMB, (422, "records.upload.markup_declares_type")),
        (b"", (422, "records.upload.empty")),
        (b"\x89PNG\r\n\x1a\n", (422, "records.upload.type_not_allowed")),
        (b"<testsuite/>", (422, "validation.result_file_unreadable")),
        (b"<testsuite><testcase name='nothing'/></testsuite>", (409, "validation.no_result_to_take")),
    ],
)
def test_what_is_no_report_is_refused_with_a_code_and_recorded_nowhere(
    run: Execution, secret: str, content: bytes, expected: tuple[int, str]
):
    assert problem(deliver(run, secret, content)) == expected
    assert not run.entries.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.exe", "x" * 300 + ".xml", "%00.xml"])
def test_a_name_that_is_none_is_refused(run: Execution, secret: str, name: str):
    answer = deliver(run, secret, query=f"?name={name}")
    assert answer.status_code in (404, 422), answer.content
    problem(answer)
    assert not run.entries.exists()


def test_the_same_report_twice_is_recorded_once(run: Execution, secret: str):
    assert deliver(run, secret).status_code == 201
    assert problem(deliver(run, secret)) == (409, "validation.report_recorded")
    assert run.entries.count() == 3


def test_who_guesses_waits(run: Execution):
    answers = [deliver(run, "cskey_guess") for _ in range(21)]
    assert problem(answers[-2]) == (401, "validation.key_unknown")
    assert problem(answers[-1]) == (429, "validation.key_too_busy")
    assert answers[-1].headers["Retry-After"] == "600"


def test_the_address_reads_nothing(desk: Desk, run: Execution, secret: str):
    address = reverse("validating:results-deliver", args=[run.number])
    assert Client().get(address, headers={"Authorization": f"Bearer {secret}"}).status_code == 405
    for name in ("execution-detail", "key-list", "results-import"):
        page = Client().get(
            reverse(f"validating:{name}", args=[run.number]), headers={"Authorization": f"Bearer {secret}"}
        )
        assert page.status_code == 302


def test_the_page_shows_a_secret_once_and_it_works(desk: Desk, run: Execution):
    assert "No key yet." in text(get(desk.reviewer, "key-list", run.number))
    made = text(post(desk.engineer, "key-list", run.number, name="pytest of line 1", hours="168"))
    found = re.search(r"cskey_[\w-]+", made)
    assert found
    assert "The key, shown this once" in made
    shown = text(get(desk.engineer, "key-list", run.number))
    assert found[0] not in shown
    assert ("never" in shown, "in force" in shown) == (True, True)
    assert deliver(run, found[0]).status_code == 201
    assert "once, last" in text(get(desk.qa, "key-list", run.number))
    assert [row.result for row in states_of(run)] == ["pass", "pass", "pass"]


def test_a_key_is_revoked_on_its_page_with_a_reason(desk: Desk, run: Execution, secret: str):
    key = ResultKey.objects.get()
    assert post(desk.qa, "key-revoke", key.pk, reason="").status_code == 422
    page = text(post(desk.qa, "key-revoke", key.pk, reason="the build server was replaced", follow=True))
    assert "The key “pytest of line 1” is revoked." in page
    assert "revoked by Maria Chen" in page
    again = post(desk.engineer, "key-revoke", key.pk, reason="the build server was replaced")
    assert "was revoked on" in text(again)


def test_a_key_that_sleeps_says_so_and_only_the_executor_makes_one(desk: Desk, run: Execution, secret: str):
    post(desk.colleague, "take-over", run.number, reason="the other one is away")
    page = text(get(desk.engineer, "key-list", run.number))
    assert "asleep: somebody else executes the run" in page
    assert "Make a key" not in page
    assert "Make a key" in text(get(desk.colleague, "key-list", run.number))
    refused = post(desk.engineer, "key-list", run.number, name="again", hours="8")
    assert refused.status_code == 422
    assert "Karl Berg executes" in text(refused)
    assert "Keys of test tools" in text(get(desk.colleague, "execution-detail", run.number))
    assert problem(deliver(run, secret)) == (409, "validation.not_the_executor")


@pytest.mark.parametrize("hours", ["0", "9999", "x", ""])
def test_a_key_without_an_end_is_not_made(desk: Desk, run: Execution, hours: str):
    assert post(desk.engineer, "key-list", run.number, name="ci", hours=hours).status_code == 422
    assert not ResultKey.objects.exists()
