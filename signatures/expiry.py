"""Telling in time that a certificate ends: the security contact of the site's, each person of their own.

Serves: 21 CFR 11.30, 11.300(b).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection, transaction

from records.acting import acting
from records.alerts import promise_alert
from records.clock import now
from records.evidence import system_actor
from records.models import Event
from records.outbox import handles, promise
from signatures.authority import CERTIFICATE_NAME, SEAL_CERTIFICATE_NAME, read_generations
from signatures.models import Certificate

WARN_DAYS = (7, 30, 90)
"""Days before its end at which a certificate is told of, once each."""

ACT = "signatures.certificate.expiring"
OUTBOX_KIND = "signatures.expiry"
WATCH_LOCK = 7_411_903
SITE = {"authority": CERTIFICATE_NAME, "seal": SEAL_CERTIFICATE_NAME}


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that ends within so many days; ``owner`` is empty for the site's own."""

    name: str
    serial: str
    ends: dt.datetime
    within: int
    owner: str = ""


def find_limit(ends: dt.datetime, at: dt.datetime) -> int | None:
    """Return the shortest of `WARN_DAYS` within which a certificate ends, or None."""
    return next((days for days in WARN_DAYS if ends - at <= dt.timedelta(days=days)), None)


def list_endings(at: dt.datetime) -> Iterator[Ending]:
    """Yield the newest certificates of the site and those of people in force that end soon."""
    for name, secret in SITE.items():
        for newest in read_generations(secret)[-1:]:
            if within := find_limit(newest.not_valid_after_utc, at):
                yield Ending(f"the {name}", f"{newest.serial_number:x}", newest.not_valid_after_utc, within)
    soon = at + dt.timedelta(days=max(WARN_DAYS))
    rows = Certificate.objects.filter(revoked_at=None, valid_until__gt=at, valid_until__lte=soon, owner__is_active=True)
    for row in rows.select_related("owner").order_by("pk"):
        if within := find_limit(row.valid_until, at):
            yield Ending(row.owner.printed_name, row.serial, row.valid_until, within, row.owner.email)


def warn_of_endings() -> int:
    """Leave an event and promise a mail for each certificate that came nearer to its end; return their number.

    Writes: records_event (`signatures.certificate.expiring`), records_outboxitem; nothing twice.
    """
    told = 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WATCH_LOCK])
        for one in list_endings(now()):
            details = {
                "name": one.name,
                "serial": one.serial,
                "ends": f"{one.ends:%Y-%m-%d}",
                "within_days": one.within,
            }
            if Event.objects.filter(act=ACT, details__serial=one.serial, details__within_days=one.within).exists():
                continue
            with acting(system_actor("watch"), ACT, details=details) as event:
                promise_mail(one, event.id)
            told += 1
    return told


def promise_mail(one: Ending, event_id: int) -> None:
    """Promise the mail to whoever can renew it. Writes: records_outboxitem."""
    if not one.owner:
        advice = f"Renew it: manage.py renew_certificate {one.name.split()[-1]} --reason …"
        promise_alert(event_id, f"The certificate of {one.name} ends on {one.ends:%Y-%m-%d}. {advice}")
        return
    payload = {"to": one.owner, "ends": f"{one.ends:%Y-%m-%d}"}
    promise(OUTBOX_KIND, key=f"event-{event_id}", payload=payload)


@handles(OUTBOX_KIND)
def send_warning(payload: Mapping[str, Any]) -> None:
    """Tell a person that their certificate ends; done again, the same mail goes out again."""
    text = (
        f"Your signing certificate ends on {payload['ends']}; after that day you cannot sign.\n\n"
        "Fetch a new one on your account page, under “Signing certificate”. What you signed stays valid.\n"
    )
    subject = f"Your signing certificate ends on {payload['ends']}"
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [payload["to"]])
