"""Everything about a batch on one page, before somebody signs: recomputed from the rows each time.

Reads only; a constant number of queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from qms.batches.charts import BarChart, Share, draw_bars
from qms.batches.counting import read_library, tally_batch
from qms.batches.investigations import trigger_words
from qms.batches.models import (
    AqlSample,
    BatchRecord,
    ChallengeRun,
    Decision,
    Investigation,
    Reconciliation,
)
from qms.batches.openpoints import OpenPoint, find_open_points
from qms.batches.reason_codes import write_reason
from qms.batches.recipes import read_recipe
from qms.batches.reconciliations import difference_of
from qms.batches.review_units import ReviewUnit, count_units, list_units
from qms.batches.tallies import SEVERITIES, Tally, percent
from qms.batches.verdicts import GOOD, REJECT, UNDECIDED

MODEL_WORDS = {GOOD: "Good", REJECT: "Reject", UNDECIDED: "Undecided", "": "No result"}


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of rejects with its count."""

    name: str
    severity: str
    count: int
    percent: str


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """What became of the units of one outcome of the model."""

    outcome: str
    good: int
    reject: int
    open: int
    total: int


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """One override that stands: the unit, the decision, the reason, the second person."""

    unit_id: str
    was: str
    verdict: str
    defect: str
    reason: str
    by: str
    verified_by: str
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class PersonLine:
    """How many units one person decided, and how many overrides they verified."""

    name: str
    decided: int
    overrode: int
    verified: int


@dataclass(frozen=True, slots=True)
class Answers:
    """All that the check-answers page shows."""

    tally: Tally
    classes: Sequence[ClassRow]
    confusion: Sequence[ConfusionRow]
    overrides: Sequence[OverrideLine]
    people: Sequence[PersonLine]
    counts: dict[str, int]
    random_agreed: int
    random_total: int
    chart: BarChart
    sample: AqlSample | None
    reconciliation: Reconciliation | None
    difference: int
    challenges: Sequence[ChallengeRun]
    investigations: Sequence[tuple[Investigation, str]]
    points: Sequence[OpenPoint]
    yield_percent: str


def read_answers(batch: BatchRecord) -> Answers:
    """Return everything about a batch as it stands."""
    units = list_units(batch)
    tally = tally_batch(batch, units)
    decisions = list(
        Decision.objects.filter(image__batch=batch).select_related("decided_by", "defect", "image").order_by("id")
    )
    drawn = [unit for unit in units if unit.is_random]
    row = Reconciliation.objects.select_related("counted_by").filter(batch=batch).first()
    return Answers(
        tally=tally,
        classes=list_classes(batch, tally),
        confusion=confuse(units),
        overrides=list_overrides(units, decisions),
        people=list_people(units, decisions),
        counts=count_units(units),
        random_agreed=sum(unit.state.is_reviewed and unit.state.verdict == GOOD for unit in drawn),
        random_total=len(drawn),
        chart=draw_bars(list_shares(batch, tally)),
        sample=AqlSample.objects.select_related("drawn_by", "inspected_by").filter(batch=batch).first(),
        reconciliation=row,
        difference=difference_of(row) if row else batch.units_received - tally.accepted - tally.rejected,
        challenges=list(ChallengeRun.objects.filter(batch=batch).select_related("challenge_set")),
        investigations=[(found, trigger_words(found.trigger)) for found in list_investigations(batch)],
        points=find_open_points(batch, units=units),
        yield_percent=f"{percent(tally.accepted, tally.inspected)} %",
    )


def list_investigations(batch: BatchRecord) -> QuerySet[Investigation]:
    """Return a batch's investigations, oldest first."""
    return Investigation.objects.filter(batch=batch).select_related("closed_by").order_by("id")


def list_classes(batch: BatchRecord, tally: Tally) -> list[ClassRow]:
    """Return the rejects by class, worst class first."""
    library = read_library(batch)
    found = [(library[key], number) for key, number in tally.by_defect.items()]
    found.sort(key=lambda row: (SEVERITIES.index(row[0].severity), -row[1], row[0].code))
    return [
        ClassRow(defect.name, defect.severity, number, f"{percent(number, tally.inspected)} %")
        for defect, number in found
    ]


