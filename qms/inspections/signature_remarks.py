"""Whether the signatures on a page of the timeline hold, computed again while the page is made.

A remark never says "verified" without that check; what lies beyond the bound of one page
gets a link to the check instead. Serves: 21 CFR 11.10(a), 11.70.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from records.models import Event
from records.timeline import Remark, TimelineEntry
from signatures.checklist import Trust, present_trust, verify_stored_signature
from signatures.models import Signature

SIGNED = frozenset({"signatures.signature.made", "signatures.signature.declined"})
MOST_VERIFIED = 12
"""Signatures verified for one page; a batch has four or five."""


def remark_signatures(entries: Sequence[TimelineEntry], *, most: int = MOST_VERIFIED) -> Sequence[TimelineEntry]:
    """Put beside each entry of a signature whether it verifies now; return the entries."""
    signed = [entry for entry in entries if entry.event.act in SIGNED]
    if not signed:
        return entries
    rows = Signature.objects.filter(number__in={number_of(entry.event) for entry in signed})
    found = {row.number: row for row in rows.select_related("version", "certificate", "ceremony")}
    trust = present_trust()
    for place, entry in enumerate(signed):
        number = number_of(entry.event)
        entry.remark = make_remark(entry.event, found.get(number), trust=trust if place < most else None)
    return entries


def number_of(event: Event) -> str:
    """Return the number of the signature that an event tells of."""
    return str(event.details.get("signature", ""))


def make_remark(event: Event, signature: Signature | None, *, trust: Trust | None) -> Remark:
    """Return what is said beside one entry; without trust nothing is checked and nothing claimed."""
    number = number_of(event)
    if signature is None or (signature.record_id, signature.signer_id) != (event.record_id, event.actor_id):
        return Remark(f"Signature {number} of this person on this record:", "#heading", is_met=False)
    url = reverse("signing:signature-verify", args=[number])
    if trust is None:
        return Remark(f"Verify signature {number}", url)
    return Remark(f"Signature {number}", url, is_met=verify_stored_signature(signature, trust=trust).bottom_line)
