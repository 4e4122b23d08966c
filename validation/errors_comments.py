"""Named refusals of review comments."""

from __future__ import annotations

from records.errors import Refusal


class NotCommentable(Refusal):
    code = "validation.not_commentable"
    status = 404
    message = "{number} is no document that comments are written on."


class NotUnderReview(Refusal):
    code = "validation.not_under_review"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state}. Comments belong to a draft and its review; what was written stays readable."


class PlaceUnknown(Refusal):
    code = "validation.place_unknown"
    status = 409
    message = "{number} has no such part any more. Read it again and comment where your remark belongs now."


class ParagraphChanged(Refusal):
    code = "validation.paragraph_changed"
    clause = "11.10(e)"
    status = 409
    message = "The paragraph of “{heading}” was changed after you opened it. Read it again before you comment on it."


class CommentEmpty(Refusal):
    code = "validation.comment_empty"
    status = 422
    message = "Write what you have to say; an empty comment helps nobody."


class CommentEnded(Refusal):
    code = "validation.comment_ended"
    status = 409
    message = "{who} ended this comment already. If something is left to say, write another one."


class WriterSettles(Refusal):
    code = "validation.writer_settles"
    clause = "11.10(g)"
    status = 403
    message = (
        "{who} wrote this comment and settles it. Where they cannot, a QA manager who did not write {number} does."
    )


class WriterTakesBack(Refusal):
    code = "validation.writer_takes_back"
    clause = "11.10(g)"
    status = 403
    message = "Only {who}, who wrote this comment, takes it back."


class CommentsOpen(Refusal):
    code = "validation.comments_open"
    clause = "11.10(f)"
    status = 409
    message = "{number} cannot be signed while review comments are open: {places}. Who wrote them settles them."
