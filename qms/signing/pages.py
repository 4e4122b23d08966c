"""What the signing page shows: gathered here, so that view and template stay short. Writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse

from records.clock import now
from records.differences import Comparison, changed_fields
from records.evidence import Actor
from records.models import ControlledRecord, Version
from records.stores import file_store
from records.versions import is_current, read_content
from records.workflow import workflow_of
from signatures.authentication import next_code_at
from signatures.manifestation import signing_sentence, word_of_meaning, word_of_role
from signatures.models import Ceremony, Signature
from signatures.queries import last_signed_version, route_of
from signatures.routes import Route, Seat
from signatures.series import FULL, ceremonies_of, components_for
from signatures.subjects import Facts, subject_of
from signatures.worklist import WorkItem

HASHED_AT_ONCE = 64 * 1024 * 1024
"""Bytes of attachments that are hashed while the page is drawn; the rest is left to `verify`."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """An attachment on the signing page; ``state`` is "matches", "differs" or "not hashed here"."""

    name: str
    purpose: str
    sha256: str
    state: str


@dataclass(frozen=True, slots=True)
class Wait:
    """When the signer's next one-time code counts, told before they type."""

    available_at: dt.datetime
    server_now: dt.datetime

    @property
    def seconds(self) -> int:
        """Return the seconds to wait, rounded up."""
        return max(1, int((self.available_at - self.server_now).total_seconds()) + 1)


@dataclass(frozen=True)
class SigningPage:
    """Everything on one signing page."""

    ceremony: Ceremony
    record: ControlledRecord
    version: Version
    label: str
    facts: Facts
    files: list[FileLine]
    since: Signature | None
    changed: Comparison | None
    moved: Comparison | None
    seat: Seat | None
    route: Route | None
    role: str
    meaning: str
    sentence: str
    record_url: str
    wait: Wait | None
    state: str

    @property
    def version_name(self) -> str:
        """Return the words over the column of the version that is signed."""
        return f"Version {self.version.number}"

    @property
    def since_name(self) -> str:
        """Return the words over the column of the version that was signed before."""
        return f"Version {self.since.version.number}" if self.since else ""

    @property
    def series(self) -> list[Ceremony]:
        """Return the ceremonies of the series that this one is part of, in their order."""
        return ceremonies_of(self.ceremony.series) if self.ceremony.series else []

    @property
    def files_match(self) -> bool:
        """Tell whether every attachment was hashed and matches."""
        return all(file.state == "matches" for file in self.files)

    @property
    def may_decline(self) -> bool:
        """Tell whether the route lets its signer decline."""
        return bool(self.route and self.route.decline_target)

    @property
    def decline_meaning(self) -> str:
        """Return the word for what a decline means."""
        return word_of_meaning(self.route.decline_meaning) if self.route else ""


def signing_page(ceremony: Ceremony) -> SigningPage:
    """Gather the page of a ceremony: exactly what is signed, by whom, as what."""
    record, version = ceremony.record.concrete(), ceremony.version
    content = read_content(version)
    transition = workflow_of(record).by_action[ceremony.action]
    route = route_of(transition)
    since = last_signed_version(record, signer_id=ceremony.signer_id, before=version)
    state = page_state(ceremony)
    moved = None
    if state in ("open", "void") and not is_current(version, record):
        moved, state = changed_fields(content, record.content()), "changed"
    return SigningPage(
        ceremony=ceremony,
        record=record,
        version=version,
        label=transition.label,
        facts=subject_of(record.kind).facts(content),
        files=list_files(content),
        since=since,
        changed=changed_fields(read_content(since.version), content) if since else None,
        moved=moved,
        seat=next((seat for seat in route.seats if seat.name == ceremony.seat), None) if route else None,
        route=route,
        role=word_of_role(ceremony.role),
        meaning=word_of_meaning(ceremony.meaning),
        sentence=signing_sentence(number=record.number, version=version.number, meaning=ceremony.meaning),
        record_url=url_of(record),
        wait=code_wait(ceremony.signer_id),
        state=state,
    )


def form_options(ceremony: Ceremony, *, actor: Actor) -> dict[str, bool]:
    """Return what the form asks for: a reason, a code, a decline."""
    route = route_of(workflow_of(ceremony.record).by_action[ceremony.action])
    return {
        "reason_needed": bool(route and route.reason_required),
        "may_decline": bool(route and route.decline_target),
        "code_needed": components_for(ceremony, actor=actor) == FULL,
    }


def page_state(ceremony: Ceremony) -> str:
    """Return the ceremony's state as the page shows it: time that has run out counts at once."""
    if ceremony.state == Ceremony.State.OPEN and ceremony.expires_at <= now():
        return "expired"
    return str(ceremony.state)


def code_wait(signer_id: int) -> Wait | None:
    """Return how long the signer must wait for a one-time code that was not used yet, or None."""
    available = next_code_at(get_user_model().objects.get(pk=signer_id))
    return Wait(available, now()) if available else None


def list_files(content: Mapping[str, Any]) -> list[FileLine]:
    """Return the attachments that the version names, each hashed again while the budget lasts."""
    store, budget, lines = file_store(), HASHED_AT_ONCE, []
    for row in content.get("attachments", []):
        digest = str(row.get("sha256", ""))
        size = store.path_of(digest).stat().st_size if store.has(digest) else 0
        budget -= size
        if budget < 0:
            state = "not hashed here"
        else:
            state = "matches" if store.has(digest) and store.check(digest) is None else "differs"
        lines.append(FileLine(str(row.get("name", "")), str(row.get("purpose", "")), digest, state))
    return lines


def url_of(record: ControlledRecord) -> str:
    """Return the address of the record's own page; empty where its kind has none."""
    name = subject_of(record.kind).url_name
    try:
        return reverse(name, args=[record.number]) if name else ""
    except NoReverseMatch:
        return ""


def group_by_meaning(items: Iterable[WorkItem]) -> list[tuple[str, list[WorkItem]]]:
    """Return what waits for a person under the word of each meaning, oldest first."""
    groups: dict[str, list[WorkItem]] = {}
    for item in items:
        groups.setdefault(word_of_meaning(item.seat.meaning), []).append(item)
    return list(groups.items())
