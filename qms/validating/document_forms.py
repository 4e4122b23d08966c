"""Shapes of what people type into plans and summary reports; no rule lives here."""

from __future__ import annotations

from django import forms

from qms.validating.forms import long_text
from validation.models import Protocol

PARAGRAPHS = 20_000


def paragraphs(label: str, *, rows: int, hint: str = "") -> forms.CharField:
    """Return a field for a section of a document, which may stay empty in a draft."""
    field = long_text(label, required=False, rows=rows, hint=hint)
    field.max_length = PARAGRAPHS
    return field


class MasterPlanForm(forms.Form):
    """A new master plan."""

    title = forms.CharField(label="Title", max_length=200)


class PlanForm(forms.Form):
    """Title and stages of a system's plan."""

    title = forms.CharField(label="Title", max_length=200)
    stages = forms.MultipleChoiceField(
        label="Stages",
        choices=Protocol.Stage.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="A report asks for a protocol of each.",
    )


class SectionForm(forms.Form):
    """The text of one section."""

    text = paragraphs("Text", rows=14)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: object, heading: str, guidance: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments
        self.fields["text"].label, self.fields["text"].help_text = heading, guidance


class ReportForm(forms.Form):
    """The three texts that people write into a report."""

    summary = paragraphs("Summary", rows=4, hint="What was tested, how it went, which deviations mattered.")
    limits = paragraphs(
        "Limits of use", rows=3, hint="For what the system is not validated, or under which conditions."
    )
    conclusion = paragraphs("Conclusion", rows=3, hint="Whether the system is fit for its use, and why.")
    revision = forms.IntegerField(widget=forms.HiddenInput)
