"""The shape of what people type about themselves and others. No rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext

from qms.accounts.identity import DOCUMENTS, METHODS
from qms.accounts.roles import ROLES
from qms.web.forms import DayField


def password_field(label: str, *, is_new: bool = False, hint: str = "") -> forms.CharField:
    """Return a password field that password managers understand; nothing typed is trimmed."""
    autocomplete = "new-password" if is_new else "current-password"
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=256, help_text=hint)


def code_field(label: str = "One-time code", hint: str = "") -> forms.CharField:
    """Return the one box of a one-time code; spaces are accepted."""
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"})
    return forms.CharField(label=label, widget=widget, max_length=12, help_text=hint)


def reason_field(hint: str) -> forms.CharField:
    """Return the field of a reason that others will read later."""
    return forms.CharField(label="Reason", max_length=500, help_text=hint)


class SignInForm(forms.Form):
    username = forms.CharField(
        label="User name",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = password_field("Password")
    code = code_field(hint="The six digits that your authenticator shows now.")


class RecoverySignInForm(SignInForm):
    code = forms.CharField(
        label="Recovery code",
        max_length=40,
        help_text="One of the codes you were given when you enrolled. Each works once and cannot sign.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ComponentsForm(forms.Form):
    password = password_field("Password")
    code = code_field()


class PairingForm(forms.Form):
    sealed_seed = forms.CharField(widget=forms.HiddenInput(), max_length=200)
    first_code = code_field("First code", "Type the code that the app shows now.")
    second_code = code_field("Next code", "Wait until the code changes, then type the new one.")


class EnrolForm(PairingForm):
    new_password = password_field(
        "New password", is_new=True, hint="At least 12 characters. Several words that do not belong together are good."
    )
    new_password_again = password_field("New password again", is_new=True)
    policy_digest = forms.CharField(widget=forms.HiddenInput(), max_length=64)
    has_read_policy = forms.BooleanField(label="I have read the signing policy and accept it.")
    field_order = (
        "new_password",
        "new_password_again",
        "sealed_seed",
        "first_code",
        "second_code",
        "policy_digest",
        "has_read_policy",
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the same new password twice."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("new_password") != cleaned.get("new_password_again"):
            self.add_error("new_password_again", gettext("The two passwords differ."))
        return cleaned


class PasswordForm(ComponentsForm):
    new_password = password_field("New password", is_new=True, hint="At least 12 characters.")
    new_password_again = password_field("New password again", is_new=True)

    def clean(self) -> dict[str, Any]:
        """Ask for the same new password twice."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("new_password") != cleaned.get("new_password_again"):
            self.add_error("new_password_again", gettext("The two passwords differ."))
        return cleaned


class ReplaceDeviceForm(PairingForm, ComponentsForm):
    code = code_field("Code of the old device")
    field_order = ("password", "code", "sealed_seed", "first_code", "second_code")


class DeviceTestForm(forms.Form):
    first_code = code_field("First code", "Type the code that your device shows now.")
    second_code = code_field("Next code", "Wait until the code changes, then type the new one.")


class ImportForm(ComponentsForm):
    container = forms.FileField(label="Container", help_text="The .pfx or .p12 file from your company's authority.")
    container_password = password_field("Password of the container")
    field_order = ("container", "container_password", "password", "code")


class PreferencesForm(forms.Form):
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        help_text="As in Europe/Zurich or America/New_York.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )
    shortcuts_enabled = forms.BooleanField(label="Single-letter keys", required=False)


class PolicyForm(forms.Form):
    policy_digest = forms.CharField(widget=forms.HiddenInput(), max_length=64)


class PersonForm(forms.Form):
    username = forms.CharField(
        label="User name",
        max_length=30,
        help_text="Small letters, digits, dots, hyphens. It can never be changed or given again.",
    )
    printed_name = forms.CharField(
        label="Printed name", max_length=64, help_text="As it stands under signatures: first name and last name."
    )
    email = forms.EmailField(label="E-mail address")
    job_title = forms.CharField(label="Job title", max_length=120, required=False)
    time_zone = forms.CharField(label="Time zone", max_length=64, initial="UTC")


class PersonDetailsForm(forms.Form):
    printed_name = forms.CharField(label="Printed name", max_length=64)
    email = forms.EmailField(label="E-mail address")
    job_title = forms.CharField(label="Job title", max_length=120, required=False)


class GrantForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=tuple(ROLES.items()))
    starts_on = DayField(label="From", required=False, help_text="YYYY-MM-DD; empty means now.")
    ends_on = DayField(label="Until", required=False, help_text="YYYY-MM-DD, the last day; empty means open.")
    reason = reason_field("Why this person needs this role.")


class EndRoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=tuple(ROLES.items()), widget=forms.HiddenInput())
    reason = reason_field("Why the role ends.")


class ReasonForm(forms.Form):
    reason = reason_field("Others will read it later.")


class IdentityForm(forms.Form):
    method = forms.ChoiceField(label="How", choices=tuple(METHODS.items()))
    document_class = forms.ChoiceField(label="Document seen", choices=tuple(DOCUMENTS.items()))
    note = forms.CharField(label="Note", max_length=500, required=False, help_text="Never the document's number.")
    code = code_field("Code of the person", "Let the person read out the code that their own device shows now.")


class RegisterForm(forms.Form):
    as_of = DayField(label="As of the end of", required=False, help_text="YYYY-MM-DD; empty means now.")
