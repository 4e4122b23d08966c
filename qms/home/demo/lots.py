"""Leading each lot of the demonstration to its state, step by step, as its people would.

The state of the batch says which step is next, so that a start that was killed goes on
where it was. Runs are worked off here unless the worker was faster.
"""

from __future__ import annotations

import datetime as dt
import io
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from django.db import transaction

from qms.batches.aql_samples import draw_aql_sample, record_findings
from qms.batches.creation import create_batch, withdraw_batch
from qms.batches.decisions import agree_with_model, decide_unit
from qms.batches.importing import choose_import, offer_delivery, take_chosen
from qms.batches.inspecting import work_off_run
from qms.batches.investigations import close_investigation
from qms.batches.models import (
    AqlSample,
    BatchRecord,
    DefectClass,
    FileImport,
    Investigation,
    Lot,
    Product,
    Station,
    VialImage,
)
from qms.batches.overlays import make_overlays
from qms.batches.products import create_lot
from qms.batches.receiving import receive_zip
from qms.batches.review_units import ReviewUnit, list_units
from qms.batches.runs import start_inspection
from qms.home.demo.cast import Cast
from qms.home.demo.deliveries import choose_photographs, make_delivery, write_deliveries
from qms.home.demo.signing import decline, sign
from qms.home.demo.stock import MIX_UP, begin_hard_challenge_set, end_hard_challenge_set
from qms.home.demo.stories import STORIES, Story
from qms.home.errors import DemonstrationStuck
from records.clock import now

WORKER_SECONDS = 120
LOOK_SECONDS = 0.3
MADE_BEFORE, EXPIRES_AFTER = dt.timedelta(days=20), dt.timedelta(days=720)
ACTIONS = MappingProxyType({"on_hold": "hold", "released": "hold", "rejected": "reject", "reinspect": "reinspect"})
HOLD_REASON = "The label count of line 1 is not in yet; the lot waits for it."
DECLINE_REASON = "Unit F-050 was accepted in two seconds; please look at its label again and say what you saw."
CONCLUSION = "The line clearance between the products failed on one shift; the other lots of that day are blocked."


def tell_lots(cast: Cast) -> None:
    """Lead every lot to the end of its story, several at once; the records are numbered in the table's order."""
    for story in STORIES:
        ensure_batch(cast, story)
    *most, last = STORIES  # the last one changes what the others are measured by
    cast.do_together(*(partial(tell_lot, cast, story) for story in most))
    tell_lot(cast, last)


def tell_lot(cast: Cast, story: Story) -> None:
    """Start a lot, so that the worker has it, and finish it."""
    start_lot(cast, story)
    finish_lot(cast, story)


def ensure_batch(cast: Cast, story: Story) -> BatchRecord:
    """Return the lot's batch record, made where it is missing."""
    actor = cast.actor(story.operator)
    lot = Lot.objects.filter(number=story.lot).first() or create_lot(
        Product.objects.get(code=story.ware.code),
        actor=actor,
        number=story.lot,
        size=story.size,
        manufactured_on=now().date() - MADE_BEFORE,
        expires_on=now().date() + EXPIRES_AFTER,
    )
    found = BatchRecord.objects.filter(lot=lot).order_by("pk").first()
    station = Station.objects.get(code=story.ware.station)
    return found or create_batch(lot, actor=actor, station=station, units_received=story.size)


def start_lot(cast: Cast, story: Story) -> None:
    """Import the lot's photographs and start its inspection, as far as its story goes; the worker begins at once."""
    batch = ensure_batch(cast, story)
    if story.state == "open":
        write_deliveries(story.ware, story.lot)
    if story.state in ("open", "withdrawn"):
        return
    if batch.state == "open":
        take_images(cast, story, batch)
        batch.refresh_from_db()
    if batch.state == "ready" and story.state not in ("ready", "quarantined"):
        start_inspection(batch, actor=cast.actor(story.operator))


def finish_lot(cast: Cast, story: Story) -> None:
    """Lead the lot's batch to the state that its story ends in."""
    while not is_told(batch := ensure_batch(cast, story), story):
        STEPS[batch.state](cast, story, batch)
    if story.state == "quarantined":
        make_overlays(batch.pk)
        end_hard_challenge_set(cast, story.ware)


def is_told(batch: BatchRecord, story: Story) -> bool:
    """Tell whether the batch is where its story ends."""
    if batch.state != story.state:
        return False
    if story.is_begun:
        return batch.images.filter(decisions__isnull=False).exists()
    return not story.is_returned or batch.dispositions.filter(action="return_to_review").exists()


