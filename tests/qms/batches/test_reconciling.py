"""Received must equal accepted, rejected and destroyed; what remains is explained."""

import pytest

from qms.batches.errors_review import CountImpossible, DifferenceUnexplained, ReconciliationOpen
from qms.batches.importing import complete_images
from qms.batches.inspecting import work_off_run
from qms.batches.models import BatchRecord, Reconciliation
from qms.batches.openpoints import find_open_points
from qms.batches.products import edit_product, newest_snapshot
from qms.batches.reconciliations import is_closed, reconcile_batch
from qms.batches.runs import start_inspection
from qms.batches.tallies import Tally
from records.errors import RoleNotAllowed
from tests.plant_data import batch_open, delivery_files, offer, photographs
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("211.188")]


def short_batch(stage: Stage, *, received: int, images: int) -> Stage:
    """Return a stage whose batch received more units than were photographed."""
    batch = batch_open(stage.plant, units=received)
    offer(stage.plant, batch, delivery_files(stage.plant, batch, photographs(images)))
    batch = BatchRecord.objects.get(pk=batch.pk)
    complete_images(batch, actor=stage.operator.actor(), reason="two vials broke at the infeed")
    batch = start_inspection(BatchRecord.objects.get(pk=batch.pk), actor=stage.operator.actor())
    work_off_run(batch.runs.get().pk)
    stage = Stage(**{**vars(stage), "batch": BatchRecord.objects.get(pk=batch.pk)})
    stage.complete()
    return stage


def codes(stage: Stage) -> set[str]:
    return {point.code for point in find_open_points(stage.fresh())}


def test_a_missing_unit_keeps_the_reconciliation_open_until_it_is_counted(stage: Stage):
    short = short_batch(stage, received=12, images=10)
    assert "reconciliation" in codes(short)
    with pytest.raises(ReconciliationOpen, match="difference of 1"):
        reconcile_batch(short.batch, actor=short.operator.actor(), destroyed=1)
    row = reconcile_batch(short.batch, actor=short.operator.actor(), destroyed=2)
    assert (row.received, row.accepted + row.rejected, row.destroyed) == (12, 10, 2)
    assert "reconciliation" not in codes(short)


def test_a_difference_within_the_tolerance_needs_an_explanation(stage: Stage):
    product = stage.plant.product
    edit_product(
        product,
        actor=stage.qa.actor(),
        reason="counting scale has a tolerance",
        seen=newest_snapshot(product),
        changes={"reconciliation_tolerance": 1},
    )
    short = short_batch(stage, received=12, images=11)
    with pytest.raises(DifferenceUnexplained):
        reconcile_batch(short.batch, actor=short.operator.actor(), destroyed=0)
    reconcile_batch(short.batch, actor=short.operator.actor(), destroyed=0, explanation="one vial fell at the infeed")
    assert "reconciliation" not in codes(short)


@pytest.mark.parametrize("destroyed", [-1, 41])
def test_an_impossible_count_is_refused(stage: Stage, destroyed: int):
    stage.complete()
    with pytest.raises(CountImpossible):
        reconcile_batch(stage.batch, actor=stage.operator.actor(), destroyed=destroyed)


def test_a_later_reject_keeps_the_count_current(stage: Stage):
    stage.complete()
    before = stage.fresh().reconciliation
    stage.decide(stage.image("good"), "reject", defect=stage.defect("FILL"), reason_code="R6")
    after = Reconciliation.objects.get(batch=stage.batch)
    assert (after.accepted, after.rejected) == (before.accepted - 1, before.rejected + 1)
    assert "reconciliation" not in codes(stage)


@pytest.mark.clause("11.10(g)")
def test_only_an_operator_counts(stage: Stage):
    stage.complete()
    with pytest.raises(RoleNotAllowed):
        reconcile_batch(stage.batch, actor=stage.qa.actor(), destroyed=0)


def test_a_count_that_is_no_longer_current_is_not_closed():
    row = Reconciliation(received=10, accepted=9, rejected=1)
    assert is_closed(row, Tally(accepted=9, rejected=1), tolerance=0)
    assert not is_closed(row, Tally(accepted=8, rejected=2), tolerance=0)
    assert not is_closed(None, Tally(accepted=9, rejected=1), tolerance=0)
