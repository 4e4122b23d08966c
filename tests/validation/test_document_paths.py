"""Whatever people try on a plan and a report, in whatever order: no illegal state, validated only by three, and
nothing signed over an open comment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from records.acting import acting
from records.models import ControlledRecord
from records.workflow import perform_transition
from tests.people import Person
from tests.sizes import IS_FULL_SIZE, choose_size
from tests.validation.desk import Desk, sign
from tests.validation.documents import TEXTS, pass_run, second_qa, write_plan
from tests.validation.walking import Walk, walk_in_any_order
from validation.comment_threads import ENDS, is_under_review, make_threads, open_comments
from validation.commenting import answer_comment, settle_comment, take_comment_back, write_comment
from validation.document_parts import WHOLE
from validation.models import CommentEntry, ReviewComment, SummaryReport, System, ValidationPlan
from validation.plans import draft_plan, refresh_plan, write_section
from validation.reports import draft_report, edit_report, refresh_report
from validation.status import standing_of
from validation.workflow import PLAN_WORKFLOW, REPORT_WORKFLOW, SYSTEM_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=14, full=2_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator", "quality")
ACTIONS = ("approve", "revise", "retire", "withdraw", "validate", "begin")
SEATS = ["author", "owner", "quality"]
REPLIES = ("answer", "settle", "take_back")

people = st.sampled_from(PEOPLE)
kinds = st.sampled_from(("plan", "report", "system"))
steps = st.one_of(
    st.tuples(st.just("draft"), people, kinds),
    st.tuples(st.just("write"), people, kinds),
    st.tuples(st.just("refresh"), people, kinds),
    st.tuples(st.just("move"), people, kinds, st.sampled_from(ACTIONS)),
    st.tuples(st.just("sign"), people, kinds, st.sampled_from(ACTIONS)),
    st.tuples(st.just("comment"), people, kinds),
    st.tuples(st.just("reply"), people, st.sampled_from(REPLIES)),
    *(st.tuples(st.just("way")) for _ in range(3)),  # one object said thrice would count once
)


class Sequence(Walk):
    """One system's plan and report in the hands of everybody, with what must always hold checked after each step."""

    def __init__(self, desk: Desk, quality: Person) -> None:
        super().__init__(desk, PLAN_WORKFLOW, REPORT_WORKFLOW, SYSTEM_WORKFLOW)
        self.quality = quality
        self.said: set[int] = set()
        self.states[desk.system.pk] = System.objects.get(pk=desk.system.pk).state
        self.check()

    def check(self) -> None:
        system = System.objects.get(pk=self.desk.system.pk)
        self.check_moves([system, *ValidationPlan.objects.all(), *SummaryReport.objects.all()])
        for report in SummaryReport.objects.filter(state="approved"):
            signed = list(report.signatures.filter(is_decline=False).order_by("id").values_list("seat", "signer_id"))
            assert [seat for seat, _ in signed][-3:] == SEATS
            assert len({signer for _, signer in signed[-3:]}) == 3
            assert signed[-2][1] == self.desk.qa.user.pk
        if system.state == "validated":
            assert standing_of(system).report is not None
        assert ValidationPlan.objects.exclude(state="retired").count() <= 1
        self.check_comments()

    def check_comments(self) -> None:
        """Check that nothing said is gone, each is ended by who may, and nobody signs over an open one."""
        said = set(ReviewComment.objects.values_list("pk", flat=True))
        assert said >= self.said
        self.said = said
        open_at = set(open_comments().values_list("record_id", flat=True))
        assert not open_at & set(ControlledRecord.objects.filter(state="approved").values_list("pk", flat=True))
        self.reached |= {("comment", thread.state) for thread in make_threads(ReviewComment.objects.all())}
        for end in CommentEntry.objects.filter(kind__in=ENDS).select_related("comment__record"):
            is_writers = end.written_by_id == end.comment.written_by_id
            by_quality = end.written_by_id in (self.desk.qa.user.pk, self.quality.user.pk)
            assert is_writers or (by_quality and end.kind == "settled")
            assert is_writers or end.written_by_id != end.comment.record.author_id

    def person(self, who: str) -> Person:
        return self.quality if who == "quality" else super().person(who)

    def target(self, kind: str) -> Any:
        model = {"plan": ValidationPlan, "report": SummaryReport, "system": System}[kind]
        return model.objects.order_by("-pk")[0] if model.objects.exists() else System.objects.all()[0]

    def draft(self, who: str, kind: str) -> None:
        actor = self.person(who).actor()
        if kind == "plan":
            draft_plan(self.desk.system, actor=actor, title="A plan", stages=["oq"])
        elif kind == "report":
            draft_report(self.desk.system, actor=actor)

    def write(self, who: str, kind: str) -> None:
        actor, found = self.person(who).actor(), self.target(kind)
        if isinstance(found, ValidationPlan):
            section = found.sections.order_by("position")[0]
            write_section(found, 1, actor=actor, text="Otherwise.", revision=section.revision)
        elif isinstance(found, SummaryReport):
            edit_report(found, actor=actor, revision=found.revision, texts=TEXTS)

    def refresh(self, who: str, kind: str) -> None:
        actor, found = self.person(who).actor(), self.target(kind)
        if isinstance(found, ValidationPlan):
            refresh_plan(found, actor=actor)
        elif isinstance(found, SummaryReport):
            refresh_report(found, actor=actor)

    def move(self, who: str, kind: str, action: str) -> None:
        perform_transition(self.target(kind), action, actor=self.person(who).actor(), reason="because I would like to")

    def sign(self, who: str, kind: str, action: str) -> None:
        sign(self.target(kind), action, self.person(who), reason="as it was seen")

    def comment(self, who: str, kind: str) -> None:
        write_comment(self.target(kind), actor=self.person(who).actor(), place=WHOLE, text=f"Not so, says {who}.")

    def reply(self, who: str, what: str) -> None:
        actor, found = self.person(who).actor(), ReviewComment.objects.order_by("-pk").first()
        if found is None:
            return
        if what == "answer":
            answer_comment(found, actor=actor, text="It is meant so.")
        elif what == "settle":
            settle_comment(found, actor=actor, text="the section says it now")
        else:
            take_comment_back(found, actor=actor, reason="it was meant otherwise")

    def settle_all(self) -> None:
        """Let who wrote them settle all comments that are open, where a document is still reviewed."""
        for thread in make_threads(open_comments()):
            if is_under_review(thread.comment.record):
                writer = next(row for row in map(self.person, PEOPLE) if row.user.pk == thread.comment.written_by_id)
                settle_comment(thread.comment, actor=writer.actor())

    def way(self) -> None:
        """Go one step along the way to the validated system, so that every state is reached."""
        self.settle_all()
        plan = ValidationPlan.objects.exclude(state="retired").first()
        report = SummaryReport.objects.filter(state="draft").first()
        if plan is None:
            self.draft("engineer", "plan")
        elif plan.state == "draft":
            write_plan(plan, self.desk.engineer)
            self.sign("engineer", "plan", "approve")
            self.sign("qa", "plan", "approve")
        else:
            if report is None:
                self.draft("engineer", "report")
            self.write("engineer", "report")
            self.refresh("engineer", "report")
            for who in ("engineer", "qa", "quality"):
                self.sign(who, "report", "approve")


