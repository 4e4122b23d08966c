"""Whatever people try on a run and its deviation, in whatever order: no illegal state, nothing written over."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import strategies as st

from records.acting import acting
from records.models import ControlledRecord
from records.workflow import perform_transition
from tests.sizes import choose_size
from tests.validation.desk import ENVIRONMENT, PICTURE, Desk, sign
from tests.validation.test_result_keys import junit
from tests.validation.walking import Walk, walk_in_any_order
from validation.deviations import investigate, raise_deviation
from validation.executions import (
    add_evidence,
    correct_result,
    record_result,
    run_again,
    take_over,
    withdraw_evidence,
)
from validation.models import Deviation, Execution, ResultKey, StepEntry, StepEvidence
from validation.result_deliveries import deliver_report
from validation.result_keys import make_result_key
from validation.results import states_of
from validation.workflow import DEVIATION_WORKFLOW, EXECUTION_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=12, full=4_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator")
ACTIONS = ("finish", "review", "return_to_executor", "dispose")

people = st.sampled_from(PEOPLE)
steps = st.one_of(
    st.tuples(st.just("record"), people, st.integers(1, 4), st.sampled_from(("pass", "fail", "na"))),
    st.tuples(st.just("correct"), people, st.integers(1, 3), st.sampled_from(("pass", "fail"))),
    st.tuples(st.just("give_key"), people),
    st.tuples(st.just("deliver"), st.integers(1, 4), st.sampled_from(("passed", "failed"))),
    st.tuples(st.just("show"), people, st.integers(1, 3)),
    st.tuples(st.just("withdraw"), people),
    st.tuples(st.just("deviate"), people, st.integers(1, 3)),
    st.tuples(st.just("look_into"), people),
    st.tuples(st.just("take_over"), people),
    st.tuples(st.just("run_again"), people),
    st.tuples(st.just("move"), people, st.sampled_from(ACTIONS)),
    st.tuples(st.just("sign"), people, st.sampled_from(ACTIONS)),
    *(st.tuples(st.just("way"), st.integers(1, 5)) for _ in range(3)),  # one object said thrice would count once
)


class Sequence(Walk):
    """One run in the hands of everybody, with what must always hold checked after each step."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, EXECUTION_WORKFLOW, DEVIATION_WORKFLOW)
        self.run = desk.begin()
        self.entries: list[tuple[int, str, str]] = []
        self.shown: set[int] = set()
        self.key: ResultKey | None = None
        self.check()

    def count_kept(self) -> tuple[int, ...]:
        return (StepEntry.objects.count(), *super().count_kept())

    def check(self) -> None:
        self.check_moves([*Execution.objects.all(), *Deviation.objects.all()])
        for run in Execution.objects.exclude(state="running"):
            assert all(row.entry and not row.needs_deviation for row in states_of(run))
        for run in Execution.objects.filter(state="reviewed"):
            hands = {*run.entries.values_list("entered_by_id", flat=True)}
            hands |= {*run.evidence.values_list("added_by_id", flat=True)}
            signed = {row.action: row.signer_id for row in run.signatures.filter(is_decline=False).order_by("id")}
            assert set(signed) == {"finish", "review"}
            assert signed["review"] not in hands
        for deviation in Deviation.objects.filter(state="disposed"):
            assert deviation.signatures.filter(action="dispose", signer=self.desk.qa.user).exists()
        kept = list(StepEntry.objects.order_by("pk").values_list("pk", "result", "actual"))
        assert kept[: len(self.entries)] == self.entries
        self.entries = kept
        for entry in StepEntry.objects.filter(actual__contains="delivered with the key"):
            assert entry.execution.result_keys.filter(owner_id=entry.entered_by_id).exists()
        shown = set(StepEvidence.objects.values_list("pk", flat=True))
        assert shown >= self.shown
        self.shown = shown

    def give_key(self, who: str) -> None:
        self.key = make_result_key(self.run, actor=self.person(who).actor(), name=f"tool of {who}", hours=8).key

    def deliver(self, step: int, verdict: str) -> None:
        if self.key is None:
            return
        owner = next(row for row in map(self.person, PEOPLE) if row.user.pk == self.key.owner_id)
        content = junit((f"step-{step}", verdict))
        deliver_report(self.key, actor=owner.actor(session=""), name="ci.xml", content=content)

    def show(self, who: str, step: int) -> None:
        add_evidence(
            self.run, step, actor=self.person(who).actor(), name=f"screen{step}.png", content=io.BytesIO(PICTURE)
        )

    def withdraw(self, who: str) -> None:
        found = StepEvidence.objects.order_by("-pk").first()
        if found is not None:
            withdraw_evidence(self.run, found.pk, actor=self.person(who).actor(), reason="it shows another lot")

    def record(self, who: str, step: int, result: str) -> None:
        record_result(self.run, step, actor=self.person(who).actor(), result=result, actual=f"seen by {who}")

    def correct(self, who: str, step: int, result: str) -> None:
        correct_result(
            self.run, step, actor=self.person(who).actor(), result=result, actual="corrected", reason="read it wrongly"
        )

    def deviate(self, who: str, step: int) -> None:
        raise_deviation(self.run, step, actor=self.person(who).actor())

    def look_into(self, who: str) -> None:
        for deviation in Deviation.objects.all():
            investigate(
                deviation,
                actor=self.person(who).actor(),
                revision=deviation.revision,
                cause="product",
                investigation="The cause was looked for and found.",
                corrective_action="",
                outcome="retest",
                reason="looked into",
            )

    def take_over(self, who: str) -> None:
        take_over(self.run, actor=self.person(who).actor(), reason="the other one is away")

    def run_again(self, who: str) -> None:
        self.run = run_again(self.run, actor=self.person(who).actor(), environment=ENVIRONMENT)

    def targets(self, action: str) -> list[Any]:
        return list(Deviation.objects.all()) if action == "dispose" else [Execution.objects.get(pk=self.run.pk)]

    def move(self, who: str, action: str) -> None:
        for record in self.targets(action):
            perform_transition(record, action, actor=self.person(who).actor(), reason="because I would like to")

    def sign(self, who: str, action: str) -> None:
        for record in self.targets(action):
            sign(record, action, self.person(who), reason="as it was seen")

    def way(self, steps: int) -> None:
        """Go some steps along the way to a reviewed run, so that every state is reached."""
        for _ in range(steps):
            self.go_on()
            self.check()

    def go_on(self) -> None:
        run = Execution.objects.get(pk=self.run.pk)
        holder = "engineer" if run.holder_id == self.desk.engineer.user.pk else "colleague"
        if run.state == "executed":
            self.sign("reviewer", "review")
        elif run.state == "reviewed":
            self.look_into("engineer")
            self.sign("qa", "dispose")
        elif waiting := [row.step for row in states_of(run) if row.entry is None]:
            for step in waiting:
                self.record(holder, step, "fail" if step == 2 else "pass")
        elif bare := [row.step for row in states_of(run) if row.needs_deviation]:
            for step in bare:
                self.deviate(holder, step)
        else:
            self.sign(holder, "finish")


def test_no_sequence_of_acts_reaches_what_the_tables_forbid(desk: Desk) -> None:
    reached = {state for _, state in walk_in_any_order(steps, lambda: Sequence(desk), sequences=SEQUENCES)}
    assert {"running", "executed", "reviewed", "open"} <= reached


def test_the_check_would_notice_a_review_without_its_signature(desk: Desk) -> None:
    """A negative control: a final state that the rules did not make fails the check."""
    walk = Sequence(desk)
    with acting(desk.qa.actor(), "validation.execution.reviewed", walk.run):
        ControlledRecord.objects.filter(pk=walk.run.pk).update(state="reviewed")
    with pytest.raises(AssertionError):
        walk.check()
