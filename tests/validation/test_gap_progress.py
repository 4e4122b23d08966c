"""The progress of an assessment adds up, whatever its answers are; a plan is whole or says what it lacks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.gap_progress import Progress, closed_places, count_progress, lacking_plan

pytestmark = pytest.mark.clause("Annex 11 1")
TODAY = dt.date(2026, 11, 25)


@dataclass
class Given:
    position: int
    answer: str
    revision: int = 1
    risk: str = "high"
    remediation: str = ""
    control: str = "print and sign"
    owner_id: int | None = 1
    due_on: dt.date | None = TODAY

    @property
    def is_gap(self) -> bool:
        return self.answer in ("partly", "no")


@dataclass
class Closed:
    answer_revision: int


days = st.one_of(st.none(), st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)))
answers = st.lists(
    st.builds(
        Given,
        position=st.integers(1, 31),
        answer=st.sampled_from(("yes", "partly", "no", "na")),
        revision=st.integers(1, 3),
        risk=st.sampled_from(("", "low", "high")),
        remediation=st.sampled_from(("", " ", "version 2")),
        control=st.sampled_from(("", " ", "print and sign")),
        owner_id=st.sampled_from((None, 1)),
        due_on=days,
    ),
    unique_by=lambda row: row.position,
    max_size=31,
)


@given(rows=answers, closures=st.dictionaries(st.integers(1, 31), st.lists(st.builds(Closed, st.integers(1, 3)))))
def test_counts_are_those_of_the_answers_and_never_beyond_each_other(
    rows: list[Given], closures: dict[int, list[Closed]]
):
    closed = closed_places(closures, rows)
    found = count_progress(31, rows, closed=closed, today=TODAY)
    gaps = [row for row in rows if row.answer in ("partly", "no")]
    shut = [row for row in gaps if Closed(row.revision) in closures.get(row.position, [])]
    assert (found.answered, found.open_clauses) == (len(rows), 31 - len(rows))
    assert found.open_remediations == len(gaps) - len(shut)
    late = [row for row in gaps if row not in shut and row.due_on and row.due_on.toordinal() < TODAY.toordinal()]
    assert found.overdue == len(late)
    assert found.overdue <= found.open_remediations <= found.gaps <= found.answered


def test_a_day_is_overdue_when_it_is_over():
    rows = [Given(1, "no", due_on=TODAY), Given(2, "no", due_on=TODAY - dt.timedelta(days=1)), Given(3, "yes")]
    assert count_progress(4, rows, closed=(), today=TODAY) == Progress(4, 3, 2, 2, 1)
    assert count_progress(4, rows, closed={2}, today=TODAY) == Progress(4, 3, 2, 1, 0)


@given(rows=answers)
def test_a_plan_lacks_nothing_just_when_risk_measure_owner_and_day_are_there(rows: list[Given]):
    for row in rows:
        whole = row.risk and (row.remediation.strip() or row.control.strip()) and row.owner_id and row.due_on
        assert (lacking_plan(row) == "") == bool(not row.is_gap or whole)
