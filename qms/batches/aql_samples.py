"""Drawing the AQL sample once, and entering once what was found in it.

Owns the rows of the sample. A critical finding opens an investigation whatever the plan
accepts (EU GMP Annex 1 §8.30); a failed sample blocks release and is never drawn again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from qms.batches.aql import RULE, is_passed, judge, plan_classes, plan_facts, summarise, worst_severity
from qms.batches.counting import investigate_limits, open_investigation, settle_counts, tally_batch
from qms.batches.decisions import lock_in_review
from qms.batches.errors_review import (
    DefectClassForeign,
    FindingNotInSample,
    NothingAccepted,
    ReviewIncomplete,
    SampleDrawnBefore,
    SampleInspectedBefore,
    SampleNotDrawn,
)
from qms.batches.models import AqlFinding, AqlSample, BatchRecord, DefectClass
from qms.batches.recipes import read_recipe
from qms.batches.review_units import ReviewUnit, list_units
from qms.batches.severities import TRIGGER_OF, say_standing, severity_for, write_finding
from qms.batches.tallies import Tally
from qms.batches.verdicts import GOOD
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import take_role
from validation.sampling import draw_sample, pooled_size

SAMPLERS = ("operator", "second_inspector")


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect seen on a sampled unit."""

    unit_id: str
    defect: DefectClass
    note: str = ""


def draw_aql_sample(batch: BatchRecord, *, actor: Actor) -> AqlSample:
    """Draw the sample from the accepted units, once, by a seed that stays with it.

    Writes: batches_aqlsample, batches_investigation where a limit is exceeded or the
    switching rules ask for more than normal inspection, and one event. Raises:
    `ReviewIncomplete`, `SampleDrawnBefore`, `NothingAccepted`, `BatchNotInReview`,
    `RoleNotAllowed`. Serves: 21 CFR 211.165(d), 11.10(f); USP <790>.
    """
    actor = take_role(actor, SAMPLERS)
    with transaction.atomic():
        locked = lock_in_review(batch)
        check_not_drawn(locked)
        units = list_units(locked)
        tally = tally_batch(locked, units)
        check_reviewed(locked, tally)
        recipe = read_recipe(locked)
        plans = plan_classes(tally.accepted, aqls=recipe.aqls, level=recipe.inspection_level)
        seed = secrets.token_hex(16)
        drawn = draw_sample(accepted_ids(units), n=pooled_size(plans.values()), seed=seed)
        standing = severity_for(locked)
        details = {"n": len(drawn), "accepted": tally.accepted, "seed": seed, "rule": RULE}
        details |= {"severity": standing.severity, "severity_reason": say_standing(standing)}
        with acting(actor, "batches.aql.drawn", locked, details=details):
            sample = AqlSample.objects.create(
                batch=locked,
                seed=seed,
                plans={severity: plan_facts(plan) for severity, plan in plans.items()},
                units=list(drawn),
                drawn_by_id=actor.user_id or 0,
            )
            investigate_limits(locked, tally)
            if standing.severity in TRIGGER_OF:
                open_investigation(locked, trigger=TRIGGER_OF[standing.severity], finding=write_finding(standing))
    return sample


def record_findings(batch: BatchRecord, *, actor: Actor, findings: Sequence[Finding]) -> AqlSample:
    """Enter what was found in the sample; no findings means that no unit had a defect.

    Writes: batches_aqlfinding, batches_aqlsample, batches_reconciliation,
    batches_investigation and one event. Raises: `SampleNotDrawn`, `SampleInspectedBefore`,
    `FindingNotInSample`, `DefectClassForeign`, `BatchNotInReview`, `RoleNotAllowed`.
    Serves: 21 CFR 211.165(d), 211.192; EU GMP Annex 1 §8.30.
    """
    actor = take_role(actor, SAMPLERS)
    with transaction.atomic():
        locked = lock_in_review(batch)
        sample = take_sample(locked)
        worst = worst_per_unit(locked, sample, findings)
        outcome = judge(sample.plans, [row.defect.severity for row in worst.values()], sampled=len(sample.units))
        details = {"summary": summarise(outcome), "units": sorted(worst)}
        with acting(actor, "batches.aql.inspected", locked, details=details):
            insert_findings(locked, sample, worst.values())
            sample.inspected_by_id = actor.user_id
            sample.inspected_at = now()
            sample.outcome = outcome
            sample.passed = is_passed(outcome)
            sample.save(update_fields=["inspected_by", "inspected_at", "outcome", "passed"])
            investigate_sample(locked, sample)
            settle_counts(locked, person_id=actor.user_id or 0)
    return sample


