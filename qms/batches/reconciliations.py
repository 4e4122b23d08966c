"""The count that must close: received = accepted + rejected + destroyed, within the limit.

Where the counts agree the reconciliation closes by itself (`qms.batches.counting`); here a
person counts what was destroyed and explains what remains. Serves: 21 CFR 211.188, 211.192.
"""

from __future__ import annotations

from django.db import transaction

from qms.batches.counting import investigate_limits, tally_batch
from qms.batches.decisions import lock_in_review
from qms.batches.errors_review import CountImpossible, DifferenceUnexplained, ReconciliationOpen
from qms.batches.models import BatchRecord, Reconciliation
from qms.batches.recipes import read_recipe
from qms.batches.tallies import Tally
from records.acting import acting
from records.evidence import Actor
from records.workflow import take_role

COUNTERS = ("operator",)
EXPLANATION_MINIMUM = 10


def reconcile_batch(batch: BatchRecord, *, actor: Actor, destroyed: int, explanation: str = "") -> Reconciliation:
    """Record how many units were destroyed, and why a difference remains.

    Writes: batches_reconciliation and one event. Raises: `CountImpossible`,
    `ReconciliationOpen`, `DifferenceUnexplained`, `BatchNotInReview`, `RoleNotAllowed`.
    Serves: 21 CFR 211.188, 211.192. Units: units.
    """
    actor = take_role(actor, COUNTERS)
    with transaction.atomic():
        locked = lock_in_review(batch)
        tally = tally_batch(locked)
        difference = check_count(locked, tally, destroyed=destroyed, explanation=explanation)
        summary = (
            f"{locked.units_received} received, {tally.accepted} accepted, {tally.rejected} rejected, "
            f"{destroyed} destroyed, difference {difference}"
        )
        with acting(actor, "batches.reconciliation.counted", locked, details={"summary": summary}):
            row, _ = Reconciliation.objects.update_or_create(
                batch=locked,
                defaults={
                    "received": locked.units_received,
                    "accepted": tally.accepted,
                    "rejected": tally.rejected,
                    "destroyed": destroyed,
                    "explanation": explanation.strip(),
                    "counted_by_id": actor.person_id,
                },
            )
            investigate_limits(locked, tally)
    return row


def check_count(batch: BatchRecord, tally: Tally, *, destroyed: int, explanation: str) -> int:
    """Return the difference that remains, or refuse a count that does not close."""
    received = batch.units_received
    if not 0 <= destroyed <= received:
        raise CountImpossible(destroyed=destroyed, received=received)
    counted = tally.accepted + tally.rejected + destroyed
    difference = received - counted
    tolerance = read_recipe(batch).reconciliation_tolerance
    if abs(difference) > tolerance:
        raise ReconciliationOpen(
            received=received,
            accepted=tally.accepted,
            rejected=tally.rejected,
            destroyed=destroyed,
            counted=counted,
            difference=abs(difference),
            tolerance=tolerance,
        )
    if difference and len(explanation.strip()) < EXPLANATION_MINIMUM:
        raise DifferenceUnexplained(difference=abs(difference), minimum=EXPLANATION_MINIMUM)
    return difference


def difference_of(row: Reconciliation) -> int:
    """Return received less everything counted. Units: units."""
    return row.received - row.accepted - row.rejected - row.destroyed


def is_closed(row: Reconciliation | None, tally: Tally, *, tolerance: int) -> bool:
    """Tell whether a reconciliation is current and closes."""
    if row is None or (row.accepted, row.rejected) != (tally.accepted, tally.rejected):
        return False
    difference = difference_of(row)
    return abs(difference) <= tolerance and (difference == 0 or bool(row.explanation))
