"""Whatever people try, in whatever order: no illegal state, no final state without its signatures."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms.batches.aql_samples import Finding, draw_aql_sample, record_findings
from qms.batches.decisions import agree_with_model, decide_unit, undo_decision
from qms.batches.investigations import close_investigation
from qms.batches.models import AqlSample, BatchRecord, Decision, Investigation
from qms.batches.openpoints import RELEASE, REVIEW, find_open_points, points_blocking
from qms.batches.reconciliations import reconcile_batch
from qms.batches.review_units import list_units
from qms.batches.second_person import refuse_override, verify_override
from qms.batches.workflow import BATCH_WORKFLOW
from records.acting import acting
from records.errors import Refusal
from records.models import ControlledRecord, Event
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.models import Signature
from signatures.signing import Credentials, complete_ceremony, decline_ceremony
from tests.people import Person
from tests.qms.batches.review_stage import Stage
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db, pytest.mark.assurance("B8"), pytest.mark.clause("11.10(f)", "11.10(g)")]

SEQUENCES = choose_size(small=200, full=10_000)
STEPS = 10
PEOPLE = ("operator", "second", "reviewer", "qa", "other_qa", "stranger")
#: The states at the beginning, by how many steps of the ordinary way were gone.
WAY = ("in_review", "in_review", "reviewed", "awaiting_disposition")
COMPOUND = ("review_all", "way")
SIGNED = tuple(row.action for row in BATCH_WORKFLOW.transitions if row.route is not None)
PLAIN = tuple(row.action for row in BATCH_WORKFLOW.transitions if row.route is None)
LEGAL = {(source, row.target) for row in BATCH_WORKFLOW.transitions for source in row.sources}
FINAL = {state.name for state in BATCH_WORKFLOW.states if state.is_final}
#: What stands behind each final state: every action of one of these sets was signed.
PROOF = {
    "released": {"sign_review", "sign_trail_review", "release"},
    "rejected": {"sign_review", "sign_trail_review", "reject"},
    "reinspect": {"sign_review", "sign_trail_review", "reinspect"},
}

steps = st.one_of(
    st.tuples(st.just("review_all")),
    st.tuples(st.just("decide"), st.sampled_from(PEOPLE), st.integers(0, 39), st.sampled_from(("good", "reject"))),
    st.tuples(st.just("agree"), st.sampled_from(PEOPLE), st.integers(0, 39)),
    st.tuples(st.just("undo"), st.sampled_from(PEOPLE), st.integers(0, 39)),
    st.tuples(st.just("verify"), st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(st.just("sample"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("findings"), st.sampled_from(PEOPLE), st.sampled_from(("", "", "SCRATCH", "CRACK"))),
    st.tuples(st.just("count"), st.sampled_from(PEOPLE), st.integers(0, 2)),
    st.tuples(st.just("conclude"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("move"), st.sampled_from(PEOPLE), st.sampled_from((*PLAIN, *SIGNED))),
    st.tuples(st.just("sign"), st.sampled_from(PEOPLE), st.sampled_from(SIGNED), st.booleans()),
    st.tuples(st.just("way")),
)


class Sequence:
    """One batch in the hands of everybody, with what must always hold checked after each step."""

    def __init__(self, stage: Stage, people: dict[str, Person]) -> None:
        self.stage, self.people = stage, people
        self.batch = stage.fresh()
        self.seen = self.batch.state
        self.defects: list[Refusal] = []

    def do(self, step: tuple[object, ...]) -> None:
        before = Decision.objects.count(), Signature.objects.count()
        try:
            getattr(self, str(step[0]))(*step[1:])
        except Refusal as refusal:
            self.defects += [refusal] if refusal.status >= 500 else []
            if step[0] not in COMPOUND:
                assert (Decision.objects.count(), Signature.objects.count()) == before
        self.check()

    def check(self) -> None:
        assert self.defects == []
        now = BatchRecord.objects.get(pk=self.batch.pk)
        assert now.state == self.seen or (self.seen, now.state) in LEGAL or self.has_passed(now.state)
        self.seen = now.state
        signed = set(Signature.objects.filter(record_id=now.pk, is_decline=False).values_list("action", flat=True))
        if now.state in FINAL:
            assert PROOF[now.state] <= signed
            signers = Signature.objects.filter(record_id=now.pk, action__in=PROOF[now.state], is_decline=False)
            last = {row.action: row.signer_id for row in signers.order_by("id")}
            assert len(set(last.values())) == 3
        if now.state == "released":
            assert points_blocking(RELEASE, find_open_points(now)) == []
        if now.state == "reviewed":
            assert points_blocking(REVIEW, find_open_points(now)) == []
        for unit in list_units(now):
            top = unit.state.top
            if unit.outcome == "reject" and unit.state.verdict == "good":
                assert top is not None
                assert top.verified_by not in (None, top.entry.by)

    def has_passed(self, state: str) -> bool:
        """Tell whether a compound step went through legal moves only, as the events say."""
        moves = Event.objects.filter(record_id=self.batch.pk, details__has_key="target").order_by("id")
        names = {row.label: row.name for row in BATCH_WORKFLOW.states}
        return all((names[row.details["source"]], names[row.details["target"]]) in LEGAL for row in moves)

    def image(self, place: int):
        return self.batch.images.order_by("position")[place]

    def actor(self, who: str):
        return self.people[who].actor()

    def review_all(self) -> None:
        self.stage.review_all()

    def decide(self, who: str, place: int, verdict: str) -> None:
        image = self.image(place)
        defect = self.stage.defect("SCRATCH") if verdict == "reject" else None
        code = "R1" if verdict == "good" else "R6"
        decide_unit(
            image, actor=self.actor(who), verdict=verdict, seen=self.stage.seen(image), defect=defect, reason_code=code
        )

    def agree(self, who: str, place: int) -> None:
        image = self.image(place)
        agree_with_model(image, actor=self.actor(who), seen=self.stage.seen(image))

    def undo(self, who: str, place: int) -> None:
        image = self.image(place)
        undo_decision(image, actor=self.actor(who), seen=self.stage.seen(image))

    def verify(self, who: str, agrees: bool) -> None:
        waiting = next((unit for unit in list_units(self.batch) if unit.state.is_waiting), None)
        image = self.batch.images.get(pk=waiting.image_id) if waiting else self.image(0)
        seen = self.stage.seen(image)
        if agrees:
            verify_override(image, actor=self.actor(who), seen=seen)
        else:
            refuse_override(image, actor=self.actor(who), seen=seen, reason="the mark is a crack")

    def sample(self, who: str) -> None:
        draw_aql_sample(self.batch, actor=self.actor(who))

    def findings(self, who: str, code: str) -> None:
        sample = AqlSample.objects.filter(batch=self.batch).first()
        found = [Finding(sample.units[0], self.stage.defect(code))] if sample and code else []
        record_findings(self.batch, actor=self.actor(who), findings=found)

    def count(self, who: str, destroyed: int) -> None:
        reconcile_batch(self.batch, actor=self.actor(who), destroyed=destroyed)

    def conclude(self, who: str) -> None:
        for row in Investigation.objects.filter(batch=self.batch, closed_at=None):
            close_investigation(row, actor=self.actor(who), conclusion="The cause was found and removed; see CAPA 12.")

    def move(self, who: str, action: str) -> None:
        perform_transition(self.batch, action, actor=self.actor(who), reason="because I would like to")

    def sign(self, who: str, action: str, declines: bool) -> None:
        person = self.people[who]
        ceremony = open_ceremony(self.stage.fresh(), action, actor=person.actor(), reason="as it was reviewed")
        credentials = Credentials(**person.credentials())
        carry_out = decline_ceremony if declines else complete_ceremony
        carry_out(ceremony, actor=person.actor(), credentials=credentials, reason="as it was reviewed")

    def way(self) -> None:
        """Go one step along the way that leads to a disposition, so that final states are reached."""
        state = self.stage.fresh().state
        if state == "in_review" and points_blocking(REVIEW, find_open_points(self.stage.fresh())):
            self.review_all()
            if not AqlSample.objects.filter(batch=self.batch).exists():
                self.sample("operator")
            self.findings("second", "")
        elif state == "in_review":
            self.sign("operator", "sign_review", declines=False)
        elif state == "reviewed":
            self.sign("reviewer", "sign_trail_review", declines=False)
        elif state in ("awaiting_disposition", "on_hold"):
            self.sign("qa", "release", declines=False)


@pytest.mark.parametrize("depth", range(len(WAY)))
def test_no_sequence_of_acts_reaches_what_the_table_forbids(stage: Stage, depth: int, record_property: Any) -> None:
    """Begin at each place of the ordinary way, so that every state is tried from often."""
    people = {
        "operator": stage.operator,
        "second": stage.second,
        "reviewer": stage.reviewer,
        "qa": stage.qa,
        "other_qa": stage.person("otto", "qa_manager"),
        "stranger": stage.crew.administrator,
    }
    start = Sequence(stage, people)
    for _ in range(depth):
        start.way()
    reached: set[str] = set()

    @settings(
        max_examples=SEQUENCES // len(WAY),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(steps, min_size=2, max_size=STEPS))
    def run(sequence: list[tuple[object, ...]]) -> None:
        outer = transaction.atomic()
        outer._from_testcase = True  # type: ignore[attr-defined]  # the rules open durable transactions
        with outer:
            walk = Sequence(stage, people)
            for step in sequence:
                walk.do(step)
                reached.add(walk.seen)
            transaction.set_rollback(True)

    run()
    record_property("sequences", SEQUENCES // len(WAY))
    record_property("states", ", ".join(sorted(reached)))
    assert WAY[depth] in reached
    assert depth < len(WAY) - 1 or reached & FINAL


def test_the_check_would_notice_a_release_without_its_signatures(stage: Stage) -> None:
    """A negative control: a final state that the rules did not make fails the check."""
    walk = Sequence(stage, {})
    with acting(stage.qa.actor(), "batches.batch.released", stage.fresh()):
        ControlledRecord.objects.filter(pk=stage.batch.pk).update(state="released")
    with pytest.raises(AssertionError):
        walk.check()
