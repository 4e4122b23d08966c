"""Mails that were promised: alerts to the security contact, notices to the person concerned.

Handlers of the outbox: each may run twice and then sends the same mail again.
Serves: 21 CFR 11.300(d).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail

from qms.accounts.models import User
from records.models import Event
from records.outbox import handles, promise
from signatures.alerts import OUTBOX_KIND

NOTICE_KIND = "accounts.notice"
NOTICES = {
    "credentials_reset": (
        "Your access was reset",
        "{who} ended your password, your second factor and your signing certificate.\n"
        "Reason given: {reason}\n\n"
        "You will get a new link from them, and a security officer must check your identity again.\n"
        "If you did not ask for this, tell the security contact at once: {contact}.",
    ),
}


@handles(OUTBOX_KIND)
def send_alert(payload: Mapping[str, Any]) -> None:
    """Send one alert to the security contact."""
    event = Event.objects.get(pk=payload["event"])
    lines = [
        str(payload["what"]),
        "",
        f"When: {event.at:%Y-%m-%d %H:%M:%S} UTC",
        f"Acting: {payload['actor']}",
        f"From: {payload['address'] or 'unknown'}",
        f"Request: {payload['request'] or 'none'}",
        f"Event: {event.pk}",
    ]
    send_mail("Countersign security alert", "\n".join(lines), settings.DEFAULT_FROM_EMAIL, [settings.SECURITY_CONTACT])


def promise_notice(kind: str, person: User, *, event_id: int) -> None:
    """Promise a mail that tells a person what was done to their account, in the transaction that does it."""
    promise(NOTICE_KIND, key=f"{kind}-{event_id}", payload={"kind": kind, "event": event_id, "person": person.pk})


@handles(NOTICE_KIND)
def send_notice(payload: Mapping[str, Any]) -> None:
    """Tell a person what somebody else did to their account."""
    subject, text = NOTICES[payload["kind"]]
    event = Event.objects.get(pk=payload["event"])
    person = User.objects.get(pk=payload["person"])
    body = text.format(who=event.actor_name, reason=event.reason, contact=settings.SECURITY_CONTACT)
    send_mail(subject, f"{person.printed_name},\n\n{body}\n", settings.DEFAULT_FROM_EMAIL, [person.email])
