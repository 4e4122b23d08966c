"""Whatever people try on an assessment and a determination, in whatever order: no illegal state, no claim unsigned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from records.acting import acting
from records.models import ControlledRecord
from records.workflow import perform_transition
from tests.sizes import choose_size
from tests.validation.desk import REASON, Desk, sign
from tests.validation.gap_desk import answered_gaps, curves, gap
from tests.validation.walking import Walk, walk_in_any_order
from validation.determinations import draft_determination, edit_determination
from validation.gap_progress import lacking_plan
from validation.gaps import AnswerText, close_remediation, save_answers
from validation.models import GapAnswer, GapAssessment, GapClosure, RecordDetermination
from validation.workflow_gaps import DETERMINATION_WORKFLOW, GAP_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=6, full=2_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator")
ACTIONS = ("approve", "determine", "revise", "retire")

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


class Sequence(Walk):
    """One assessment and one determination in the hands of everybody; what must always hold is checked each time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, GAP_WORKFLOW, DETERMINATION_WORKFLOW)
        self.assessment = answered_gaps(desk)
        self.determination = draft_determination(actor=desk.engineer.actor(), title="Curves", **curves(desk))
        self.check()

    def count_kept(self) -> tuple[int, ...]:
        return (GapClosure.objects.count(), *super().count_kept())

    def records(self) -> list[Any]:
        return [GapAssessment.objects.get(pk=self.assessment.pk), RecordDetermination.objects.get()]

    def check(self) -> None:
        self.check_moves(self.records())
        assessment, determination = self.records()
        if assessment.state == "approved":
            newest = assessment.versions.order_by("-number")[0]
            seats = dict(newest.signatures.filter(is_decline=False).values_list("seat", "signer"))
            assert set(seats) >= {"reviewer", "quality"}
            assert len({*seats.values(), assessment.author_id}) == len(seats) + 1
            rows = list(assessment.answers.all())
            assert len(rows) == len(assessment.asked)
            assert not [row for row in rows if lacking_plan(row)]
        if determination.state == "determined":
            assert determination.signatures.filter(action="determine", signer=self.desk.qa.user).exists()
            assert not (determination.is_required and determination.decision == "preliminary")

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
    reached = walk_in_any_order(steps, lambda: Sequence(desk), sequences=SEQUENCES)
    assert {("validation.gapassessment", "approved"), ("validation.recorddetermination", "determined")} <= reached


def test_the_check_would_notice_an_approval_without_its_signatures(desk: Desk) -> None:
    """A negative control: a state that the rules did not make fails the check."""
    walk = Sequence(desk)
    with acting(desk.qa.actor(), "validation.gaps.approved", walk.assessment):
        ControlledRecord.objects.filter(pk=walk.assessment.pk).update(state="approved")
    with pytest.raises((AssertionError, IndexError)):
        walk.check()
