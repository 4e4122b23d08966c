"""Mails to the security contact about the installation itself, promised with the event they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail

from records.outbox import handles, promise

OUTBOX_KIND = "records.alert"


def promise_alert(event_id: int, sentence: str) -> None:
    """Promise one mail for an event. Writes: records_outboxitem, in the caller's transaction."""
    promise(OUTBOX_KIND, key=f"event-{event_id}", payload={"event": event_id, "what": sentence})


@handles(OUTBOX_KIND)
def send_alert(payload: Mapping[str, Any]) -> None:
    """Send one alert; done again, the same mail goes out again."""
    text = f"{payload['what']}\n\nEvent: {payload['event']}\n"
    send_mail("Countersign alert", text, settings.DEFAULT_FROM_EMAIL, [settings.SECURITY_CONTACT])
