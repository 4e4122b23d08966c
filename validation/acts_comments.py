"""The acts of review comments, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.comment.written": ("commented on “{place}” of {number}: {text}", "change"),
        "validation.comment.answered": ("answered {writer} on “{place}” of {number}: {text}", "change"),
        "validation.comment.settled": ("settled the comment of {writer} on “{place}” of {number}{remark}", "change"),
        "validation.comment.taken_back": ("took back a comment on “{place}” of {number}", "change", True),
    }
)
