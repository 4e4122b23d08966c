"""Making and withdrawing batch records."""

from __future__ import annotations

from django.db import transaction

from qms.batches.errors import (
    BatchStillOpen,
    LotDecided,
    ModelNotApproved,
    UnitsExceedLot,
)
from qms.batches.models import BatchRecord, Lot, ProductModel, Station
from qms.batches.readiness import check_released, check_station
from qms.batches.workflow import BATCH_WORKFLOW
from qms.releases.models import ModelVersion
from records.creation import create_record
from records.evidence import Actor
from records.workflow import perform_transition, state_label, take_role

MAKERS = ("operator",)
OPEN_STATES = tuple(state.name for state in BATCH_WORKFLOW.states if not state.is_final)


def create_batch(lot: Lot, *, actor: Actor, station: Station, units_received: int, note: str = "") -> BatchRecord:
    """Create the batch record of one inspection of a lot, pinned to the product's approved model.

    A lot that was decided on is inspected again only when QA sent it back.
    Writes: batches_batchrecord, one event. Raises: `BatchStillOpen`, `LotDecided`,
    `ModelNotApproved`, `ModelNotReleased`, `StationExpired`, `StationInactive`, `UnitsExceedLot`.
    Serves: 21 CFR 211.188, 11.10(h).
    """
    actor = take_role(actor, MAKERS)
    with transaction.atomic():
        Lot.objects.select_for_update(of=("self",)).get(pk=lot.pk)
        last = last_inspection(lot)
        if units_received > lot.size:
            raise UnitsExceedLot(units=units_received, lot=lot.number, size=lot.size)
        check_station(station)
        return create_record(
            BatchRecord,
            actor=actor,
            title=f"Inspection of lot {lot.number}",
            act="batches.batch.created",
            lot=lot,
            station=station,
            model_version=approved_model(lot),
            units_received=units_received,
            note=note,
            reinspection_of=last,
        )


def withdraw_batch(batch: BatchRecord, *, actor: Actor, reason: str) -> BatchRecord:
    """Withdraw a batch record that was made in error, before its inspection starts."""
    perform_transition(batch, "withdraw", actor=actor, reason=reason)
    batch.refresh_from_db()
    return batch


def last_inspection(lot: Lot) -> BatchRecord | None:
    """Return the inspection that QA sent back, if there is one; refuse a lot in work or decided on.

    Raises: `BatchStillOpen`, `LotDecided`.
    """
    last = BatchRecord.objects.filter(lot=lot).exclude(state="withdrawn").order_by("-id").first()
    if last is not None and last.state in OPEN_STATES:
        raise BatchStillOpen(number=last.number)
    if last is not None and last.state != "reinspect":
        raise LotDecided(lot=lot.number, state=state_label(last).lower(), number=last.number)
    return last


def approved_model(lot: Lot) -> ModelVersion:
    """Return the released model approved for a lot's product.

    Raises: `ModelNotApproved`, `ModelNotReleased`.
    """
    approval = ProductModel.objects.select_related("model_version").filter(product=lot.product, ended_at=None).first()
    if approval is None:
        raise ModelNotApproved(product=lot.product.name)
    check_released(approval.model_version)
    return approval.model_version
