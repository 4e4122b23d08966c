"""What a test tool sends and is answered, and what the page of a run's keys shows. Between views and rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.urls import reverse

from qms.validating.pages import ENGINEER
from qms.web.people import ANONYMOUS, find_address
from qms.web.requests import actor_of
from records.evidence import Actor
from records.models import Event
from records.uploads.limits import DEFAULT_LIMITS
from validation.models import Execution, ResultKey
from validation.result_deliveries import Delivery
from validation.result_keys import DELIVERIES, how_ended
from validation.results import WORDS

SCHEME = "bearer "
NAMED_CASES = 100
PIECE = 65_536


def read_secret(request: HttpRequest) -> str:
    """Return what the Authorization header brings as a key; nothing without one."""
    given = request.headers.get("Authorization", "")
    return given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else ""


def visitor_of(request: HttpRequest) -> Actor:
    """Return who asks, of whom the address alone is known, whatever session their program sends along."""
    request_id = actor_of(request).request_id
    return Actor(None, ANONYMOUS, "A test tool", address=find_address(request), request_id=request_id)


def read_body(request: HttpRequest) -> tuple[str, bytes]:
    """Return a report's name and bytes, one byte more than is allowed at most; the rule refuses what is too large."""
    is_json = "json" in request.headers.get("Content-Type", "").lower()
    name = request.GET.get("name", "") or ("results.json" if is_json else "results.xml")
    return name, request.read(DEFAULT_LIMITS.max_text_bytes + 1)


def read_away(request: HttpRequest) -> None:
    """Read what is left of a refused body and forget it, within reason.

    Else the connection is cut while the tool still sends, and it never sees why it was refused.
    """
    left = DEFAULT_LIMITS.max_file_bytes
    with suppress(UnreadablePostError):
        while left > 0 and (piece := request.read(PIECE)):
            left -= len(piece)


def describe_delivery(made: Delivery, key: ResultKey, *, executor: str) -> dict[str, Any]:
    """Return what a tool is told of its delivery."""
    return {
        "execution": key.execution.number,
        "executor": executor,
        "key": key.name,
        "report": {"name": made.report.file.name, "sha256": made.sha256},
        "recorded": [
            {"step": row.outcome.step, "result": WORDS[row.outcome.result]} for row in made.offers if row.is_taken
        ],
        "kept": [
            {"step": row.outcome.step, "result": WORDS[row.state.result], "by": row.state.entry.entered_by.printed_name}
            for row in made.offers
            if row.state.entry
        ],
        "not_taken": [
            {"step": row.outcome.step, "why": row.outcome.why}
            for row in made.offers
            if not row.outcome.result and not row.state.entry
        ],
        "without_step": {"count": len(made.loose), "cases": [case.name for case in made.loose[:NAMED_CASES]]},
    }


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as its page lists it: how it ended, and what it was used for, oldest first."""

    key: ResultKey
    ended: str
    uses: tuple[Event, ...]

    @property
    def last(self) -> Event | None:
        """Return the last use."""
        return self.uses[-1] if self.uses else None


def show_keys(execution: Execution) -> list[ShownKey]:
    """Return the keys of a run, newest first."""
    uses: dict[int, list[Event]] = {}
    for event in Event.objects.filter(record_id=execution.pk, act__in=DELIVERIES).order_by("id"):
        uses.setdefault(event.details["key_id"], []).append(event)
    keys = ResultKey.objects.filter(execution=execution).select_related("owner", "revoked_by").order_by("-pk")
    return [ShownKey(key, how_ended(key), tuple(uses.get(key.pk, ()))) for key in keys]


def key_context(request: HttpRequest, execution: Execution, actor: Actor) -> dict[str, Any]:
    """Return what the page of a run's keys shows."""
    path = reverse("validating:results-deliver", args=[execution.number])
    is_holder = execution.state == "running" and execution.holder_id == actor.user_id and actor.holds(ENGINEER)
    return {
        "record": execution,
        "keys": show_keys(execution),
        "address": request.build_absolute_uri(path),
        "is_holder": is_holder,
        "may_revoke": actor.holds(ENGINEER) or actor.holds("qa_manager"),
    }
