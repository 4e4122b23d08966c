"""Taking a lot's photographs: offered, checked whole, chosen by a person, taken by the software.

Nothing reaches the records before the choice; what is given up leaves nothing behind but
its events. A complete delivery needs no second choice. What is lost if a process dies
here: nothing that was chosen (the watchdog asks again), and only quarantine before.
Serves: 21 CFR 11.10(a)(h).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from qms.batches.alarms import raise_alarm
from qms.batches.dispatch import ask_for_import
from qms.batches.errors_imports import (
    DeliveryRefused,
    ImportNotWaiting,
    ImportOvertaken,
    ImportWaiting,
    NothingGood,
)
from qms.batches.judging import Judgement, Problem, judge_delivery, quarantine
from qms.batches.models import BatchRecord, FileImport, ImportProgress, RefusedFile
from qms.batches.taking import take_photographs
from records.acting import acting, check_reason, record_event
from records.clock import now
from records.errors import Refusal, TransitionNotAllowed
from records.evidence import Actor, system_actor
from records.uploads.deliveries import Delivery
from records.workflow import lock_record, perform_transition, state_label, take_role

OPERATORS = ("operator",)
State = FileImport.State
#: Display copies of more photographs than these take over ten seconds, so a worker makes them.
AT_ONCE = 120
ABANDONED_AFTER = dt.timedelta(hours=24)
NAMED_IN_EVENT = 20


def offer_delivery(
    batch: BatchRecord, *, actor: Actor, delivery: Delivery, source_name: str, manual_reason: str = ""
) -> FileImport:
    """Check a received delivery for a batch; a complete one is taken at once.

    Writes: batches_fileimport, batches_refusedfile and their events. Raises: the
    station's refusals (with an event and an alert), `ManifestUnreadable`,
    `ManualReasonMissing`, `ImportWaiting`, `TransitionNotAllowed`; after any of them
    quarantine is empty. Serves: 21 CFR 11.10(h).
    """
    try:
        actor = take_role(actor, OPERATORS)
        judgement = judge_or_alarm(batch, delivery, actor=actor, manual_reason=manual_reason)
        file_import = record_offer(
            batch, judgement, delivery, actor=actor, source_name=source_name, manual_reason=manual_reason
        )
    except BaseException:
        quarantine().discard(delivery.token)
        raise
    if file_import.refused_count == 0:
        choose_import(file_import, actor=actor)
        file_import.refresh_from_db()
    return file_import


def judge_or_alarm(batch: BatchRecord, delivery: Delivery, *, actor: Actor, manual_reason: str) -> Judgement:
    """Judge a delivery; a refused origin becomes an event and an alert, any other refusal an event."""
    try:
        return judge_delivery(batch, delivery, manual_reason=manual_reason)
    except DeliveryRefused as refusal:
        raise_alarm(refusal, act="batches.station.refused", actor=actor, record=batch)
        raise
    except Refusal as refusal:
        record_refused_upload(batch, refusal, actor=actor)
        raise


def record_refused_upload(batch: BatchRecord, refusal: Refusal, *, actor: Actor) -> None:
    """Write the event of an upload that is refused as a whole. Writes: records_event."""
    details = {"summary": refusal.text, "code": refusal.code}
    record_event(actor, "records.upload.refused", batch, details=details)
    refusal.is_recorded = True


def record_offer(
    batch: BatchRecord,
    judgement: Judgement,
    delivery: Delivery,
    *,
    actor: Actor,
    source_name: str,
    manual_reason: str,
) -> FileImport:
    """Write the checked upload and each refused file; the good ones wait in quarantine."""
    with transaction.atomic():
        locked = lock_record(batch)
        if locked.state != "open":
            raise TransitionNotAllowed(action="Import images", number=batch.number, state=state_label(locked))
        if batch.imports.filter(state__in=(State.CHECKED, State.TAKING)).exists():
            raise ImportWaiting(number=batch.number)
        check_not_overtaken(batch, judgement)
        by_hand = manual_reason.strip() if judgement.signature is None else ""
        details = {
            "source": source_name,
            "good": len(judgement.good),
            "refused": len(judgement.refused),
            "signed_by": judgement.signature.station if judgement.signature else "",
        }
        with acting(actor, "batches.upload.checked", batch, reason=by_hand, details=details):
            made = FileImport.objects.create(
                batch=batch,
                offered_by_id=actor.person_id,
                source_name=source_name[:200],
                state=State.CHECKED,
                folder=delivery.token,
                manual_reason=by_hand,
                good_count=len(judgement.good),
                refused_count=len(judgement.refused),
                checked=[file.as_json() for file in judgement.good],
            )
            insert_refusals(made, judgement.refused)
        if judgement.refused:
            record_refusals(made, judgement.refused, actor=actor)
    return made


def insert_refusals(file_import: FileImport, refused: Sequence[Problem]) -> None:
    """Insert the refused files of an upload; must run inside an act."""
    RefusedFile.objects.bulk_create(
        RefusedFile(file_import=file_import, name=row.name[:255], code=row.code, sentence=row.sentence)
        for row in refused
    )


def record_refusals(file_import: FileImport, refused: Sequence[Problem], *, actor: Actor) -> None:
    """Write the event that names the refused files of an upload, the first of many. Writes: records_event."""
    details = {
        "summary": f"{len(refused)} of {file_import.source_name}",
        "files": [f"{row.name}: {row.code}" for row in refused[:NAMED_IN_EVENT]],
    }
    record_event(actor, "records.upload.refused", file_import.batch, details=details)


def check_not_overtaken(batch: BatchRecord, judgement: Judgement) -> None:
    """Refuse if another upload brought the same units since this one was judged; the batch is locked.

    Raises: `ImportOvertaken`.
    """
    units = [file.unit_id for file in judgement.good]
    digests = [file.sha256 for file in judgement.good]
    if batch.images.filter(Q(unit_id__in=units) | Q(original_id__in=digests)).exists():
        raise ImportOvertaken(number=batch.number)


def choose_import(file_import: FileImport, *, actor: Actor) -> FileImport:
    """Choose to take the good files of a checked upload; small ones are taken at once.

    Writes: batches_fileimport, one event, then `take_chosen`'s. Raises: `NothingGood`,
    `ImportNotWaiting`.
    """
    actor = take_role(actor, OPERATORS)
    with transaction.atomic():
        locked = lock_import(file_import, expected=State.CHECKED)
        if locked.good_count == 0:
            raise NothingGood
        details = {"source": locked.source_name, "good": locked.good_count, "refused": locked.refused_count}
        with acting(actor, "batches.upload.chosen", locked.batch, details=details):
            locked.state = State.TAKING
            locked.save(update_fields=["state"])
        ImportProgress.objects.update_or_create(
            file_import=locked, defaults={"done": 0, "total": locked.good_count, "beat_at": now()}
        )
    if locked.good_count > AT_ONCE:
        ask_for_import(locked.pk)
    else:
        take_chosen(locked.pk)
    return FileImport.objects.get(pk=locked.pk)


def give_up_import(file_import: FileImport, *, actor: Actor) -> FileImport:
    """Give a checked upload up: its files leave quarantine, its refusals stay on record.

    Writes: batches_fileimport, one event. Raises: `ImportNotWaiting`.
    """
    with transaction.atomic():
        locked = lock_import(file_import, expected=State.CHECKED)
        with acting(actor, "batches.upload.given_up", locked.batch, details={"source": locked.source_name}):
            locked.state = State.GIVEN_UP
            locked.checked = []
            locked.save(update_fields=["state", "checked"])
    quarantine().discard(locked.folder)
    return locked


def give_up_abandoned() -> int:
    """Give up uploads that waited a day for a choice; return how many."""
    late = FileImport.objects.filter(state=State.CHECKED, offered_at__lt=now() - ABANDONED_AFTER)
    actor = system_actor("import")
    for file_import in late:
        give_up_import(file_import, actor=actor)
    quarantine().remove_stale(older_than_seconds=2 * ABANDONED_AFTER.total_seconds())
    return len(late)


def complete_images(batch: BatchRecord, *, actor: Actor, reason: str) -> None:
    """Go on with fewer images than units, with a reason. Writes: the batch's state, one event."""
    check_reason(reason)
    if batch.imports.filter(state__in=(State.CHECKED, State.TAKING)).exists():
        raise ImportWaiting(number=batch.number)
    details = {"units": batch.images.count(), "received": batch.units_received}
    perform_transition(batch, "complete_import", actor=actor, reason=reason, details=details)


def take_chosen(import_id: int) -> None:
    """Take a chosen import: copies made, files stored, units written. Harmless when repeated."""
    take_photographs(import_id)


def lock_import(file_import: FileImport, *, expected: State) -> FileImport:
    """Lock an import behind its batch and refuse if it is past its choice. Raises: `ImportNotWaiting`."""
    lock_record(file_import.batch)
    locked = FileImport.objects.select_for_update(of=("self",)).select_related("batch").get(pk=file_import.pk)
    if locked.state != expected:
        raise ImportNotWaiting(state=State(locked.state).label)
    return locked
