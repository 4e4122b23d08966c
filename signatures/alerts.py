"""Alerts to the security contact: promised in the same transaction as the event they tell of.

Owns when somebody is told at once; the mail itself is made by `qms.accounts.notices`.
Serves: 21 CFR 11.300(d).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from records.evidence import Actor
from records.outbox import promise

OUTBOX_KIND = "accounts.security_alert"

SENTENCES = {
    "account_locked": "{username} is locked after {failures} refused tries.",
    "in_after_failures": "{username} got in after {failures} refused tries.",
    "signing_page_of_another": "Somebody used the signing page of {signer} on {number}.",
    "batch_input_refused": "{number}: {said}",
    "lost_device": "{person} reported their second factor lost; it is off and all their sessions are ended.",
    "credentials_reset": "The password and second factor of {person} were reset, and their certificate revoked.",
    "clocks_disagree": "The clocks of the application and the database are {seconds} s apart.",
    "result_key_misused": "The key “{key}” of {owner} was offered for results of {wanted} and refused.",
    "recovery_code_used": "{username} signed in with a recovery code instead of their device.",
}


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "(unknown)"


def raise_alert(kind: str, *, event_id: int, actor: Actor, details: Mapping[str, Any]) -> None:
    """Promise one alert for an event. ``details`` fill the sentence and hold no secrets.

    Writes: records_outboxitem, in the caller's transaction.
    """
    payload = {
        "event": event_id,
        "what": SENTENCES[kind].format_map(_Blank(details)),
        "actor": actor.username,
        "address": actor.address,
        "request": actor.request_id,
    }
    promise(OUTBOX_KIND, key=f"{kind}-{event_id}", payload=payload)
