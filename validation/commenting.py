"""Commenting on a document under review: written, answered, settled by who wrote it; nothing is ever deleted.

Comments are no part of what is signed; while one is open, nobody signs (`comment_threads.comments_are_settled`).
Serves: 21 CFR 11.10(e)(f)(g); EU GMP Annex 15 §1.5.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from records.acting import acting, check_reason
from records.evidence import Actor
from records.models import ControlledRecord, Version
from records.versions import is_current
from records.workflow import lock_record, state_label, take_role
from validation.comment_threads import ENDS, is_under_review, open_comments
from validation.document_parts import Part, parts_of
from validation.errors_comments import (
    CommentEmpty,
    CommentEnded,
    NotUnderReview,
    ParagraphChanged,
    PlaceUnknown,
    WriterSettles,
    WriterTakesBack,
)
from validation.models import CommentEntry, ReviewComment
from validation.queries import READERS
from validation.workflow import QA

Kind = CommentEntry.Kind


def write_comment(
    record: ControlledRecord, *, actor: Actor, place: str, text: str, paragraph: str = ""
) -> ReviewComment:
    """Comment on a part of a document under review, or on the paragraph of it that has the key ``paragraph``.

    Writes: validation_reviewcomment, `validation.comment.written`. Raises: `NotCommentable`, `CommentEmpty`,
    `NotUnderReview`, `PlaceUnknown`, `ParagraphChanged`.
    """
    actor = take_role(actor, READERS)
    said = clean(text)
    with transaction.atomic():
        locked = lock_document(record)
        part, quote = find_place(locked, place, paragraph)
        same = open_comments().filter(
            record_id=locked.pk, place=part.key, quote=quote, text=said, written_by_id=actor.person_id
        )
        if (sent_before := same.first()) is not None:  # the form came twice
            return sent_before
        details = {"place": part.heading, "text": said}
        with acting(actor, "validation.comment.written", locked, details=details):
            return ReviewComment.objects.create(
                record_id=locked.pk,
                place=part.key,
                heading=part.heading[:200],
                quote=quote,
                version=version_read(locked),
                text=said,
                written_by_id=actor.person_id,
            )


def answer_comment(comment: ReviewComment, *, actor: Actor, text: str) -> CommentEntry:
    """Answer an open comment.

    Writes: validation_commententry, `validation.comment.answered`. Raises: `CommentEmpty`, `NotUnderReview`,
    `CommentEnded`.
    """
    actor = take_role(actor, READERS)
    said = clean(text)
    with transaction.atomic():
        locked = lock_open(comment)
        with acting(actor, "validation.comment.answered", locked, details=tell(comment, said)):
            return add_entry(comment, Kind.ANSWER, said, actor=actor)


def settle_comment(comment: ReviewComment, *, actor: Actor, text: str = "") -> CommentEntry:
    """Mark a comment as settled: by who wrote it, or by quality in their stead, with a reason.

    Writes: validation_commententry, `validation.comment.settled`. Raises: `NotUnderReview`, `CommentEnded`,
    `WriterSettles`, `ReasonMissing`, `ReasonMeaningless`. Serves: 21 CFR 11.10(g).
    """
    actor = take_role(actor, READERS)
    said = text.strip()
    with transaction.atomic():
        locked = lock_open(comment)
        if comment.written_by_id != actor.user_id:
            if not any(actor.holds(role) for role in QA) or locked.author_id == actor.user_id:
                raise WriterSettles(who=comment.written_by.printed_name, number=locked.number)
            actor = take_role(actor, QA)
            check_reason(said)
        details = tell(comment, said) | {"remark": f": {said}" if said else ""}
        with acting(actor, "validation.comment.settled", locked, details=details):
            return add_entry(comment, Kind.SETTLED, said, actor=actor)


def take_comment_back(comment: ReviewComment, *, actor: Actor, reason: str) -> CommentEntry:
    """Take one's own comment back, with the reason; it stays readable.

    Writes: validation_commententry, `validation.comment.taken_back`. Raises: `NotUnderReview`, `CommentEnded`,
    `WriterTakesBack`, `ReasonMissing`, `ReasonMeaningless`.
    """
    actor = take_role(actor, READERS)
    with transaction.atomic():
        locked = lock_open(comment)
        if comment.written_by_id != actor.user_id:
            raise WriterTakesBack(who=comment.written_by.printed_name)
        with acting(actor, "validation.comment.taken_back", locked, reason=reason, details=tell(comment, "")):
            return add_entry(comment, Kind.TAKEN_BACK, reason, actor=actor)


def lock_document(record: ControlledRecord) -> ControlledRecord:
    """Lock a document that is drafted or reviewed. Raises: `NotCommentable`, `NotUnderReview`."""
    locked = lock_record(record)
    parts_of(locked)
    check_under_review(locked)
    return locked


def check_under_review(record: ControlledRecord) -> None:
    """Refuse a document that is not drafted or reviewed now. Raises: `NotUnderReview`."""
    if not is_under_review(record):
        raise NotUnderReview(number=record.number, state=state_label(record).lower())


def lock_open(comment: ReviewComment) -> ControlledRecord:
    """Lock the document of a comment that nobody ended. Raises: `NotUnderReview`, `CommentEnded`."""
    locked = lock_document(comment.record)
    end = comment.entries.filter(kind__in=ENDS).select_related("written_by").first()
    if end is not None:
        raise CommentEnded(who=end.written_by.printed_name)
    return locked


def find_place(record: ControlledRecord, place: str, paragraph: str) -> tuple[Part, str]:
    """Return a part of a document and its paragraph as it reads now. Raises: `PlaceUnknown`, `ParagraphChanged`."""
    part = next((row for row in parts_of(record) if row.key == place), None)
    if part is None:
        raise PlaceUnknown(number=record.number)
    if not paragraph:
        return part, ""
    quote = part.find_paragraph(paragraph)
    if quote is None:
        raise ParagraphChanged(heading=part.heading)
    return part, quote


def version_read(record: ControlledRecord) -> Version | None:
    """Return the frozen version that reads as the document does now, if there is one."""
    last = record.versions.order_by("-number").first()
    return last if last is not None and is_current(last, record) else None


def add_entry(comment: ReviewComment, kind: str, text: str, *, actor: Actor) -> CommentEntry:
    """Write what follows on a comment; must run inside an act."""
    return CommentEntry.objects.create(comment=comment, kind=kind, text=text, written_by_id=actor.person_id)


def tell(comment: ReviewComment, text: str) -> dict[str, Any]:
    """Return what the events of a comment tell about it."""
    return {"comment": comment.pk, "place": comment.heading, "writer": comment.written_by.printed_name, "text": text}


def clean(text: str) -> str:
    """Return what was typed without what surrounds it. Raises: `CommentEmpty`."""
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise CommentEmpty
    return said
