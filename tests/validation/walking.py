"""Records of validation walked through their acts in any order, with what must always hold checked after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.errors import Refusal
from records.models import ControlledRecord
from records.workflow import Workflow
from signatures.models import Signature
from tests.people import Person
from tests.validation.desk import Desk

Step = tuple[Any, ...]


class Walk:
    """Records in the hands of everybody: a step is the name of a method and what it takes.

    The tables say which moves are legal; `reached` gathers the kinds and states that were reached.
    """

    def __init__(self, desk: Desk, *tables: Workflow) -> None:
        self.desk = desk
        self.initial = {table.kind: table.initial for table in tables}
        self.legal = {
            (table.kind, source, row.target) for table in tables for row in table.transitions for source in row.sources
        }
        self.states: dict[int, str] = {}
        self.reached: set[tuple[str, str]] = set()
        self.defects: list[str] = []

    def count_kept(self) -> tuple[int, ...]:
        """Return the numbers that a refused step leaves as they were; only `way` takes several acts."""
        return (Signature.objects.count(),)

    def do(self, step: Step) -> None:
        """Take a step, refused or not, and check everything."""
        before = self.count_kept()
        try:
            getattr(self, step[0])(*step[1:])
        except Refusal as refusal:
            self.defects += [refusal.text] if refusal.status >= 500 else []
            assert step[0] == "way" or self.count_kept() == before
        self.check()

    def check(self) -> None:
        """Check what must always hold; each walk adds its own."""
        raise NotImplementedError

    def check_moves(self, records: Iterable[ControlledRecord]) -> None:
        """Check that nothing broke and that no record stands where the tables do not lead."""
        assert self.defects == []
        for record in records:
            was = self.states.get(record.pk, self.initial[record.kind])
            assert record.state == was or (record.kind, was, record.state) in self.legal
            self.states[record.pk] = record.state
            self.reached.add((record.kind, record.state))

    def person(self, who: str) -> Person:
        """Return one of the desk's people."""
        found: Person = getattr(self.desk, who)
        return found


def walk_in_any_order(
    steps: st.SearchStrategy[Step],
    begin: Callable[[], Walk],
    *,
    sequences: int,
    shortest: int = 4,
    longest: int = 12,
) -> set[tuple[str, str]]:
    """Walk so many sequences, each undone after it, and return the kinds and states that were reached."""
    reached: set[tuple[str, str]] = set()

    @settings(
        max_examples=sequences,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(steps, min_size=shortest, max_size=longest))
    def run(sequence: list[Step]) -> None:
        outer = transaction.atomic()
        outer._from_testcase = True  # type: ignore[attr-defined]  # the rules open durable transactions
        with outer:
            walk = begin()
            for step in sequence:
                walk.do(step)
            reached.update(walk.reached)
            transaction.set_rollback(True)

    run()
    return reached
