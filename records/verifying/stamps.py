"""Checkpoints ↔ time stamps: every kept token is judged again over its checkpoint's own note."""

from __future__ import annotations

from collections.abc import Iterator

from records.errors import Refusal
from records.models_ledger import CheckpointStamp
from records.stamping.checkpoints import name_of, site_trust
from records.stamping.tokens import Trust, verify_token
from records.verifying.findings import Finding, Tally, register_check, shorten

TABLE = "records_checkpointstamp"


@register_check("time stamps", incremental=True)
def check_stamps(tally: Tally) -> Iterator[Finding]:
    """Judge every time stamp again; name those that do not hold, or that nobody can judge.

    The site's policy binds new stamps only: older ones were given under the policy of their day.
    """
    trust = site_trust()
    anyone = Trust(trust.roots, trust.intermediates) if trust else None
    rows = CheckpointStamp.objects.select_related("checkpoint").order_by("pk")
    if tally.since:
        rows = rows.filter(checkpoint__size__gt=tally.since.size)
    for row in rows.iterator(chunk_size=200):
        tally.add("time stamps")
        if anyone is None:
            yield Finding("stamp_without_trust", TABLE, str(row.pk), "token", "TSA_CA names its root", "TSA_CA not set")
        else:
            yield from check_stamp(row, anyone)


def check_stamp(row: CheckpointStamp, trust: Trust) -> Iterator[Finding]:
    """Judge one stamp, and compare what its row says with what its token says."""
    try:
        stamp = verify_token(bytes(row.token), row.checkpoint.note.encode(), trust=trust)
    except Refusal as refusal:
        expected = f"a time stamp of checkpoint {row.checkpoint_id}"
        yield Finding("stamp_invalid", TABLE, str(row.pk), "token", expected, f"{refusal.code}: {shorten(refusal)}")
        return
    if row.stamped_at != stamp.at:
        yield Finding("stamp_altered", TABLE, str(row.pk), "stamped_at", f"{stamp.at}", f"{row.stamped_at}")
    if row.authority != name_of(stamp):
        yield Finding("stamp_altered", TABLE, str(row.pk), "authority", name_of(stamp), row.authority)
