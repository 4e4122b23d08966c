"""The trace of each requirement to risk, test, result and deviation, with its gaps in words. Pure.

Serves: EU GMP Annex 11 §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

NO_RISK = "no risk rated"
NO_TEST = "no test"
TEST_NOT_APPROVED = "test not approved"
NOT_EXECUTED = "not executed"
NOT_REVIEWED = "result not reviewed"
NO_DEVIATION = "failed without deviation"
DEVIATION_OPEN = "deviation open"
NOT_RUN_AGAIN = "failed, not run again"
AMENDED = "amended since the baseline"


@dataclass(frozen=True, slots=True)
class Fault:
    """A deviation of a result: its number, whether quality disposed of it, whether the failure was accepted."""

    number: str
    is_disposed: bool
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a step in one run."""

    execution: str
    run: int
    result: str
    is_reviewed: bool
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class StepTest:
    """A step of a protocol that names the requirement, with its results from the first run to the last."""

    protocol: str
    step: int
    is_approved: bool
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """A rated risk: its class and priority."""

    failure_mode: str
    risk_class: int
    priority: str


@dataclass(frozen=True, slots=True)
class Traced:
    """One requirement of the matrix. ``is_known`` is False for an id that a step names and nobody wrote."""

    ref: str
    text: str
    is_amended: bool = False
    risks: tuple[Risk, ...] = ()
    tests: tuple[StepTest, ...] = ()
    is_known: bool = True

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return what is missing, each gap once."""
        return tuple(dict.fromkeys(find_gaps(self)))


def find_gaps(row: Traced) -> Iterator[str]:
    """Yield the gaps of one requirement, in the order in which they are closed."""
    if not row.is_known:
        yield "no such requirement"
        return
    if row.is_amended:
        yield AMENDED
    if not row.risks:
        yield NO_RISK
    approved = [test for test in row.tests if test.is_approved]
    if not row.tests:
        yield NO_TEST
    elif not approved:
        yield TEST_NOT_APPROVED
    for test in approved:
        yield from gaps_of_test(test)


def gaps_of_test(test: StepTest) -> Iterator[str]:
    """Yield the gaps of one test: its last result counts, earlier failures stay under their deviations."""
    given = [outcome for outcome in test.outcomes if outcome.result]
    if not given:
        yield NOT_EXECUTED
        return
    for outcome in given:
        if outcome.result == "fail":
            yield from gaps_of_failure(outcome, is_last=outcome is given[-1])
    if not given[-1].is_reviewed:
        yield NOT_REVIEWED


def gaps_of_failure(outcome: Outcome, *, is_last: bool) -> Iterator[str]:
    """Yield what a failure still asks for."""
    if outcome.fault is None:
        yield NO_DEVIATION
    elif not outcome.fault.is_disposed:
        yield DEVIATION_OPEN
    elif is_last and not outcome.fault.is_accepted:
        yield NOT_RUN_AGAIN


def join_trace(requirements: Sequence[Traced], tests: Mapping[str, Sequence[StepTest]]) -> list[Traced]:
    """Return every requirement with its tests, then the ids that tests name and nobody wrote."""
    known = {row.ref for row in requirements}
    found = [
        Traced(row.ref, row.text, row.is_amended, row.risks, tuple(tests.get(row.ref, ()))) for row in requirements
    ]
    found += [Traced(ref, "", tests=tuple(tests[ref]), is_known=False) for ref in sorted(set(tests) - known)]
    return found


def count_gaps(rows: Sequence[Traced]) -> int:
    """Return how many requirements have a gap."""
    return sum(bool(row.gaps) for row in rows)
