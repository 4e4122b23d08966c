"""The successor of a batch that quality assurance sent back: the same lot, inspected once more."""

from __future__ import annotations

from django.db import transaction

from qms.batches.creation import MAKERS, create_batch
from qms.batches.errors_review import NotSentBack, SuccessorMade
from qms.batches.models import BatchRecord, Reconciliation, Station
from records.evidence import Actor
from records.workflow import lock_record, state_label, take_role


def create_reinspection(batch: BatchRecord, *, actor: Actor, station: Station | None = None) -> BatchRecord:
    """Create the batch record that inspects a sent-back batch's lot again; once.

    Destroyed units are not received again. Writes: as `create_batch`. Raises:
    `RoleNotAllowed`, `NotSentBack`, `SuccessorMade`, `create_batch`'s refusals.
    Serves: 21 CFR 211.192, 211.188.
    """
    actor = take_role(actor, MAKERS)
    with transaction.atomic():
        locked = lock_record(batch)
        assert isinstance(locked, BatchRecord)
        if locked.state != "reinspect":
            raise NotSentBack(number=locked.number, state=state_label(locked).lower())
        successor = locked.reinspections.exclude(state="withdrawn").first()
        if successor is not None:
            raise SuccessorMade(number=locked.number, successor=successor.number)
        destroyed = Reconciliation.objects.filter(batch=locked).values_list("destroyed", flat=True).first()
        return create_batch(
            locked.lot,
            actor=actor,
            station=station or locked.station,
            units_received=locked.units_received - (destroyed or 0),
            note=f"Re-inspection of {locked.number}.",
        )
