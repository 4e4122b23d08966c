"""The only way to open an event, and so the only way to write a regulated row.

Owns the link between a transaction and its event. Must never be bypassed: the database
refuses regulated writes of a transaction without an event of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections, transaction

from records.acts import find_act
from records.clock import now
from records.errors import NestedAct, ReasonMeaningless, ReasonMissing, UnknownAct

if TYPE_CHECKING:
    from records.evidence import Actor
    from records.models import ControlledRecord

REASON_MINIMUM = 4
MEANINGLESS = frozenset({"n/a", "none", "test", "....", "asdf", "xxxx", "todo", "same", "see above"})

_open_act: ContextVar[str | None] = ContextVar("open_act", default=None)

# One round trip: the event's row and the setting that ties the transaction to it.
OPEN_EVENT_SQL = """
WITH opened AS (
  INSERT INTO records_event (app_at, act, actor_id, actor_username, actor_name, actor_role,
    record_id, reason, details, address, session, station, request_id, build)
  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s)
  RETURNING id)
SELECT id, set_config('countersign.event', id::text, true) FROM opened
"""


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """The event that the current block writes under."""

    id: int
    act: str


@contextmanager
def acting(
    actor: Actor,
    act: str,
    record: ControlledRecord | None = None,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    using: str = "default",
) -> Iterator[OpenEvent]:
    """Write one event and tie every regulated write of the block to it.

    Serves: 21 CFR 11.10(e). Writes: records_event. Raises: `UnknownAct`, `NestedAct`,
    `ReasonMissing` or `ReasonMeaningless` where the act needs a reason. Opens a
    transaction if none is open.
    """
    known = find_act(act)
    if known is None:
        raise UnknownAct(act=act)
    if _open_act.get() is not None:
        raise NestedAct(outer=_open_act.get(), inner=act)
    if known.needs_reason or reason:
        check_reason(reason)
    facts = {"number": record.number} if record is not None else {}
    facts.update(details or {})
    outer = connections[using].in_atomic_block
    with transaction.atomic(using=using):
        token = _open_act.set(act)
        try:
            event_id = insert_event(
                actor, act, record.pk if record is not None else None, reason=reason, details=facts, using=using
            )
            yield OpenEvent(event_id, act)
            if outer:  # else the transaction ends here, and the setting with it
                with connections[using].cursor() as cursor:
                    cursor.execute("SELECT set_config('countersign.event', '', true)")
        finally:
            _open_act.reset(token)


def insert_event(
    actor: Actor, act: str, record_id: int | None, *, reason: str, details: Mapping[str, Any], using: str
) -> int:
    """Insert the event's row, set the transaction's event and return its id."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            OPEN_EVENT_SQL,
            (
                now(),
                act,
                actor.user_id,
                actor.username,
                actor.printed_name,
                actor.role,
                record_id,
                reason,
                json.dumps(details, default=str),
                actor.address,
                actor.session,
                actor.station,
                actor.request_id,
                settings.BUILD,
            ),
        )
        row = cursor.fetchone()
    return int(row[0])


def record_event(
    actor: Actor,
    act: str,
    record: ControlledRecord | None = None,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write an event that changes no regulated row: a view, an export, a refusal.

    Returns the event's id. Writes: records_event.
    """
    with acting(actor, act, record, reason=reason, details=details) as event:
        return event.id


def check_reason(reason: str) -> str:
    """Return the reason, or refuse one that tells a later reader nothing."""
    text = reason.strip()
    if len(text) < REASON_MINIMUM:
        raise ReasonMissing(minimum=REASON_MINIMUM)
    if text.casefold() in MEANINGLESS or len(set(text)) < 3:
        raise ReasonMeaningless(reason=text)
    return text
