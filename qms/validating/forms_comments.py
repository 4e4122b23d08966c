"""Shapes of what people type in review comments; no rule lives here."""

from __future__ import annotations

from django import forms

from qms.validating.forms import long_text

SETTLE, TAKE_BACK = "settle", "take_back"


class CommentForm(forms.Form):
    """A comment on a part of a document, or on a paragraph of it."""

    text = long_text("Comment", rows=4, hint="What should be said otherwise, or what you want to know.")


class CommentEntryForm(forms.Form):
    """An answer to a comment, or its end."""

    text = long_text("Answer, or reason", required=False, rows=4)
