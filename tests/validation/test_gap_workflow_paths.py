"""Whatever people try on an assessment and a determination, in whatever order: no illegal state, no claim unsigned."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.acting import acting
from records.errors import Refusal
from records.models import ControlledRecord
from records.workflow import perform_transition
from signatures.models import Signature
from tests.people import Person
from tests.sizes import choose_size
from tests.validation.desk import REASON, Desk, sign
from tests.validation.gap_desk import answered_gaps, curves, gap
from validation.determinations import draft_determination, edit_determination
from validation.gap_progress import lacking_plan
from validation.gaps import AnswerText, close_remediation, save_answers
from validation.models import GapAnswer, GapAssessment, GapClosure, RecordDetermination
from validation.workflow_gaps import DETERMINATION_WORKFLOW, GAP_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=6, full=2_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator")
ACTIONS = ("approve", "determine", "revise", "retire")
TABLES = {table.kind: table for table in (GAP_WORKFLOW, DETERMINATION_WORKFLOW)}
LEGAL = {
    (kind, source, row.target) for kind, table in TABLES.items() for row in table.transitions for source in row.sources
}

people = st.sampled_from(PEOPLE)
steps = st.one_of(
    st.tuples(st.just("answer"), people, st.integers(0, 32), st.sampled_from(("yes", "partly", "no", "na"))),
    st.tuples(st.just("plan"), people, st.integers(1, 31)),
    st.tuples(st.just("close"), people, st.integers(1, 3)),
    st.tuples(st.just("decide"), people, st.sampled_from(("controlled", "preliminary"))),
    st.tuples(st.just("move"), people, st.sampled_from(ACTIONS), st.sampled_from((0, 1))),
    st.tuples(st.just("sign"), people, st.sampled_from(ACTIONS), st.sampled_from((0, 1))),
    st.tuples(st.just("way")),
    st.tuples(st.just("way")),
)


class Sequence:
    """One assessment and one determination in the hands of everybody; what must always hold is checked each time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.assessment = answered_gaps(desk)
        self.determination = draft_determination(actor=desk.engineer.actor(), title="Curves", **curves(desk))
        self.states: dict[int, str] = {}
        self.defects: list[str] = []
        self.check()

    def do(self, step: tuple[Any, ...]) -> None:
        before = Signature.objects.count(), GapClosure.objects.count()
        try:
            getattr(self, step[0])(*step[1:])
        except Refusal as refusal:
            self.defects += [refusal.text] if refusal.status >= 500 else []
            assert step[0] == "way" or (Signature.objects.count(), GapClosure.objects.count()) == before
        self.check()

    def records(self) -> list[Any]:
        return [GapAssessment.objects.get(pk=self.assessment.pk), RecordDetermination.objects.get()]

    def check(self) -> None:
        assert self.defects == []
        for record in self.records():
            was = self.states.get(record.pk, TABLES[record.kind].initial)
            assert record.state == was or (record.kind, was, record.state) in LEGAL
            self.states[record.pk] = record.state
        assessment, determination = self.records()
        if assessment.state == "approved":
            newest = assessment.versions.order_by("-number")[0]
            seats = dict(newest.signatures.filter(is_decline=False).values_list("seat", "signer"))
            assert set(seats) >= {"reviewer", "quality"}
            assert len({*seats.values(), assessment.author_id}) == len(seats) + 1
            rows = list(assessment.answers.all())
            assert len(rows) == len(assessment.clauses)
            assert not [row for row in rows if lacking_plan(row)]
        if determination.state == "determined":
            assert determination.signatures.filter(action="determine", signer=self.desk.qa.user).exists()
            assert not (determination.is_required and determination.decision == "preliminary")

    def person(self, who: str) -> Person:
        found: Person = getattr(self.desk, who)
        return found

    def seen(self, position: int) -> int:
        row = GapAnswer.objects.filter(assessment=self.assessment, position=position).first()
        return row.revision if row else 0

    def answer(self, who: str, position: int, answer: str) -> None:
        text = AnswerText(position, answer, reason=f"as {who} saw it", seen=self.seen(position))
        save_answers(self.assessment, [text], actor=self.person(who).actor())

    def plan(self, who: str, position: int) -> None:
        save_answers(
            self.assessment, [gap(self.desk.qa, position, seen=self.seen(position))], actor=self.person(who).actor()
        )

    def close(self, who: str, position: int) -> None:
        close_remediation(
            self.assessment, position, actor=self.person(who).actor(), reason="it is installed and tested"
        )

    def decide(self, who: str, decision: str) -> None:
        found = RecordDetermination.objects.get()
        facts = curves(
            self.desk, decision=decision, predicate_rule="" if decision == "preliminary" else "21 CFR 211.194"
        )
        edit_determination(found, actor=self.person(who).actor(), revision=found.revision, reason=REASON, **facts)

    def move(self, who: str, action: str, which: int) -> None:
        record = self.records()[which]
        perform_transition(record, action, actor=self.person(who).actor(), reason="because I would like to")

    def sign(self, who: str, action: str, which: int) -> None:
        sign(self.records()[which], action, self.person(who), reason="as it was seen")

    def way(self) -> None:
        """Go one step along the way to an approved assessment and a signed determination."""
        assessment, determination = self.records()
        if determination.state == "draft":
            self.sign("qa", "determine", 1)
        if assessment.state == "draft":
            for row in assessment.answers.all():
                if row.is_gap and lacking_plan(row):
                    self.plan("engineer", row.position)
            self.sign("reviewer", "approve", 0)
            self.sign("qa", "approve", 0)


def test_no_sequence_of_acts_reaches_what_the_tables_forbid(desk: Desk) -> None:
    reached: set[tuple[str, str]] = set()

    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(steps, min_size=4, max_size=12))
    def run(sequence: list[tuple[Any, ...]]) -> None:
        outer = transaction.atomic()
        outer._from_testcase = True  # type: ignore[attr-defined]  # the rules open durable transactions
        with outer:
            walk = Sequence(desk)
            for step in sequence:
                walk.do(step)
                reached.update((record.kind, record.state) for record in walk.records())
            transaction.set_rollback(True)

    run()
    assert {("validation.gapassessment", "approved"), ("validation.recorddetermination", "determined")} <= reached


def test_the_check_would_notice_an_approval_without_its_signatures(desk: Desk) -> None:
    """A negative control: a state that the rules did not make fails the check."""
    walk = Sequence(desk)
    with acting(desk.qa.actor(), "validation.gaps.approved", walk.assessment):
        ControlledRecord.objects.filter(pk=walk.assessment.pk).update(state="approved")
    with pytest.raises((AssertionError, IndexError)):
        walk.check()
