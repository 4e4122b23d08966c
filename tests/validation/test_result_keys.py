"""Keys of test tools: made by who executes, shown once, good for one run; every use tells whose it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import time_machine
from django.db import connection

from qms.accounts.people import deactivate_person
from records.clock import now
from records.errors import ReasonMissing, RecordNotEditable, Refusal, RoleNotAllowed
from records.errors_files import MarkupDeclaresType, UploadTooLarge
from records.evidence import Actor
from records.models import Event, OutboxItem
from records.timeline import make_sentence
from signatures.ceremonies import open_ceremony
from signatures.errors import SigningNeedsSession
from tests.people import Person
from tests.validation.desk import Desk, sign
from tests.validation.test_automation import BOMB, JUNIT
from validation.deviations import raise_deviation
from validation.errors_automation import NoResultToTake, ResultFileUnreadable
from validation.errors_keys import (
    KeyEnded,
    KeyLifeUnusual,
    KeyMissing,
    KeyNameMissing,
    KeyOfAnotherRun,
    KeyTooBusy,
    KeyUnknown,
    ReportRecorded,
    ResultContradicted,
)
from validation.errors_records import ExecutorCannotReview, NotTheExecutor
from validation.executions import correct_result, record_result, take_over
from validation.models import Execution, ResultKey, StepEntry
from validation.result_deliveries import Delivery, deliver_report
from validation.result_keys import (
    DELIVERIES_OF_A_KEY,
    PREFIX,
    TRIES_OF_AN_ADDRESS,
    MadeKey,
    make_result_key,
    recognise_key,
    revoke_result_key,
)
from validation.results import states_of

pytestmark = [pytest.mark.clause("11.10(d)", "11.10(g)", "Annex 11 4.7")]

VISITOR = Actor(None, "anonymous", "A test tool", address="203.0.113.7", request_id="r-1")
REASON = "the build server was replaced"


def junit(*cases: tuple[str, str]) -> bytes:
    """Return a report of cases, each a name and passed or failed."""
    inner = "".join(
        f'<testcase name="{name}">{"" if verdict == "passed" else "<failure/>"}</testcase>' for name, verdict in cases
    )
    return f"<testsuite>{inner}</testsuite>".encode()


ALL = junit(("step-1", "passed"), ("step-2", "passed"), ("step-3", "passed"))


@dataclass
class Tool:
    """A test tool with the key that somebody gave it."""

    made: MadeKey
    owner: Person

    @property
    def key(self) -> ResultKey:
        return ResultKey.objects.get(pk=self.made.key.pk)

    def deliver(self, content: bytes = ALL, *, name: str = "ci.xml") -> Delivery:
        """Deliver as the address of the site does: the key is recognised, then its owner acts."""
        key = recognise_key(self.made.secret, self.made.key.execution.number, visitor=VISITOR)
        actor = self.owner.actor(session="", address=VISITOR.address)
        return deliver_report(key, actor=actor, name=name, content=content)


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


@pytest.fixture
def tool(desk: Desk, run: Execution) -> Tool:
    return make_tool(run, desk.engineer)


def make_tool(run: Execution, owner: Person) -> Tool:
    return Tool(make_result_key(run, actor=owner.actor(), name="pytest of line 1", hours=24), owner)


def acts() -> list[str]:
    return list(Event.objects.filter(act__startswith="validation.key").order_by("id").values_list("act", flat=True))


def last_event(act: str) -> Event:
    return Event.objects.filter(act=act).latest("id")


@pytest.mark.django_db
@pytest.mark.clause("11.300(c)")
def test_a_secret_is_shown_once_and_kept_as_a_digest_alone(desk: Desk, tool: Tool):
    secret = tool.made.secret
    assert secret.startswith(PREFIX)
    assert len(secret) > 40
    with connection.cursor() as cursor:
        cursor.execute("SELECT k::text, h::text FROM validation_resultkey k, validation_historicalresultkey h")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT string_agg(e::text, ' ') FROM records_event e")
        told = str(cursor.fetchall())
    assert secret not in stored + told + repr(tool.made)
    assert tool.key.secret_hash not in told
    assert "Vera Lind made the key “pytest of line 1” for results of" in sentence("validation.key.made")


def sentence(act: str) -> str:
    found = last_event(act)
    return f"{found.actor_name} {make_sentence(found)}"


@pytest.mark.django_db
def test_a_tool_records_under_the_name_of_who_made_its_key_and_executes(desk: Desk, run: Execution, tool: Tool):
    delivery = tool.deliver(JUNIT)
    assert [row.result for row in states_of(run)] == ["pass", "fail", ""]
    entry = StepEntry.objects.get(execution=run, step=1)
    assert entry.entered_by == desk.engineer.user
    assert f"(SHA-256 {delivery.sha256}), delivered with the key “pytest of line 1”." in entry.actual
    assert [row.attachment.file_id for row in run.evidence.all()] == [delivery.sha256] * 2
    event = last_event("validation.results.delivered")
    assert (event.actor_id, event.record_id, event.address) == (desk.engineer.user.pk, run.pk, "203.0.113.7")
    assert (event.details["key"], event.details["owner"]) == ("pytest of line 1", "Vera Lind")
    assert make_sentence(event) == (
        f"recorded steps 1 and 2 of {run.number} from ci.xml, delivered with the key “pytest of line 1”: "
        "1 passed, 1 failed"
    )


@pytest.mark.django_db
def test_who_made_the_key_of_a_tool_does_not_review_what_it_recorded(desk: Desk, run: Execution, tool: Tool):
    tool.deliver()
    take_over(run, actor=desk.colleague.actor(), reason="the other one is away")
    sign(run, "finish", desk.colleague)
    with pytest.raises(ExecutorCannotReview):
        open_ceremony(desk.fresh(run), "review", actor=desk.engineer.actor())
    sign(run, "review", desk.reviewer)


@pytest.mark.django_db
def test_a_key_never_signs(desk: Desk, run: Execution, tool: Tool):
    tool.deliver()
    with pytest.raises(SigningNeedsSession):
        open_ceremony(desk.fresh(run), "finish", actor=tool.owner.actor(session=""))


@pytest.mark.django_db
def test_only_who_executes_a_run_that_is_open_makes_a_key_for_it(desk: Desk, run: Execution):
    for person, refusal in (
        (desk.colleague, NotTheExecutor),
        (desk.qa, RoleNotAllowed),
        (desk.reviewer, RoleNotAllowed),
    ):
        with pytest.raises(refusal):
            make_tool(run, person)
    desk.record(run, "pass", "pass", "pass")
    sign(run, "finish", desk.engineer)
    with pytest.raises(RecordNotEditable):
        make_tool(run, desk.engineer)


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [0, -1, 721])
def test_a_key_has_a_name_and_an_end(desk: Desk, run: Execution, hours: int):
    with pytest.raises(KeyLifeUnusual):
        make_result_key(run, actor=desk.engineer.actor(), name="ci", hours=hours)
    with pytest.raises(KeyNameMissing):
        make_result_key(run, actor=desk.engineer.actor(), name="  ", hours=1)


@pytest.mark.django_db
@pytest.mark.clause("11.300(c)")
def test_a_revoked_key_stops_at_once_and_its_use_alarms(desk: Desk, run: Execution, tool: Tool):
    with pytest.raises(ReasonMissing):
        revoke_result_key(tool.key, actor=desk.qa.actor(), reason="")
    with pytest.raises(RoleNotAllowed):
        revoke_result_key(tool.key, actor=desk.reviewer.actor(), reason=REASON)
    revoke_result_key(tool.key, actor=desk.qa.actor(), reason=REASON)
    with pytest.raises(KeyEnded, match="was revoked on"):
        tool.deliver()
    assert acts()[-2:] == ["validation.key.revoked", "validation.key.misused"]
    event = last_event("validation.key.misused")
    assert (event.actor_username, event.address, event.details["owner"]) == ("anonymous", "203.0.113.7", "Vera Lind")
    assert "Maria Chen revoked the key “pytest of line 1” of Vera Lind" in sentence("validation.key.revoked")
    (alert,) = OutboxItem.objects.filter(key__startswith="result_key_misused")
    assert alert.payload["what"].startswith("The key “pytest of line 1” of Vera Lind was offered for results of EX-")
    assert not run.entries.exists()
    with pytest.raises(KeyEnded):
        revoke_result_key(tool.key, actor=desk.engineer.actor(), reason=REASON)


@pytest.mark.django_db
def test_a_key_that_is_revoked_between_door_and_desk_records_nothing(desk: Desk, run: Execution, tool: Tool):
    key = recognise_key(tool.made.secret, run.number, visitor=VISITOR)
    revoke_result_key(tool.key, actor=desk.engineer.actor(), reason=REASON)
    with pytest.raises(KeyEnded):
        deliver_report(key, actor=desk.engineer.actor(session=""), name="ci.xml", content=ALL)
    assert not run.entries.exists()


@pytest.mark.django_db
def test_a_key_expires(run: Execution, tool: Tool):
    with time_machine.travel(now() + dt.timedelta(hours=25)), pytest.raises(KeyEnded, match="expired on"):
        tool.deliver()


@pytest.mark.django_db
def test_a_key_opens_no_other_run(desk: Desk, run: Execution, tool: Tool):
    other = desk.begin()
    with pytest.raises(KeyOfAnotherRun):
        recognise_key(tool.made.secret, other.number, visitor=VISITOR)
    event = last_event("validation.key.misused")
    assert (event.record_id, event.details["wanted"]) == (run.pk, other.number)


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "cskey_", "x" * 10_000, "cskey_\udcff\x00 ü", "cskey_' OR 1=1 --"])
def test_what_is_no_key_is_refused_and_told(run: Execution, secret: str):
    with pytest.raises(KeyUnknown if secret else KeyMissing):
        recognise_key(secret, run.number, visitor=VISITOR)
    assert acts() == (["validation.key.unknown"] if secret else [])


@pytest.mark.django_db
@pytest.mark.clause("11.300(d)")
def test_an_address_that_guesses_is_shut_out_and_fills_no_trail_while_a_good_key_still_passes(
    run: Execution, tool: Tool
):
    for _ in range(TRIES_OF_AN_ADDRESS):
        with pytest.raises(KeyUnknown):
            recognise_key("cskey_guess", run.number, visitor=VISITOR)
    for _ in range(3):
        with pytest.raises(KeyTooBusy) as refused:
            recognise_key("cskey_guess", run.number, visitor=VISITOR)
    assert refused.value.facts["retry_after_seconds"] == 600
    assert acts().count("validation.key.unknown") == TRIES_OF_AN_ADDRESS
    assert tool.deliver().offers
    with time_machine.travel(now() + dt.timedelta(minutes=11)), pytest.raises(KeyUnknown):
        recognise_key("cskey_guess", run.number, visitor=VISITOR)


@pytest.mark.django_db
def test_a_tool_without_pause_is_slowed(run: Execution, tool: Tool):
    for _ in range(DELIVERIES_OF_A_KEY):
        with pytest.raises(ResultFileUnreadable):
            tool.deliver(b"<testsuite/>")
    with pytest.raises(KeyTooBusy):
        tool.deliver()
    assert Event.objects.filter(act="validation.results.refused").count() == DELIVERIES_OF_A_KEY


@pytest.mark.django_db
def test_the_same_report_is_recorded_once(run: Execution, tool: Tool):
    tool.deliver()
    with pytest.raises(ReportRecorded, match="at steps 1, 2 and 3"):
        tool.deliver()
    assert run.entries.count() == run.evidence.count() == 3
    event = last_event("validation.results.refused")
    assert (event.details["key"], event.details["code"]) == ("pytest of line 1", "validation.report_recorded")


@pytest.mark.django_db
@pytest.mark.clause("11.10(e)")
def test_a_report_that_says_otherwise_than_what_stands_records_nothing(desk: Desk, run: Execution, tool: Tool):
    record_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="seen by hand")
    with pytest.raises(ResultContradicted, match="Step 1 stands as passed, and the report says failed"):
        tool.deliver(junit(("step-1", "failed"), ("step-2", "passed")))
    assert run.entries.count() == 1
    tool.deliver(junit(("step-1", "passed"), ("step-2", "passed")))
    assert StepEntry.objects.get(execution=run, step=1).actual == "seen by hand"
    assert make_sentence(last_event("validation.results.delivered")).endswith("; step 1 left as recorded")
    with pytest.raises(NoResultToTake):
        tool.deliver(junit(("step-1", "passed")))


@pytest.mark.django_db
def test_a_correction_by_hand_is_not_undone_by_the_tool(desk: Desk, run: Execution, tool: Tool):
    tool.deliver(junit(("step-1", "failed")))
    correct_result(run, 1, actor=desk.engineer.actor(), result="pass", actual="the rig was off", reason="wrong rig")
    with pytest.raises(ReportRecorded):
        tool.deliver(junit(("step-1", "failed")))
    with pytest.raises(ResultContradicted):
        tool.deliver(junit(("step-1", "failed"), ("step-3", "passed")))
    assert [row.result for row in states_of(run)] == ["pass", "", ""]


def close_run(desk: Desk, run: Execution) -> None:
    desk.record(run, "pass", "pass", "pass")
    sign(run, "finish", desk.engineer)


def hand_over(desk: Desk, run: Execution) -> None:
    take_over(run, actor=desk.colleague.actor(), reason="the other one is away")


def let_go(desk: Desk, run: Execution) -> None:
    deactivate_person(desk.engineer.user, actor=desk.crew.administrator.actor(), reason="left the company")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "refusal"),
    [(close_run, RecordNotEditable), (hand_over, NotTheExecutor), (let_go, RoleNotAllowed)],
)
def test_a_key_sleeps_when_its_owner_does_not_execute_an_open_run(
    desk: Desk, run: Execution, tool: Tool, change: Callable[[Desk, Execution], None], refusal: type[Refusal]
):
    change(desk, run)
    before = run.entries.count()
    with pytest.raises(refusal):
        tool.deliver()
    assert run.entries.count() == before
    assert last_event("validation.results.refused").details["code"] == refusal.code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "refusal"),
    [
        ("ci.xml", b"<testsuite>" + b" " * 6_000_000 + b"</testsuite>", UploadTooLarge),
        ("ci.xml", BOMB, MarkupDeclaresType),
        ("ci.xml", b"<testsuite/>", ResultFileUnreadable),
        ("ci.json", b"{}", ResultFileUnreadable),
    ],
)
def test_what_the_upload_refuses_a_tool_cannot_deliver(
    run: Execution, tool: Tool, name: str, content: bytes, refusal: type[Refusal]
):
    with pytest.raises(refusal):
        tool.deliver(content, name=name)
    assert not run.entries.exists()
    assert not run.attachments.exists()


@pytest.mark.django_db
def test_a_failure_that_a_tool_delivered_asks_for_its_deviation(desk: Desk, run: Execution, tool: Tool):
    tool.deliver(junit(("step-1", "failed")))
    assert raise_deviation(run, 1, actor=desk.engineer.actor()).entry.step == 1