def take_images(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Upload the station's delivery as the operator; it is complete and taken at once.

    A start that was killed between the upload and its being taken goes on with that upload.
    """
    if (waiting := batch.imports.filter(state=FileImport.State.CHECKED).first()) is not None:
        choose_import(waiting, actor=cast.actor(story.operator))
        return
    if (chosen := batch.imports.filter(state=FileImport.State.TAKING).first()) is not None:
        take_chosen(chosen.pk)
        return
    content = make_delivery(story.ware, story.lot, choose_photographs(story.ware, story.units))
    delivery = receive_zip(io.BytesIO(content))
    offer_delivery(batch, actor=cast.actor(story.operator), delivery=delivery, source_name=f"{story.lot}.zip")


def withdraw(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Withdraw a batch record that was made by mistake, as its operator."""
    withdraw_batch(batch, actor=cast.actor(story.operator), reason=story.reason)


def start_before_harder_set(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Start an inspection and put a harder challenge set in force before any worker hears of the run.

    One transaction, since the broker is told after it: whichever worker is faster, the
    challenge before the start meets the old set and the one after the last unit the new.
    """
    with transaction.atomic():
        start_inspection(batch, actor=cast.actor(story.operator))
        begin_hard_challenge_set(cast, story.ware)


def await_inspection(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Work off the inspection, or wait for the worker that has it. Raises: `DemonstrationStuck`."""
    deadline = time.monotonic() + WORKER_SECONDS
    while batch.state == "inspecting":
        work_off_run(batch.runs.latest("attempt").pk)
        batch.refresh_from_db()
        if batch.state == "inspecting":
            time.sleep(LOOK_SECONDS)
        if time.monotonic() > deadline:
            raise DemonstrationStuck(number=batch.number, seconds=WORKER_SECONDS)


def review(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Review as the story says: half of it, or all of it with the signature."""
    make_overlays(batch.pk)
    if story.is_begun:
        begin_review(cast, story, batch)
        return
    for unit in list_units(batch):
        if unit.is_open:
            decide(cast, story, unit)
    if not AqlSample.objects.filter(batch=batch).exists():
        draw_aql_sample(batch, actor=cast.actor(story.operator))
    if AqlSample.objects.get(batch=batch).inspected_at is None:
        record_findings(batch, actor=cast.actor(story.operator), findings=[])
    for investigation in Investigation.objects.filter(batch=batch, closed_at=None):
        close_investigation(investigation, actor=cast.actor("quentin"), conclusion=CONCLUSION)
    sign(cast, batch, "sign_review", story.operator)


def decide(cast: Cast, story: Story, unit: ReviewUnit) -> None:
    """Decide one unit as its photograph shows: vials of the other product are rejects."""
    actor, image = cast.actor(story.operator), VialImage.objects.get(pk=unit.image_id)
    seen = unit.state.last_id
    if not unit.is_undecided:
        agree_with_model(image, actor=actor, seen=seen)
    elif is_mix_up(story, unit.unit_id):
        decide_unit(image, actor=actor, verdict="reject", seen=seen, defect=mix_up_of(story), reason_code="R7")
    else:
        decide_unit(image, actor=actor, verdict="good", seen=seen)


def begin_review(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Decide one flagged unit against the model, so that it waits for a second person; who will see a mix-up."""
    actor = cast.actor(story.operator)
    flagged = next(unit for unit in list_units(batch) if unit.is_flagged)
    image = VialImage.objects.get(pk=flagged.image_id)
    seen, why = flagged.state.last_id, "glare over the label"
    decide_unit(image, actor=actor, verdict="good", seen=seen, reason_code="R1", reason_text=why)


def is_mix_up(story: Story, unit_id: str) -> bool:
    """Tell whether the photograph shows the other product."""
    photograph = next(row for row in choose_photographs(story.ware, (unit_id,)))
    return photograph.product == story.ware.wrong_class


def mix_up_of(story: Story) -> DefectClass:
    """Return the product's defect class for a vial of the other product."""
    return DefectClass.objects.get(product__code=story.ware.code, code=MIX_UP)


def review_trail(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Sign the audit trail review, or decline it where the story sends the batch back."""
    if story.is_returned:
        decline(cast, batch, "sign_trail_review", "rita", reason=DECLINE_REASON)
    else:
        sign(cast, batch, "sign_trail_review", "rita")


def dispose(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Decide the batch as QA; what is released was on hold first."""
    action = ACTIONS[story.state]
    sign(cast, batch, action, "quentin", reason=HOLD_REASON if story.state == "released" else story.reason)


def release(cast: Cast, story: Story, batch: BatchRecord) -> None:
    """Release a batch from hold."""
    sign(cast, batch, "release", "maria", reason=story.reason)


Step = Callable[[Cast, Story, BatchRecord], None]
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "open": withdraw,
        "ready": start_before_harder_set,
        "inspecting": await_inspection,
        "in_review": review,
        "reviewed": review_trail,
        "awaiting_disposition": dispose,
        "on_hold": release,
    }
)