def check_not_drawn(batch: BatchRecord) -> None:
    """Refuse a second sample. Raises: `SampleDrawnBefore`."""
    drawn = AqlSample.objects.select_related("drawn_by").filter(batch=batch).first()
    if drawn is not None:
        when = f"{drawn.drawn_at:%Y-%m-%d %H:%M:%S} UTC"
        raise SampleDrawnBefore(number=batch.number, who=drawn.drawn_by.printed_name, when=when)


def check_reviewed(batch: BatchRecord, tally: Tally) -> None:
    """Refuse a sample while units are open. Raises: `ReviewIncomplete`, `NothingAccepted`."""
    points = []
    if tally.open:
        points.append(f"{tally.open} units to review")
    if tally.waiting:
        points.append(f"{tally.waiting} decisions that wait for a second person")
    if points:
        raise ReviewIncomplete(number=batch.number, points=" and ".join(points))
    if tally.accepted == 0:
        raise NothingAccepted(number=batch.number)


def accepted_ids(units: Iterable[ReviewUnit]) -> list[str]:
    """Return the ids of the units that count as good."""
    return [unit.unit_id for unit in units if unit.state.verdict == GOOD]


def take_sample(batch: BatchRecord) -> AqlSample:
    """Return the drawn sample whose findings are not entered. Raises: `SampleNotDrawn`, `SampleInspectedBefore`."""
    sample = AqlSample.objects.select_related("inspected_by").filter(batch=batch).first()
    if sample is None:
        raise SampleNotDrawn(number=batch.number)
    if sample.inspected_at is not None and sample.inspected_by is not None:
        when = f"{sample.inspected_at:%Y-%m-%d %H:%M:%S} UTC"
        raise SampleInspectedBefore(who=sample.inspected_by.printed_name, when=when)
    return sample


def worst_per_unit(batch: BatchRecord, sample: AqlSample, findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return the worst finding of each unit. Raises: `FindingNotInSample`, `DefectClassForeign`."""
    worst: dict[str, Finding] = {}
    for row in findings:
        if row.unit_id not in sample.units:
            raise FindingNotInSample(unit=row.unit_id)
        if row.defect.product_id != batch.lot.product_id or not row.defect.is_active:
            raise DefectClassForeign(product=batch.lot.product.name)
        kept = worst.get(row.unit_id)
        if kept is None or worst_severity((kept.defect.severity, row.defect.severity)) != kept.defect.severity:
            worst[row.unit_id] = row
    return worst


def insert_findings(batch: BatchRecord, sample: AqlSample, findings: Iterable[Finding]) -> None:
    """Insert the findings; must run inside an act."""
    images = dict(batch.images.filter(unit_id__in=sample.units).values_list("unit_id", "pk"))
    AqlFinding.objects.bulk_create(
        AqlFinding(sample=sample, image_id=images[row.unit_id], defect=row.defect, note=row.note) for row in findings
    )


def investigate_sample(batch: BatchRecord, sample: AqlSample) -> None:
    """Open the investigations that a sample asks for; must run inside an act."""
    outcome = sample.outcome or {}
    critical = outcome["critical"]["found"]
    if critical:
        finding = f"{critical} critical defects among {len(sample.units)} sampled units, after 100 % inspection."
        open_investigation(batch, trigger="critical_in_sample", finding=finding)
    if not sample.passed:
        open_investigation(batch, trigger="sample_failed", finding=f"The AQL sample {summarise(outcome)}.")
