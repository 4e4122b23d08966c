"""Background work of the records floor."""

from __future__ import annotations

from celery import shared_task

from records.archive.opening import open_archive
from records.evidence import system_actor
from records.ledger import cosigning, lag
from records.ledger.archiving import archive_cosigned_checkpoint, archive_ledger, archive_stamps
from records.ledger.sealing import seal_everything
from records.outbox import work_off
from records.shipping.opening import open_sink
from records.shipping.pending import ship_pending
from records.stamping import checkpoints, lateness
from records.stores import sealer_key_store
from records.verifying.runs import verify_all


@shared_task(name="records.work_off_outbox", queue="documents", ignore_result=True)
def work_off_outbox() -> int:
    """Do what committed transactions have promised; asked for every two seconds."""
    return work_off()


@shared_task(name="records.seal_events", queue="sealer", ignore_result=True)
def seal_events() -> int:
    """Seal what was committed; asked for every few seconds, done by the sealer's process alone."""
    return seal_everything(sealer_key_store())


@shared_task(name="records.ship_events", queue="sealer", ignore_result=True)
def ship_events() -> int:
    """Ship what was sealed to the log service; asked for every few seconds where there is one."""
    sink = open_sink()
    return ship_pending(sink) if sink is not None else 0


@shared_task(name="records.watch_sealing", ignore_result=True)
def watch_sealing() -> None:
    """Tell when the sealer falls behind; run by any worker but the sealer."""
    lag.watch_sealing()


@shared_task(name="records.cosign_checkpoint", queue="sealer", ignore_result=True)
def cosign_checkpoint() -> None:
    """Have the last checkpoint cosigned; done by the sealer's process alone."""
    cosigning.cosign_last()


@shared_task(name="records.archive_ledger", queue="sealer", ignore_result=True)
def archive_sealed() -> None:
    """Archive the last checkpoint, its tiles, cosignatures and time stamps; the sealer has the archive's key."""
    archive = open_archive()
    archive_ledger(archive)
    archive_cosigned_checkpoint(archive)
    archive_stamps(archive)


@shared_task(name="records.verify_nightly", queue="sealer", ignore_result=True)
def verify_nightly() -> None:
    """Verify everything and sign the result; done by the sealer's process, which has the key for it."""
    verify_all(actor=system_actor("verify"), store=sealer_key_store())


@shared_task(name="records.stamp_checkpoint", queue="sealer", ignore_result=True)
def stamp_checkpoint() -> None:
    """Have the newest checkpoint time-stamped where an authority is configured; asked for again every minute."""
    checkpoints.stamp_newest()


@shared_task(name="records.watch_stamping", ignore_result=True)
def watch_stamping() -> None:
    """Tell when the time stamps fall behind; run by any worker but the sealer."""
    lateness.watch_stamping()