@pytest.fixture
def tested(desk: Desk) -> Desk:
    """Return the desk with its protocol executed and reviewed."""
    pass_run(desk)
    return desk


def test_no_sequence_of_acts_reaches_what_the_tables_forbid(tested: Desk) -> None:
    quality = second_qa(tested)
    reached = walk_in_any_order(steps, lambda: Sequence(tested, quality), sequences=SEQUENCES)
    plan, report, system = "validation.validationplan", "validation.summaryreport", "validation.system"
    assert {(plan, "draft"), (plan, "approved"), (report, "approved"), (system, "validated")} <= reached
    comments = {("comment", state) for state in ("open", "settled", "taken_back")}
    assert not IS_FULL_SIZE or comments <= reached


def test_the_check_would_notice_a_report_that_three_did_not_sign(tested: Desk) -> None:
    """A negative control: a final state that the rules did not make fails the check."""
    walk = Sequence(tested, tested.qa)
    walk.way()
    walk.way()
    walk.draft("engineer", "report")
    walk.check()
    report = SummaryReport.objects.get()
    with acting(tested.qa.actor(), "validation.report.approved", report):
        ControlledRecord.objects.filter(pk=report.pk).update(state="approved")
    with pytest.raises((AssertionError, IndexError)):
        walk.check()
