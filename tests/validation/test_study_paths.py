"""Whatever people try on a study and a data set, in whatever order: no illegal state, nothing out of turn."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from records.acting import acting
from records.errors import Refusal
from records.models import ControlledRecord
from records.versions import read_content
from records.workflow import perform_transition
from tests.sizes import choose_size
from tests.validation.desk import Desk, sign
from tests.validation.study_desk import CONTAINERS, all_runs, draft_set, draft_study, take_runs
from tests.validation.walking import Walk, walk_in_any_order
from validation.datasets import consume_set, read_manifest
from validation.models import DataSet, KnappStudy
from validation.studies import set_containers, write_conclusion
from validation.study_runs import draw_sheet
from validation.workflow_studies import SET_WORKFLOW, STUDY_WORKFLOW

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=12, full=2_000)
PEOPLE = ("engineer", "colleague", "qa", "reviewer", "operator")
STUDY_ACTIONS = tuple(STUDY_WORKFLOW.by_action)
SET_ACTIONS = tuple(SET_WORKFLOW.by_action)
REASON = "because I would like to"
WAY = (("study", "approve"), ("set", "seal"), ("set", "open"), ("study", "report"))

people = st.sampled_from(PEOPLE)
steps = st.one_of(
    st.tuples(st.just("way"), st.sampled_from(WAY)),
    st.tuples(st.just("way"), st.sampled_from(WAY)),
    st.tuples(st.just("runs"), people),
    st.tuples(st.just("containers"), people),
    st.tuples(st.just("conclude"), people),
    st.tuples(st.just("read"), people),
    st.tuples(st.just("consume"), people),
    st.tuples(st.just("move"), people, st.sampled_from((*STUDY_ACTIONS, *SET_ACTIONS))),
    st.tuples(st.just("sign"), people, st.sampled_from((*STUDY_ACTIONS, *SET_ACTIONS))),
)


class Sequence(Walk):
    """A study and a sealed set in the hands of everybody; what must always hold is checked after each step."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, STUDY_WORKFLOW, SET_WORKFLOW)
        self.study_pk = draft_study(desk).pk
        self.set_pk = draft_set(desk).pk
        self.kept: list[tuple[int, str]] = []

    @property
    def study(self) -> KnappStudy:
        return KnappStudy.objects.get(pk=self.study_pk)

    @property
    def set(self) -> DataSet:
        return DataSet.objects.get(pk=self.set_pk)

    def count_kept(self) -> tuple[int, ...]:
        return ()  # a step here may be two acts, of which the second is refused

    def check(self) -> None:
        self.check_moves([self.study, self.set])
        study, data_set = self.study, self.set
        signed = {(row.action, row.seat) for row in study.signatures.filter(is_decline=False)}
        if study.runs.exists():
            assert study.design is not None
            assert ("approve", "quality") in signed
            design = study.content()
            frozen = {name: value for name, value in design.items() if name in ("containers", "seed", "reading")}
            assert frozen.items() <= self.signed_design(study).items()
        if study.state == "reported":
            assert ("report", "quality") in signed
            assert len(study.standing_runs()) == len(study.planned_runs)
        kept = list(study.runs.order_by("pk").values_list("pk", "run"))
        assert kept[: len(self.kept)] == self.kept
        self.kept = kept
        if data_set.state in ("opened", "consumed"):
            assert data_set.openings.exists()
            assert data_set.signatures.filter(action="seal", seat="quality").exists()

    def signed_design(self, study: KnappStudy) -> dict[str, Any]:
        assert study.design is not None
        return read_content(study.design)

    def way(self, step: tuple[str, str]) -> None:
        """Go one step along the way to a signed report and an opened set, so that every state is reached."""
        record = self.study if step[0] == "study" else self.set
        if step[1] == "report":
            take_runs(self.desk, self.study, all_runs(self.study))
            write_conclusion(self.study, "As good as people.", actor=self.desk.engineer.actor())
        for who in ("qa",) if step[1] == "open" else ("engineer", "qa"):
            sign(record, step[1], self.person(who), reason=REASON)

    def runs(self, who: str) -> None:
        take_runs(self.desk, self.study, all_runs(self.study), reason=REASON)

    def containers(self, who: str) -> None:
        set_containers(self.study, CONTAINERS, actor=self.person(who).actor())

    def conclude(self, who: str) -> None:
        write_conclusion(self.study, "As good as people.", actor=self.person(who).actor())

    def read(self, who: str) -> None:
        rows = read_manifest(self.set, actor=self.person(who).actor())
        assert rows == [] or self.set.state != "sealed"
        draw_sheet(self.study, "I1-01")
        assert self.study.state != "draft"

    def consume(self, who: str) -> None:
        consume_set(self.set, actor=self.person(who).actor(), reference="CR-1", reason=REASON)

    def targets(self, action: str) -> list[Any]:
        rows = [self.study] if action in STUDY_ACTIONS else []
        return rows + ([self.set] if action in SET_ACTIONS else [])

    def move(self, who: str, action: str) -> None:
        for record in self.targets(action):
            perform_transition(record, action, actor=self.person(who).actor(), reason=REASON)

    def sign(self, who: str, action: str) -> None:
        for record in self.targets(action):
            sign(record, action, self.person(who), reason=REASON)


def test_no_sequence_of_acts_reaches_what_the_tables_forbid(desk: Desk) -> None:
    walked = walk_in_any_order(steps, lambda: Sequence(desk), sequences=SEQUENCES, shortest=6, longest=14)
    reached = {state for _, state in walked}
    assert {"draft", "approved", "sealed"} <= reached


def test_the_way_reaches_the_end_of_both(desk: Desk):
    play = Sequence(desk)
    for step in WAY:
        play.do(("way", step))
    assert set(play.states.values()) == {"reported", "opened"}


@pytest.mark.parametrize("table", [STUDY_WORKFLOW, SET_WORKFLOW], ids=lambda table: table.kind)
def test_every_action_from_every_state_by_every_person_follows_the_table(desk: Desk, table):
    play = Sequence(desk)
    for action in table.by_action:
        record = play.study if table is STUDY_WORKFLOW else play.set
        for who in PEOPLE:
            with pytest.raises(Refusal):
                perform_transition(record, action, actor=play.person(who).actor(), reason=REASON)
    play.check()


def test_the_check_would_notice_runs_without_a_signed_design(desk: Desk) -> None:
    """A negative control: a state that the rules did not make fails the check."""
    walk = Sequence(desk)
    with acting(desk.qa.actor(), "validation.study.reported", walk.study):
        ControlledRecord.objects.filter(pk=walk.study_pk).update(state="reported")
    with pytest.raises(AssertionError):
        walk.check()
