"""Concluding investigations: quality assurance says what was found and what it means for the lot.

Rules open them (`qms.batches.counting`, the AQL sample, a failed challenge); open ones
block release. Serves: 21 CFR 211.192; EU GMP Annex 1 §8.30.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction

from qms.batches.errors_review import (
    ConclusionTooShort,
    InvestigationClosedBefore,
    InvestigationOutOfPlace,
)
from qms.batches.models import Investigation
from records.acting import acting
from records.clock import now
from records.evidence import Actor
from records.workflow import lock_record, state_label, take_role, workflow_of

CLOSERS = ("qa_manager",)
CONCLUSION_MINIMUM: Final = 20

TRIGGERS: Final = {
    "reject_rate": "Reject rate above the limit",
    "critical_rate": "Rate of critical rejects above the limit",
    "critical_in_sample": "Critical defect in the AQL sample",
    "sample_failed": "AQL sample failed",
    "tightened_inspection": "Tightened inspection is asked for",
    "inspection_discontinued": "Inspection is discontinued",
    "challenge_after_last_unit": "Challenge after the last unit failed",
}


def trigger_words(trigger: str) -> str:
    """Return an investigation's trigger in words."""
    words = trigger.replace("_", " ")
    return TRIGGERS.get(trigger, words[:1].upper() + words[1:])


def close_investigation(investigation: Investigation, *, actor: Actor, conclusion: str) -> Investigation:
    """Conclude an investigation.

    Writes: batches_investigation and one event. Raises: `InvestigationClosedBefore`,
    `ConclusionTooShort`, `InvestigationOutOfPlace`, `RoleNotAllowed`.
    Serves: 21 CFR 211.192, 11.10(e).
    """
    actor = take_role(actor, CLOSERS)
    text = conclusion.strip()
    if len(text) < CONCLUSION_MINIMUM:
        raise ConclusionTooShort(minimum=CONCLUSION_MINIMUM)
    with transaction.atomic():
        batch = lock_record(investigation.batch)
        if workflow_of(batch).by_state[batch.state].is_final:
            raise InvestigationOutOfPlace(number=batch.number, state=state_label(batch).lower())
        row = Investigation.objects.select_related("closed_by").get(pk=investigation.pk)
        if row.closed_at is not None:
            who = row.closed_by.printed_name if row.closed_by else "Somebody"
            raise InvestigationClosedBefore(who=who, when=f"{row.closed_at:%Y-%m-%d %H:%M:%S} UTC")
        details = {"trigger": trigger_words(row.trigger)}
        with acting(actor, "batches.investigation.closed", batch, reason=text, details=details):
            row.conclusion = text
            row.closed_by_id = actor.user_id
            row.closed_at = now()
            row.save(update_fields=["conclusion", "closed_by", "closed_at"])
    return row
