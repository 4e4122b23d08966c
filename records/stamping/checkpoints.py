"""The time stamps of checkpoints: the newest one stamped, kept and read again.

A stamp over a checkpoint dates every event in it, and so every checkpoint before it: of those
made since the last stamp only the newest is sent. Runs in the sealer's process, whose role
alone may insert. Nothing waits for it; what fails is asked again. Serves: 21 CFR 11.10(e), 11.30.
"""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings

from records.errors import Refusal
from records.models_ledger import Checkpoint, CheckpointStamp
from records.stamping.client import StampClient, stamp_checkpoint
from records.stamping.tokens import Stamp, Trust, read_trust, verify_token

log = logging.getLogger(__name__)

_LONGEST_NAME = 200


def site_trust() -> Trust | None:
    """Return whose time stamps this site believes; nobody's where TSA_CA is not set.

    Raises: StampTrustUnreadable.
    """
    if not settings.TSA_CA:
        return None
    return read_trust(Path(settings.TSA_CA).read_bytes(), policy=settings.TSA_POLICY)


def site_client() -> StampClient | None:
    """Return the client of the configured authority, or nothing where none is configured."""
    trust = site_trust()
    return StampClient(settings.TSA_URL, trust) if settings.TSA_URL and trust is not None else None


def stamp_newest(*, using: str = "sealer") -> CheckpointStamp | None:
    """Have the newest checkpoint stamped, once; nothing where there is none, or no authority.

    A refusal is logged and left to the next run. Writes: records_checkpointstamp.
    """
    client = site_client()
    newest = Checkpoint.objects.using(using).order_by("-size").first()
    if client is None or newest is None or CheckpointStamp.objects.using(using).filter(checkpoint=newest).exists():
        return None
    try:
        token = stamp_checkpoint(newest.note, client)
        stamp = verify_token(token, newest.note.encode(), trust=client.trust)
    except Refusal as refusal:
        log.warning("The checkpoint at %d got no time stamp: %s (%s)", newest.size, refusal, refusal.code)
        return None
    kept, _ = CheckpointStamp.objects.using(using).get_or_create(
        checkpoint=newest,
        authority=name_of(stamp),
        defaults={"token": token, "stamped_at": stamp.at},
    )
    return kept


def name_of(stamp: Stamp) -> str:
    """Return the authority's name as its row keeps it."""
    return stamp.authority[:_LONGEST_NAME]


def last_stamp() -> CheckpointStamp | None:
    """Return the stamp over the longest ledger."""
    return CheckpointStamp.objects.order_by("-checkpoint_id", "-id").first()
