"""What the pages show of review comments: each beside its paragraph. Between views and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from qms.validating.document_pages import ShownPoint
from qms.web.navigation import find_url
from records.evidence import Actor
from records.models import ControlledRecord
from signatures.subjects import subject_of
from validation.comment_threads import Thread, is_under_review, open_threads, threads_of
from validation.document_parts import WHOLE, Part, key_of_paragraph, parts_of
from validation.models import PlanSection, ValidationPlan
from validation.plan_templates import LISTS
from validation.workflow import QA


@dataclass(slots=True)
class Beside:
    """The comments on one thing: those that are open, those that ended, and where another is written."""

    url: str = ""
    open: list[Thread] = field(default_factory=list)
    ended: list[Thread] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was said here and nothing can be."""
        return not (self.url or self.open or self.ended)

    def put(self, thread: Thread) -> None:
        """Put a comment where it belongs."""
        (self.open if thread.is_open else self.ended).append(thread)


@dataclass(slots=True)
class ShownPart:
    """A part of a document with the comments on it and on each of its paragraphs.

    ``lost`` are comments on paragraphs that read otherwise now.
    """

    part: Part
    paragraphs: list[tuple[str, Beside]]
    beside: Beside
    lost: Beside

    @property
    def has_comments(self) -> bool:
        """Tell whether anything was ever said here."""
        found = [self.beside, self.lost, *(row for _, row in self.paragraphs)]
        return any(row.open or row.ended for row in found)


def show_parts(record: ControlledRecord) -> dict[str, ShownPart]:
    """Return the parts of a document by key; what is said of removed parts stands at the whole document."""
    url = reverse("validating:comment-new", args=[record.number]) if is_under_review(record) else ""
    shown = {part.key: show_part(part, url) for part in parts_of(record)}
    for thread in threads_of(record):
        place_thread(thread, shown)
    return shown


def comment_context(record: ControlledRecord) -> dict[str, Any]:
    """Return what the page of a document shows of its comments: its parts by key, and what is open in one list."""
    parts = show_parts(record)
    threads = open_threads([record]) if is_under_review(record) else []
    return {"parts": parts, "whole": parts[WHOLE], "comments": show_open(threads)}


def show_part(part: Part, url: str) -> ShownPart:
    """Return a part without its comments."""
    where = f"{url}?place={part.key}" if url else ""
    paragraphs = [
        (text, Beside(f"{where}&paragraph={key_of_paragraph(text)}" if url else "")) for text in part.paragraphs
    ]
    return ShownPart(part, paragraphs, Beside(where), Beside())


def place_thread(thread: Thread, shown: dict[str, ShownPart]) -> None:
    """Put a comment beside what it is about."""
    found = shown.get(thread.comment.place)
    if found is None:
        shown[WHOLE].lost.put(thread)
        return
    if not thread.comment.quote:
        found.beside.put(thread)
        return
    beside = next((row for text, row in found.paragraphs if text == thread.comment.quote), found.lost)
    beside.put(thread)


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section of a plan with the list that stands below it and what is said of it."""

    row: PlanSection
    list_name: str
    shown: ShownPart


def show_sections(plan: ValidationPlan, parts: Mapping[str, ShownPart]) -> list[ShownSection]:
    """Return the sections of a plan in their order."""
    rows = plan.sections.order_by("position")
    return [ShownSection(row, LISTS.get(row.key, ""), parts[row.key]) for row in rows]


def show_open(threads: Iterable[Thread]) -> list[ShownPoint]:
    """Return open comments as points of a list of what is to be done."""
    words = gettext("{number}: the comment of {writer} on “{place}” is open.")
    return [
        ShownPoint(
            words.format(
                number=thread.comment.record.number,
                writer=thread.comment.written_by.printed_name,
                place=thread.comment.heading,
            ),
            thread.comment.record.number,
            address_of(thread),
        )
        for thread in threads
    ]


def thread_context(thread: Thread, actor: Actor) -> dict[str, Any]:
    """Return what the page of a comment shows; which buttons it has, the rules decide again."""
    record = thread.comment.record
    is_writer = thread.comment.written_by_id == actor.user_id
    is_quality = any(actor.holds(role) for role in QA) and record.author_id != actor.user_id
    may_act = thread.is_open and is_under_review(record)
    return {
        "thread": thread,
        "record": record,
        "back": address_of(thread),
        "may_act": may_act,
        "may_settle": may_act and (is_writer or is_quality),
        "may_take_back": may_act and is_writer,
        "needs_reason": not is_writer,
    }


def page_of(record: ControlledRecord) -> str:
    """Return the address of a document."""
    return find_url(subject_of(record.kind).url_name, record.number)


def address_of(thread: Thread) -> str:
    """Return where a comment stands beside its document."""
    return f"{page_of(thread.comment.record)}#comment-{thread.comment.pk}"
