"""The one form of the signing page."""

from __future__ import annotations

from typing import Any

from django import forms

SIGN, DECLINE = "sign", "decline"


class UnkeptInput(forms.TextInput):
    """A text field that never shows again what was typed into it."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Leave the value out."""
        return super().get_context(name, None, attrs)


class SigningForm(forms.Form):
    """Comment, password and one-time code. Nothing of the two components is ever shown again.

    Paste and password managers are welcome: the one-time code proves presence.
    """

    username = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Comment",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    code = forms.CharField(
        label="Code",
        max_length=12,
        help_text="Six digits from your device. Spaces do no harm.",
        widget=UnkeptInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(
        self,
        *args: Any,
        reason_needed: bool = False,
        may_decline: bool = False,
        code_needed: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].required = code_needed
        comment = self.fields["reason"]
        if reason_needed:
            comment.label, comment.required = "Reason", True
        elif may_decline:
            comment.help_text = "Needed if you decline."
