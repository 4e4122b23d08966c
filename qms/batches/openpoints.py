"""What still stands between a batch and the signature of its review, or its release.

One function answers for the page, which shows the points as links, and for the guards of
the workflow, which refuse while any is open. Serves: 21 CFR 11.10(f), 211.188, 211.192.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from qms.batches.counting import tally_batch
from qms.batches.investigations import trigger_words
from qms.batches.models import AqlSample, BatchRecord, ChallengeRun, Investigation, Reconciliation
from qms.batches.readiness import FAILED_CHALLENGE
from qms.batches.recipes import read_recipe
from qms.batches.reconciliations import is_closed
from qms.batches.review_units import ReviewUnit, list_units
from qms.batches.tallies import Tally

REVIEW: Final = "sign_review"
RELEASE: Final = "release"
BOTH: Final = frozenset({REVIEW, RELEASE})
ONLY_RELEASE: Final = frozenset({RELEASE})


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """One thing to be done: its code, its sentence, the place where, and what it blocks.

    ``place`` is a chip of the grid, or the name of a part of the check-answers page.
    """

    code: str
    text: str
    place: str
    blocks: frozenset[str]


def find_open_points(batch: BatchRecord, *, units: Sequence[ReviewUnit] | None = None) -> list[OpenPoint]:
    """Return everything that is still open, in the order in which it is done."""
    rows = list_units(batch) if units is None else units
    tally = tally_batch(batch, rows)
    sample = AqlSample.objects.filter(batch=batch).first()
    return [
        *unit_points(rows),
        *sample_points(sample, tally),
        *reconciliation_points(batch, sample, tally),
        *challenge_points(batch),
        *investigation_points(batch),
    ]


def points_blocking(action: str, points: Sequence[OpenPoint]) -> list[OpenPoint]:
    """Return the points that block an action."""
    return [point for point in points if action in point.blocks]


def unit_points(units: Sequence[ReviewUnit]) -> Iterator[OpenPoint]:
    """Yield what is open on units: no result, not reviewed, waiting for a second person."""
    missing = sum(not unit.outcome for unit in units)
    to_do = sum(unit.is_open and bool(unit.outcome) for unit in units)
    waiting = sum(unit.state.is_waiting for unit in units)
    if missing:
        text = f"{count(missing, 'unit')} without a result: retry, or hand to a person"
        yield OpenPoint("no_result", text, "failed", BOTH)
    if to_do:
        yield OpenPoint("unreviewed", f"{count(to_do, 'unit')} to review", "todo", BOTH)
    if waiting:
        text = f"{count(waiting, 'decision')} waiting for a second person"
        yield OpenPoint("waiting", text, "waiting", BOTH)


def sample_points(sample: AqlSample | None, tally: Tally) -> Iterator[OpenPoint]:
    """Yield what is open on the AQL sample; none is asked for where nothing is accepted."""
    if sample is None:
        if tally.accepted:
            yield OpenPoint("sample_not_drawn", "The AQL sample is not drawn", "sample", BOTH)
    elif sample.inspected_at is None:
        text = f"The findings of the {len(sample.units)} sampled units are not entered"
        yield OpenPoint("sample_not_inspected", text, "sample", BOTH)
    elif not sample.passed:
        text = "The AQL sample failed, so the batch cannot be released"
        yield OpenPoint("sample_failed", text, "sample", ONLY_RELEASE)


def reconciliation_points(batch: BatchRecord, sample: AqlSample | None, tally: Tally) -> Iterator[OpenPoint]:
    """Yield the reconciliation while it does not close."""
    row = Reconciliation.objects.filter(batch=batch).first()
    if not is_closed(row, tally, tolerance=read_recipe(batch).reconciliation_tolerance):
        yield OpenPoint("reconciliation", "The reconciliation does not close yet", "reconciliation", BOTH)


def challenge_points(batch: BatchRecord) -> Iterator[OpenPoint]:
    """Yield a challenge that is missing or failed without a conclusion. Serves: EU GMP Annex 1 §8.32."""
    last = {run.phase: run.passed for run in ChallengeRun.objects.filter(batch=batch).order_by("id")}
    is_concluded = Investigation.objects.filter(batch=batch, trigger=FAILED_CHALLENGE, closed_at__isnull=False).exists()
    for phase, words in (("start", "before the start"), ("end", "after the last unit")):
        if last.get(phase) or (phase == "end" and phase in last and is_concluded):
            continue
        word = "failed" if phase in last else "is missing"
        yield OpenPoint(f"challenge_{phase}", f"The challenge {words} {word}", "challenges", ONLY_RELEASE)


def investigation_points(batch: BatchRecord) -> Iterator[OpenPoint]:
    """Yield each investigation that is not concluded."""
    for row in Investigation.objects.filter(batch=batch, closed_at=None).order_by("id"):
        text = f"Investigation not concluded: {trigger_words(row.trigger)}"
        yield OpenPoint("investigation", text, "investigations", ONLY_RELEASE)


def count(number: int, word: str) -> str:
    """Return a number with its word: "1 unit", "2 units"."""
    return f"{number} {word}{'' if number == 1 else 's'}"