def confuse(units: Sequence[ReviewUnit]) -> list[ConfusionRow]:
    """Return the model's outcomes against what the units count as."""
    cells = Counter((unit.outcome, str(unit.state.verdict)) for unit in units)
    rows = []
    for outcome, word in MODEL_WORDS.items():
        good, reject, opened = (cells[outcome, verdict] for verdict in (GOOD, REJECT, ""))
        if good + reject + opened:
            rows.append(ConfusionRow(word, good, reject, opened, good + reject + opened))
    return rows


def list_overrides(units: Sequence[ReviewUnit], decisions: Sequence[Decision]) -> list[OverrideLine]:
    """Return the overrides that stand, in the units' order, with who made and verified them."""
    by_id = {row.pk: row for row in decisions}
    names = {row.decided_by_id: row.decided_by.printed_name for row in decisions}
    lines = []
    for unit in units:
        top = unit.state.top
        if top is None or not (unit.state.is_overridden or top.needs_second):
            continue
        made = by_id[top.entry.id]
        lines.append(
            OverrideLine(
                unit_id=unit.unit_id,
                was=MODEL_WORDS[unit.outcome].lower(),
                verdict=made.verdict,
                defect=made.defect.name if made.defect else "",
                reason=write_reason(made.reason_code, made.reason_text),
                by=made.decided_by.printed_name,
                verified_by=names.get(top.verified_by or 0, ""),
                is_waiting=unit.state.is_waiting,
            )
        )
    return lines


def list_people(units: Sequence[ReviewUnit], decisions: Sequence[Decision]) -> list[PersonLine]:
    """Return who decided how many units, by what stands."""
    names = {row.decided_by_id: row.decided_by.printed_name for row in decisions}
    tops = [unit.state.top for unit in units if unit.state.top is not None]
    decided = Counter(top.entry.by for top in tops)
    overrode = Counter(top.entry.by for top in tops if top.entry.kind == "override")
    verified = Counter(top.verified_by for top in tops if top.verified_by is not None)
    people = sorted(set(decided) | set(verified), key=lambda person: -decided[person])
    return [PersonLine(names[person], decided[person], overrode[person], verified[person]) for person in people]


def list_shares(batch: BatchRecord, tally: Tally) -> list[Share]:
    """Return the shares that the product limits, then the rejects by severity."""
    recipe = read_recipe(batch)
    return [
        Share("All rejects", tally.rejected, percent(tally.rejected, tally.inspected), recipe.reject_rate_limit),
        Share("Critical", tally.critical, percent(tally.critical, tally.inspected), recipe.critical_rate_limit),
        *(
            Share(severity.capitalize(), number, percent(number, tally.inspected))
            for severity in SEVERITIES[1:]
            if (number := tally.by_severity.get(severity, 0))
        ),
    ]


def link_of(batch: BatchRecord, point: OpenPoint) -> str:
    """Return the address where an open point is dealt with."""
    pages = {"sample": "batches:sample", "reconciliation": "batches:reconciliation"}
    if point.place in pages:
        return reverse(pages[point.place], args=[batch.number])
    if point.place in ("challenges", "investigations"):
        return f"{reverse('batches:check-answers', args=[batch.number])}#{point.place}"
    return f"{reverse('batches:review', args=[batch.number])}?show={point.place}"


def list_problems(batch: BatchRecord, points: Sequence[OpenPoint]) -> list[tuple[str, str]]:
    """Return open points as texts with links, for the error summary."""
    return [(point.text, link_of(batch, point)) for point in points]


def sample_rows(sample: AqlSample) -> list[dict[str, Any]]:
    """Return the sample's plans with what was found, worst class first."""
    outcome = sample.outcome or {}
    return [{"severity": name, **sample.plans[name], **outcome.get(name, {})} for name in SEVERITIES]
