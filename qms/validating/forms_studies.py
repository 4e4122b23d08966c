"""Shapes of what people type about Knapp studies and data sets; no rule lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from qms.validating.forms import TableForm, long_text
from qms.web.forms import DayField
from validation.models import DataSet, KnappStudy
from validation.studies import StudyDesign

INSPECTORS_HINT = "A line each, below the headings: code; name; day of the last qualification, as YYYY-MM-DD."
STRATA_HINT = "A line each, below the headings: stratum; planned number of items."


class StudyForm(forms.Form):
    """The design of a study, with the usual numbers filled in."""

    title = forms.CharField(label="Title", max_length=200)
    purpose = long_text("Purpose", rows=2)
    machine = long_text(
        "Machine", rows=2, hint="Station, model version with SHA-256, threshold and recipe, as they will run."
    )
    good_planned = forms.IntegerField(label="Containers from production", min_value=1, max_value=2000, initial=170)
    reject_planned = forms.IntegerField(label="Known rejects", min_value=1, max_value=2000, initial=80)
    rounds = forms.IntegerField(label="Rounds of each inspector", min_value=1, max_value=99, initial=10)
    machine_runs = forms.IntegerField(label="Machine runs", min_value=1, max_value=99, initial=10)
    reading = forms.ChoiceField(label="Reject zone", choices=KnappStudy.Reading.choices)
    false_reject_limit = forms.DecimalField(
        label="False rejects at most, in percent",
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=6,
        decimal_places=3,
        help_text="Of the machine's inspections of containers that people accept.",
    )
    inspectors = long_text("Inspectors", rows=6, hint=INSPECTORS_HINT)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def design(self) -> StudyDesign:
        """Return the design as typed."""
        return StudyDesign(**{name: value for name, value in self.cleaned_data.items() if name != "revision"})


class RunsForm(TableForm):
    """Runs of one day."""

    taken_on = DayField(label="Taken on", widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Where a run is there already: why it comes again."
    )


class ConclusionForm(forms.Form):
    """What follows from a study."""

    conclusion = long_text("Conclusion", rows=5, hint="What the result means for the use of the machine.")


class DataSetForm(forms.Form):
    """A data set; its purpose is chosen once."""

    title = forms.CharField(label="Name", max_length=200)
    purpose = forms.ChoiceField(label="Purpose", choices=DataSet.Purpose.choices)
    description = long_text("Where the items come from, and what they represent")
    size_reason = long_text("Why so many", rows=2)
    preparation = long_text("Preparation and exclusions, with reasons", required=False, rows=2)
    strata = long_text("Planned strata", rows=5, hint=STRATA_HINT)
    criteria = long_text(
        "Acceptance criteria", required=False, hint="Of a test set. The seal's signature fixes them before opening."
    )
    incumbent = long_text("What the replaced process achieves", required=False, rows=2, hint="Of a test set.")
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ItemsForm(TableForm):
    """The manifest of a set as a table, a zip of its pictures, or both."""

    archive = forms.FileField(
        label="Or a zip of the pictures",
        required=False,
        help_text="Each picture is checked and hashed here; the zip itself is not kept. 500 pictures at most.",
    )

    def clean(self) -> dict[str, Any]:
        """Take a zip without a table too."""
        given = self.cleaned_data
        if given.get("archive") and not given.get("table", "").strip() and not given.get("file"):
            return given
        return super().clean()


class ConsumeForm(forms.Form):
    """What the results of a test set informed."""

    reference = forms.CharField(
        label="Change or model version", max_length=120, help_text="Number of the change, or name and version."
    )
    reason = forms.CharField(label="Reason", max_length=300, help_text="Others must understand it later.")
