"""Whatever people try on a diagram and a review, in whatever order: nothing approved that is not whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from records.acting import acting
from records.models import ControlledRecord
from records.workflow import perform_transition
from tests.people import Person
from tests.sizes import choose_size
from tests.validation.desk import Desk, sign
from tests.validation.documents import second_qa
from tests.validation.flows import LINKS, STAGES, make_data_flow
from tests.validation.reviews import conclude_all, next_year
from tests.validation.walking import Walk, walk_in_any_order
from validation.data_flows import LinkRow, StageRow, explain_finding, findings_of, save_diagram, unanswered
from validation.models import DataFlow, PeriodicReview, System
from validation.periodic_reviews import begin_review, refresh_review
from validation.workflow_data_flows import DATA_FLOW_WORKFLOW
from validation.workflow_reviews import REVIEW_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=10, full=2_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator", "quality")
ACTIONS = ("approve", "revise", "retire")
SEATS = {"validation.dataflow": ["author", "quality"], "validation.periodicreview": ["owner", "quality"]}
LOOSE = StageRow("spare", "Spare", "process")

people = st.sampled_from(PEOPLE)
kinds = st.sampled_from(("flow", "review"))
steps = st.one_of(
    st.tuples(st.just("begin"), people, kinds),
    st.tuples(st.just("write"), people, kinds, st.booleans()),
    st.tuples(st.just("answer"), people, kinds),
    st.tuples(st.just("move"), people, kinds, st.sampled_from(ACTIONS)),
    st.tuples(st.just("sign"), people, kinds, st.sampled_from(ACTIONS)),
    *(st.tuples(st.just("way"), kinds) for _ in range(4)),  # one object said four times would count once
)


class Sequence(Walk):
    """Diagrams and reviews in the hands of everybody, with what must always hold checked after each step."""

    def __init__(self, desk: Desk, quality: Person) -> None:
        super().__init__(desk, DATA_FLOW_WORKFLOW, REVIEW_WORKFLOW)
        self.quality = quality
        self.check()

    def check(self) -> None:
        records = [*DataFlow.objects.all(), *PeriodicReview.objects.all()]
        self.check_moves(records)
        for record in records:
            if record.state == "approved":
                self.check_approved(record)
        for flow in DataFlow.objects.filter(state="approved"):
            assert flow.stages.exists()
            assert not unanswered(flow)
        done = PeriodicReview.objects.filter(state="approved").order_by("-pk").first()
        assert System.objects.get(pk=self.desk.system.pk).next_review_on == (next_year() if done else None)
        assert PeriodicReview.objects.filter(state="draft").count() <= 1

    def check_approved(self, record: Any) -> None:
        signed = list(
            record.signatures.filter(is_decline=False, action="approve").order_by("id").values_list("seat", "signer_id")
        )[-2:]
        assert [seat for seat, _ in signed] == SEATS[record.kind]
        assert len({signer for _, signer in signed}) == 2
        assert signed[1][1] in (self.desk.qa.user.pk, self.quality.user.pk)
        assert signed[1][1] != record.author_id
        if record.kind == "validation.periodicreview":
            assert signed[0][1] == self.desk.qa.user.pk  # who answers for the system
            assert all(row.is_concluded for row in record.items.all())

    def person(self, who: str) -> Person:
        return self.quality if who == "quality" else super().person(who)

    def target(self, kind: str) -> Any:
        model: Any = {"flow": DataFlow, "review": PeriodicReview}[kind]
        return model.objects.order_by("-pk").first() or self.begin("engineer", kind)

    def begin(self, who: str, kind: str) -> Any:
        if kind == "flow":
            return make_data_flow(self.desk)
        return begin_review(self.desk.system, actor=self.person(who).actor())

    def write(self, who: str, kind: str, is_loose: bool) -> None:
        found, person = self.target(kind), self.person(who)
        if kind == "review":
            conclude_all(found, person, leave="access" if is_loose else "")
            return
        gone = [StageRow(row["id"], row["name"], row["kind"], is_removed=True) for row in found.content()["stages"]]
        stages = [*gone, *STAGES, *([LOOSE] if is_loose else [])]
        cut = [LinkRow(row["id"], row["from"], row["to"], is_removed=True) for row in found.content()["flows"]]
        save_diagram(found, stages, [*cut, *LINKS], actor=person.actor(), revision=found.revision)

    def answer(self, who: str, kind: str) -> None:
        found, actor = self.target(kind), self.person(who).actor()
        if kind == "review":
            refresh_review(found, actor=actor)
            return
        for finding in findings_of(found):
            explain_finding(found, actor=actor, finding=finding.text, reason="not connected yet")

    def move(self, who: str, kind: str, action: str) -> None:
        perform_transition(self.target(kind), action, actor=self.person(who).actor(), reason="because I would like to")

    def sign(self, who: str, kind: str, action: str) -> None:
        sign(self.target(kind), action, self.person(who), reason="as it was seen")

    def way(self, kind: str) -> None:
        """Go along the way to the approval, so that every state is reached."""
        if self.target(kind).state != "draft":
            self.begin("engineer", kind)
        if kind == "flow":
            self.answer("engineer", kind)
            self.sign("engineer", kind, "approve")
            self.sign("quality", kind, "approve")
        else:
            self.write("engineer", kind, False)
            self.sign("qa", kind, "approve")
            self.sign("quality", kind, "approve")


def test_no_sequence_of_acts_reaches_what_the_tables_forbid(desk: Desk) -> None:
    quality = second_qa(desk)
    reached = walk_in_any_order(steps, lambda: Sequence(desk, quality), sequences=SEQUENCES)
    flow, review = "validation.dataflow", "validation.periodicreview"
    assert {(flow, "draft"), (flow, "approved"), (review, "draft"), (review, "approved")} <= reached


def test_the_check_would_notice_a_review_that_nobody_signed(desk: Desk) -> None:
    """A negative control: a final state that the rules did not make fails the check."""
    walk = Sequence(desk, second_qa(desk))
    walk.begin("engineer", "review")
    walk.check()
    review = PeriodicReview.objects.get()
    with acting(desk.qa.actor(), "validation.review.approved", review):
        ControlledRecord.objects.filter(pk=review.pk).update(state="approved")
    with pytest.raises(AssertionError):
        walk.check()
