"""Refusals that must be recorded and told at once: their event commits before the refusal is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from records.acting import record_event
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.alerts import raise_alert


def raise_alarm(
    refusal: Refusal,
    *,
    act: str,
    actor: Actor,
    record: ControlledRecord,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write a refusal's event and promise the alert about it, committed on their own.

    Must not run inside a transaction that the refusal will roll back.
    Writes: records_event, records_outboxitem. Serves: 21 CFR 11.10(h), 11.300(d).
    """
    facts = {"code": refusal.code, "said": refusal.text, **(details or {})}
    with transaction.atomic():
        event = record_event(actor, act, record, details=facts)
        raise_alert("batch_input_refused", event_id=event, actor=actor, details={"number": record.number, **facts})
    refusal.is_recorded = True
