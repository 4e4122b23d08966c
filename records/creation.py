"""Creating controlled records: number first, then the event, then the row."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction

from records.acting import acting
from records.evidence import Actor
from records.models import ControlledRecord
from records.numbering import take_number, take_record_id
from records.workflow import workflow_of

Kind = TypeVar("Kind", bound=ControlledRecord)


def create_record(
    model: type[Kind], *, actor: Actor, title: str, act: str = "records.record.created", reason: str = "", **fields: Any
) -> Kind:
    """Create a record of a kind in its workflow's first state.

    Writes: the record's tables and one event. The author is the actor.
    Serves: 21 CFR 11.10(e)(f).
    """
    with transaction.atomic():
        record = model(
            pk=take_record_id(),
            kind=model._meta.label_lower,
            number=take_number(model.NUMBER_PREFIX),
            title=title,
            author_id=actor.user_id,
            retention_rule=model.RETENTION_RULE,
            **fields,
        )
        record.state = workflow_of(record).initial
        with acting(actor, act, record, reason=reason, details={"kind": model.KIND_LABEL, "title": title}):
            record.save(force_insert=True)
    return record
