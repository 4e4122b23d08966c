"""The refusals of shipping; after each, the mark stands where it stood."""

from __future__ import annotations

from records.errors import Refusal


class SinkUnavailable(Refusal):
    code = "records.shipping.unavailable"
    status = 503
    message = "The log service {sink} did not confirm the events: {why}. They are sent again by themselves."


class SinkRefusedEvents(Refusal):
    code = "records.shipping.refused"
    status = 502
    message = (
        "The log service {sink} refuses the events: {why}. Check SHIPPING_URL, SHIPPING_TOKEN and what the service "
        "expects; shipping goes on from the same event."
    )


class LeavesMissing(Refusal):
    code = "records.shipping.leaves_missing"
    clause = "11.10(e)"
    status = 500
    message = "The ledger gives leaf {found} where {expected} must come next; nothing is shipped past a gap. Verify it."
