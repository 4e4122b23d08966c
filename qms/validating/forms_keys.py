"""Shapes of what people type about the keys of test tools; no rule lives here."""

from __future__ import annotations

from django import forms

LIVES = ((8, "8 hours"), (24, "1 day"), (168, "7 days"), (720, "30 days"))


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        label="Test tool", max_length=80, help_text="What delivers, such as “pytest in the build of line 1”."
    )
    hours = forms.TypedChoiceField(label="Good for", choices=LIVES, coerce=int, initial=24)
