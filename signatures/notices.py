"""Telling each person of every signature made in their name, so that a foreign one is noticed.

Runs from the outbox; sending twice does no harm. Serves: 21 CFR 11.300(d).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail

from records.acting import record_event
from records.evidence import system_actor
from records.outbox import handled_by, handles
from signatures.manifestation import manifestation_facts, manifestation_of
from signatures.queries import read_signature

OUTBOX_KIND = "signatures.notice"

handled_by("signatures.rendition", "signatures.renditions.keep_promise")


@handles(OUTBOX_KIND)
def send_notice(payload: Mapping[str, Any]) -> None:
    """Mail the signer what was signed in their name. Writes: one event."""
    signature = read_signature(str(payload["signature"]))
    shown = manifestation_of(signature)
    subject = f"{signature.number}: signed in your name on {signature.record.number}"
    send_mail(
        subject,
        write_notice(signature.record.number, shown_facts=manifestation_facts(shown)),
        settings.DEFAULT_FROM_EMAIL,
        [signature.signer.email],
    )
    details = {"signature": signature.number, "username": signature.username}
    record_event(system_actor("notices"), "signatures.notice.sent", signature.record, details=details)


def write_notice(number: str, *, shown_facts: Mapping[str, str]) -> str:
    """Return the text of the mail: what was signed, and what to do if it was not you."""
    lines = [
        f"A signature was made in your name on {number}.",
        "",
        *(f"{term}: {text}" for term, text in shown_facts.items()),
        "",
        "If this was not you, report your second factor as lost on your account page at once",
        f"and tell the security contact: {settings.SECURITY_CONTACT}.",
    ]
    return "\n".join(lines) + "\n"
