"""Reads of review comments: the threads of a document, what is open, and whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import take_role, workflow_of
from validation.document_parts import PARTS
from validation.errors_comments import CommentsOpen
from validation.errors_records import RecordUnknown
from validation.models import CommentEntry, ReviewComment, System
from validation.queries import READERS

ENDS = (CommentEntry.Kind.SETTLED, CommentEntry.Kind.TAKEN_BACK)
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment with its answers and, once it has one, its end."""

    comment: ReviewComment
    answers: tuple[CommentEntry, ...]
    end: CommentEntry | None

    @property
    def state(self) -> str:
        """Return ``open``, ``settled`` or ``taken_back``."""
        return self.end.kind if self.end else OPEN

    @property
    def is_open(self) -> bool:
        """Tell whether it still blocks the signatures."""
        return self.end is None

    @property
    def waits_since(self) -> dt.datetime:
        """Return when it was last written on."""
        return self.answers[-1].written_at if self.answers else self.comment.written_at

    @property
    def is_writers_turn(self) -> bool:
        """Tell whether somebody else answered last, so that the writer has to settle or to insist."""
        return bool(self.answers) and self.answers[-1].written_by_id != self.comment.written_by_id


def load_document(actor: Actor, number: str) -> ControlledRecord:
    """Return a document that takes comments, for its readers. Raises: `RecordUnknown`, `RoleNotAllowed`."""
    take_role(actor, READERS)
    found = ControlledRecord.objects.filter(number=number, kind__in=PARTS).first()
    if found is None:
        raise RecordUnknown(kind="document", number=number[:40])
    return found.concrete()


def load_thread(actor: Actor, pk: int) -> Thread:
    """Return a comment with its answers, for readers of its document. Raises: `RecordUnknown`, `RoleNotAllowed`."""
    take_role(actor, READERS)
    found = next(make_threads(ReviewComment.objects.filter(pk=pk)), None)
    if found is None:
        raise RecordUnknown(kind="comment", number=str(pk))
    return found


def threads_of(record: ControlledRecord) -> list[Thread]:
    """Return all comments ever written on a document, oldest first."""
    return list(make_threads(ReviewComment.objects.filter(record_id=record.pk)))


def make_threads(comments: QuerySet[ReviewComment]) -> Iterator[Thread]:
    """Yield comments with what followed on them, oldest first; two queries."""
    entries = Prefetch("entries", CommentEntry.objects.select_related("written_by").order_by("pk"))
    rows = comments.select_related("written_by", "version", "record").prefetch_related(entries)
    for row in rows.order_by("pk"):
        found = list(row.entries.all())
        end = next((entry for entry in found if entry.kind in ENDS), None)
        yield Thread(row, tuple(entry for entry in found if entry is not end), end)


def open_comments() -> QuerySet[ReviewComment]:
    """Return the comments that nobody ended."""
    return ReviewComment.objects.exclude(entries__kind__in=ENDS)


def open_threads(records: Iterable[ControlledRecord | int]) -> list[Thread]:
    """Return the open comments of some documents, oldest first."""
    keys = [record if isinstance(record, int) else record.pk for record in records]
    return list(make_threads(open_comments().filter(record_id__in=keys)))


def open_of_system(system: System) -> list[Thread]:
    """Return the open comments on the plan, protocols and draft report of a system."""
    found = [
        *system.plans.values_list("pk", "state"),
        *system.protocols.values_list("pk", "state"),
        *system.reports.exclude(state="withdrawn").values_list("pk", "state"),
    ]
    return open_threads([pk for pk, state in found if state != "retired"])


def is_under_review(record: ControlledRecord) -> bool:
    """Tell whether comments may be written on a document now: while it can still be changed."""
    return record.kind in PARTS and record.state in workflow_of(record).editable_states


def waiting_for(actor: Actor) -> Iterator[Thread]:
    """Yield the open comments on which it is the actor's turn: theirs to settle, or on what they wrote to answer."""
    rows = open_comments().select_related("record")
    for thread in make_threads(rows):
        if not is_under_review(thread.comment.record):
            continue
        turn = thread.comment.written_by_id if thread.is_writers_turn else thread.comment.record.author_id
        if turn == actor.user_id:
            yield thread


def comments_are_settled(record: ControlledRecord, actor: Actor) -> None:
    """Refuse every signature while a comment is open. A guard. Raises: `CommentsOpen`. Serves: 21 CFR 11.10(f)."""
    counts = Counter(open_comments().filter(record_id=record.pk).order_by("pk").values_list("heading", flat=True))
    if counts:
        places = ", ".join(f"“{name}”" + (f" ({count})" if count > 1 else "") for name, count in counts.items())
        raise CommentsOpen(number=record.number, places=places)
