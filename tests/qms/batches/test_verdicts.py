"""A unit's verdict follows from the model's outcome and people's decisions alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms.batches.verdicts import STATEMENTS, Entry, Standing, UnitState, keeps_sample, needs_second_person, read_unit

OUTCOMES = ("good", "reject", "undecided", "")
PEOPLE = (1, 2, 3)


def top_of(state: UnitState) -> Standing:
    """Return the decision that counts; there must be one."""
    assert state.top is not None
    return state.top


@st.composite
def histories(draw):
    """Any decisions at all, sensible or not, with ids in their order."""
    made = []
    for number in range(1, draw(st.integers(0, 9)) + 1):
        kind = draw(st.sampled_from(("agreement", "override", "decision", "verification", "refusal", "undo")))
        of = None
        if kind not in STATEMENTS:
            of = draw(st.integers(1, max(number - 1, 1)))
        verdict = draw(st.sampled_from(("good", "reject"))) if kind in STATEMENTS else ""
        made.append(Entry(number, kind, verdict, draw(st.sampled_from(PEOPLE)), of))
    return made


def entry(number, kind, verdict="", by=1, of=None):
    return Entry(number, kind, verdict, by, of)


@pytest.mark.parametrize(("outcome", "verdict"), [("good", "good"), ("reject", "reject"), ("undecided", ""), ("", "")])
def test_without_a_person_the_models_outcome_stands_and_an_undecided_unit_is_open(outcome, verdict):
    state = read_unit(outcome, [])
    assert (state.verdict, state.is_reviewed, state.is_waiting) == (verdict, False, False)


@pytest.mark.clause("211.188")
@pytest.mark.requirement("URS-004")
def test_a_good_against_the_models_reject_stays_a_reject_until_another_person_verified_it():
    override = entry(1, "override", "good", by=1)
    waiting = read_unit("reject", [override])
    assert (waiting.verdict, waiting.is_waiting, waiting.is_overridden) == ("reject", True, True)
    by_same_person = read_unit("reject", [override, entry(2, "verification", by=1, of=1)])
    assert (by_same_person.verdict, by_same_person.is_waiting) == ("reject", True)
    verified = read_unit("reject", [override, entry(2, "verification", by=2, of=1)])
    assert (verified.verdict, verified.is_waiting, top_of(verified).verified_by) == ("good", False, 2)


def test_a_refused_override_falls_and_what_stood_before_stands_again():
    history = [entry(1, "agreement", "reject"), entry(2, "override", "good"), entry(3, "refusal", by=2, of=2)]
    state = read_unit("reject", history)
    assert (state.verdict, state.is_reviewed, state.is_overridden) == ("reject", True, False)
    assert not read_unit("reject", [entry(1, "override", "good"), entry(2, "refusal", by=2, of=1)]).is_reviewed


def test_a_reject_against_the_models_good_counts_at_once():
    state = read_unit("good", [entry(1, "override", "reject")])
    assert (state.verdict, state.is_waiting) == ("reject", False)


def test_an_undecided_unit_is_decided_by_one_person():
    assert read_unit("undecided", [entry(1, "decision", "good")]).verdict == "good"
    assert read_unit("undecided", [entry(1, "decision", "reject")]).verdict == "reject"


def test_a_good_against_another_persons_reject_waits_too():
    rejected = read_unit("undecided", [entry(1, "decision", "reject", by=1)])
    assert not needs_second_person(rejected, verdict="good", by=1)
    assert needs_second_person(rejected, verdict="good", by=2)
    changed = read_unit("undecided", [entry(1, "decision", "reject", by=1), entry(2, "decision", "good", by=2)])
    assert (changed.verdict, changed.is_waiting) == ("reject", True)


def test_only_ones_own_newest_decision_is_taken_back():
    history = [entry(1, "agreement", "good"), entry(2, "override", "reject")]
    assert read_unit("good", [*history, entry(3, "undo", of=2)]).verdict == "good"
    assert top_of(read_unit("good", [*history, entry(3, "undo", of=2)])).entry.id == 1
    assert read_unit("good", [*history, entry(3, "undo", by=2, of=2)]).verdict == "reject"
    assert read_unit("good", [*history, entry(3, "undo", of=1)]).verdict == "reject"


def test_after_the_sample_a_unit_may_leave_the_accepted_ones_but_not_join_them():
    accepted = read_unit("good", [])
    left = read_unit("good", [entry(1, "override", "reject")])
    assert keeps_sample(accepted, left)
    assert not keeps_sample(left, read_unit("good", [entry(1, "override", "reject"), entry(2, "undo", of=1)]))
    rejected = read_unit("reject", [])
    assert not keeps_sample(rejected, read_unit("reject", [entry(1, "override", "good")]))
    assert keeps_sample(rejected, read_unit("reject", [entry(1, "agreement", "reject")]))


@given(st.sampled_from(OUTCOMES), histories())
@pytest.mark.requirement("URS-004")
def test_no_history_whatever_turns_a_models_reject_into_good_without_two_people(outcome, history):
    state = read_unit(outcome, history)
    if outcome == "reject" and state.verdict == "good":
        made, verified = top_of(state).entry.by, top_of(state).verified_by
        assert verified is not None
        assert made != verified
        assert any(
            row.kind == "verification" and row.by == verified and row.of == top_of(state).entry.id for row in history
        )


@given(st.sampled_from(OUTCOMES), histories())
@pytest.mark.requirement("URS-003")
def test_the_verdict_is_never_a_third_thing_and_open_only_where_nobody_decided(outcome, history):
    state = read_unit(outcome, history)
    assert state.verdict in {"good", "reject", ""}
    assert (state.verdict == "") == (outcome in {"undecided", ""} and not state.is_reviewed)
    if state.is_waiting:
        assert state.verdict == "reject"


@given(st.sampled_from(OUTCOMES), histories(), st.sampled_from(PEOPLE), st.sampled_from(("good", "reject")))
def test_a_decision_and_its_undo_leave_the_verdict_as_it_was(outcome, history, who, verdict):
    before = read_unit(outcome, history)
    number = before.last_id + 1
    kind = "decision"
    after = read_unit(
        outcome, [*history, entry(number, kind, verdict, who), entry(number + 1, "undo", by=who, of=number)]
    )
    assert after.stack == before.stack
    assert after.verdict == before.verdict


@given(st.sampled_from(OUTCOMES), histories(), st.sampled_from(PEOPLE), st.sampled_from(("good", "reject")))
def test_the_rule_foretells_whether_a_decision_will_wait(outcome, history, who, verdict):
    before = read_unit(outcome, history)
    after = read_unit(outcome, [*history, entry(before.last_id + 1, "decision", verdict, who)])
    assert after.is_waiting == needs_second_person(before, verdict=verdict, by=who)
