"""Counting a batch from its rows, and what its counts set off: investigations and the reconciliation.

Steps for acts that change a count; they demand an open act and write under its event.
"""

from __future__ import annotations

from collections.abc import Sequence

from qms.batches.models import AqlFinding, AqlSample, BatchRecord, DefectClass, Investigation, Reconciliation
from qms.batches.recipes import read_recipe
from qms.batches.review_units import ReviewUnit, list_units
from qms.batches.tallies import CountedUnit, Defect, Tally, count_batch, exceeds, percent


def tally_batch(batch: BatchRecord, units: Sequence[ReviewUnit] | None = None) -> Tally:
    """Return a batch's counts as they stand; units found defective in the sample are rejects."""
    library = read_library(batch)
    found = dict(AqlFinding.objects.filter(sample__batch=batch).values_list("image_id", "defect_id"))
    rows = list_units(batch) if units is None else units
    return count_batch(counted_unit(unit, library, found.get(unit.image_id)) for unit in rows)


def counted_unit(unit: ReviewUnit, library: dict[int, Defect], found: int | None) -> CountedUnit:
    """Return one unit's share of the count."""
    verdict = "reject" if found is not None else str(unit.state.verdict)
    defect = found or unit.state.defect or unit.defect_id
    return CountedUnit(
        verdict=verdict,
        defect=library.get(defect) if verdict == "reject" and defect is not None else None,
        is_open=unit.is_open,
        is_waiting=unit.state.is_waiting,
    )


def read_library(batch: BatchRecord) -> dict[int, Defect]:
    """Return the product's defect classes, in force or not, by id."""
    rows = DefectClass.objects.filter(product_id=batch.lot.product_id)
    return {row.pk: Defect(row.pk, row.code, row.name, row.severity) for row in rows}


def settle_counts(batch: BatchRecord, *, person_id: int) -> Tally:
    """Bring reconciliation and investigations up to the counts as they stand now.

    Must run inside an act. Writes: batches_reconciliation, batches_investigation.
    """
    tally = tally_batch(batch)
    investigate_limits(batch, tally)
    settle_reconciliation(batch, tally, person_id=person_id)
    return tally


def investigate_limits(batch: BatchRecord, tally: Tally) -> None:
    """Open the investigation of each reject rate that exceeds the product's limit, once.

    Must run inside an act. Serves: EU GMP Annex 1 §8.33; 21 CFR 211.192.
    """
    recipe = read_recipe(batch)
    checks = (
        ("reject_rate", "Rejects", tally.rejected, recipe.reject_rate_limit),
        ("critical_rate", "Critical rejects", tally.critical, recipe.critical_rate_limit),
    )
    for trigger, word, count, limit in checks:
        if exceeds(count, inspected=tally.inspected, limit=limit):
            rate = percent(count, tally.inspected)
            open_investigation(
                batch,
                trigger=trigger,
                finding=f"{word}: {count} of {tally.inspected} units ({rate} %), limit {limit} %.",
            )


def open_investigation(batch: BatchRecord, *, trigger: str, finding: str) -> Investigation:
    """Open an investigation, once per trigger. Must run inside an act. Writes: batches_investigation."""
    made, _ = Investigation.objects.get_or_create(batch=batch, trigger=trigger, defaults={"finding": finding})
    return made


def agrees(batch: BatchRecord, tally: Tally) -> bool:
    """Tell whether accepted and rejected units are all that were received."""
    return tally.undecided == 0 and batch.units_received == tally.accepted + tally.rejected


def closes_by_itself(batch: BatchRecord) -> bool:
    """Tell whether entering the sample will also close the reconciliation, with no unit destroyed."""
    return not Reconciliation.objects.filter(batch=batch).exists() and agrees(batch, tally_batch(batch))


def settle_reconciliation(batch: BatchRecord, tally: Tally, *, person_id: int) -> None:
    """Close the reconciliation by itself where the counts agree, and keep a counted one current.

    Must run inside an act. Writes: batches_reconciliation.
    """
    row = Reconciliation.objects.filter(batch=batch).first()
    if row is not None:
        if (row.accepted, row.rejected) != (tally.accepted, tally.rejected):
            row.accepted, row.rejected = tally.accepted, tally.rejected
            row.save(update_fields=["accepted", "rejected"])
        return
    is_sampled = tally.accepted == 0 or AqlSample.objects.filter(batch=batch, inspected_at__isnull=False).exists()
    if is_sampled and agrees(batch, tally):
        Reconciliation.objects.create(
            batch=batch,
            received=batch.units_received,
            accepted=tally.accepted,
            rejected=tally.rejected,
            counted_by_id=person_id,
        )
