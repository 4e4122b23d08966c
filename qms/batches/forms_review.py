"""The forms of review and disposition: the shape of what is sent, never whether it is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext

from qms.batches.models import DefectClass
from qms.batches.reason_codes import REASON_CODES

ACTIONS = (("agree", "Agree with the model"), ("good", "Good"), ("reject", "Reject"), ("undo", "Take back"))
ANSWERS = (("verify", "Verify"), ("refuse", "Do not verify"))
DISPOSITIONS = (
    ("release", "Release the batch"),
    ("reject", "Reject the batch"),
    ("hold", "Put the batch on hold"),
    ("reinspect", "Have the lot inspected again"),
)


class DecisionForm(forms.Form):
    action = forms.ChoiceField(choices=ACTIONS, widget=forms.RadioSelect, label="Your decision")
    defect = forms.ModelChoiceField(
        DefectClass.objects.none(),
        required=False,
        label="Defect class",
        help_text="A reject needs one.",
        empty_label="Choose a class",
    )
    reason_code = forms.ChoiceField(
        choices=(("", "Choose a reason"), *((row.code, f"{row.code} {row.label}") for row in REASON_CODES)),
        required=False,
        label="Reason",
        help_text="Needed where you decide otherwise than the model.",
    )
    reason_text = forms.CharField(
        required=False,
        max_length=500,
        label="In your words",
        help_text="At least 10 characters for “Other”.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, library: Sequence[DefectClass], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["defect"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = DefectClass.objects.filter(pk__in=[row.pk for row in library])


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=ANSWERS)
    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Reason",
        help_text="Needed if you do not verify.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class FindingForm(forms.Form):
    unit = forms.ChoiceField(label="Unit", required=False)
    defect = forms.ModelChoiceField(
        DefectClass.objects.none(), label="Defect class", required=False, empty_label="Choose a class"
    )
    note = forms.CharField(label="Note", max_length=200, required=False)

    def __init__(self, *args: Any, units: Sequence[str], library: Sequence[DefectClass], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, defect = self.fields["unit"], self.fields["defect"]
        assert isinstance(unit, forms.ChoiceField)
        assert isinstance(defect, forms.ModelChoiceField)
        unit.choices = [("", "Choose a unit"), *((name, name) for name in sorted(units))]
        defect.queryset = DefectClass.objects.filter(pk__in=[row.pk for row in library])

    def clean(self) -> dict[str, Any]:
        """Refuse a row that names a unit without a defect, or a defect without a unit."""
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("unit")) != bool(data.get("defect")):
            raise forms.ValidationError(gettext("Name both the unit and its defect class, or leave the row empty."))
        return data


FindingFormSet = forms.formset_factory(FindingForm, extra=5, max_num=200, absolute_max=400)


class ReconciliationForm(forms.Form):
    destroyed = forms.IntegerField(
        min_value=0,
        label="Destroyed units",
        help_text="Broken, lost or taken as samples: units that nobody counts again.",
    )
    explanation = forms.CharField(
        required=False,
        max_length=2000,
        label="Explanation",
        help_text="Needed where a difference within the tolerance remains.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ConclusionForm(forms.Form):
    conclusion = forms.CharField(
        max_length=4000,
        label="Conclusion",
        help_text="What was found, what it means for the lot, and what was done.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class SigningForm(forms.Form):
    action = forms.CharField(max_length=40, widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)


class DispositionForm(forms.Form):
    action = forms.ChoiceField(choices=DISPOSITIONS, widget=forms.RadioSelect, label="Disposition")
    reason = forms.CharField(
        required=False,
        max_length=1000,
        label="Reason",
        help_text="Needed for everything but a release. It is part of what you sign.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a reason before the signing page is opened."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("action") not in (None, "release") and len(data.get("reason", "").strip()) < 4:
            self.add_error("reason", gettext("Say why; at least 4 characters."))
        return data


class ReturnForm(forms.Form):
    reason = forms.CharField(
        max_length=1000,
        label="What is to be corrected",
        help_text="The operator sees this, and it stays in the audit trail.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
