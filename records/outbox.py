"""Promises kept after commit: each item is done at least once, its handler is idempotent.

An item is written in the same transaction as the act that promises it. A worker claims
due items for a lease, so two workers do not do one at the same time; one that dies leaves
its item to the next.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string

from records.clock import now
from records.models import OutboxItem

logger = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], None]

_HANDLERS: dict[str, Handler] = {}
_PATHS: dict[str, str] = {}

RETRY_SECONDS = (1, 5, 30, 120, 600)
LEASE_SECONDS = 300
"""How long a claimed item belongs to its worker; longer than the longest handler."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a kind of item."""

    def register(handler: Handler) -> Handler:
        _HANDLERS[kind] = handler
        return handler

    return register


def handled_by(kind: str, path: str) -> None:
    """Name the handler of a kind by its dotted path: it is imported by the worker that needs it, by nobody else.

    For handlers that stand on heavy libraries, which the web process shall not load.
    """
    _PATHS[kind] = path


def handler_of(kind: str) -> Handler:
    """Return the handler of a kind of item. Raises: KeyError where nobody registered one."""
    if kind not in _HANDLERS:
        _HANDLERS[kind] = import_string(_PATHS[kind])
    return _HANDLERS[kind]


def promise(kind: str, *, key: str, payload: Mapping[str, Any]) -> None:
    """Write an item into the outbox, once per kind and key.

    Writes: records_outboxitem, in the caller's transaction.
    """
    OutboxItem.objects.get_or_create(kind=kind, key=key, defaults={"payload": dict(payload)})


def work_off(limit: int = 20) -> int:
    """Do due items, oldest first; return how many were tried.

    A failing handler leaves the item with its error and a later time. Writes: records_outboxitem.
    """
    tried = 0
    while tried < limit and do_next_item():
        tried += 1
    return tried


def do_next_item() -> bool:
    """Claim, do and mark one due item; tell whether there was one.

    The claim is committed before the handler runs, so no transaction stays open while a
    PDF or a zip is made; a worker that dies leaves the item to the next one after the lease.
    """
    item = claim_item()
    if item is None:
        return False
    try:
        handler_of(item.kind)(item.payload)
    except Exception as error:  # the item must survive whatever its handler does
        logger.exception("outbox item %s %s failed", item.kind, item.key)
        wait = RETRY_SECONDS[min(item.attempts, len(RETRY_SECONDS)) - 1]
        item.not_before = now() + dt.timedelta(seconds=wait)
        item.last_error = f"{type(error).__name__}: {error}"[:500]
    else:
        item.done_at = now()
        item.last_error = ""
    item.save(update_fields=["done_at", "last_error", "not_before"])
    return True


def claim_item() -> OutboxItem | None:
    """Take the oldest due item for the length of the lease. Writes: records_outboxitem."""
    with transaction.atomic():
        item = (
            OutboxItem.objects.select_for_update(skip_locked=True)
            .filter(done_at=None, not_before__lte=now())
            .order_by("not_before", "id")
            .first()
        )
        if item is not None:
            item.attempts += 1
            item.not_before = now() + dt.timedelta(seconds=LEASE_SECONDS)
            item.save(update_fields=["attempts", "not_before"])
    return item
