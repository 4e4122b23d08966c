"""Effects of the batch's dispositions: what the workflow's moves write, under their own event.

Serves: 21 CFR 211.22, 211.192.
"""

from __future__ import annotations

from qms.batches.models import Disposition
from qms.batches.readiness import batch_of
from records.models import ControlledRecord
from records.workflow import Move


def write_disposition(record: ControlledRecord, move: Move) -> None:
    """Write the signed decision, or the return to review, as a row of its own.

    Writes: batches_disposition. Earlier ones are content, so what is signed next is new.
    """
    signatures = move.authorisation.signatures if move.authorisation else ()
    Disposition.objects.create(
        batch_id=record.pk,
        action=move.action,
        decided_by_id=move.actor.user_id or 0,
        reason=move.reason,
        signature_number=signatures[-1] if signatures else "",
    )


def close_batch(record: ControlledRecord, move: Move) -> None:
    """Write a final disposition and start the retention clock at the lot's expiry.

    Writes: batches_disposition, records_controlledrecord. Serves: 21 CFR 211.180(a), 11.10(c).
    """
    write_disposition(record, move)
    record.retention_start_event = "batch expiry"
    record.retention_started_on = batch_of(record).lot.expires_on
    record.save(update_fields=["retention_start_event", "retention_started_on"])
