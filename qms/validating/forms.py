"""Shapes of what people type about systems, requirements, protocols, executions and deviations; no rule lives here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext

from qms.accounts.models import User
from qms.web.forms import DayField
from validation.models import ConfigurationItem, Deviation, Protocol, StepEntry, System
from validation.models.requirements import LEVELS
from validation.requirements import RequirementRow
from validation.risk import RISK_CLASSES, USUAL_MATRIX, Level, RiskMatrix

TEXT = 4_000
OPEN_CHOICES = (
    ("closed", "Closed: its own people decide who gets in"),
    ("open", "Open: others could read it on its way"),
)


def long_text(label: str, *, required: bool = True, rows: int = 3, hint: str = "") -> forms.CharField:
    """Return a field for several lines, kept as they were typed."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, max_length=TEXT, strip=False, widget=widget, help_text=hint)


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Others must understand it later.")


class SystemForm(forms.Form):
    """An entry of the inventory."""

    title = forms.CharField(label="Name", max_length=200)
    description = long_text("What it does")
    category = forms.TypedChoiceField(label="GAMP category", choices=System.Category.choices, coerce=int)
    platform_category = forms.TypedChoiceField(
        label="Platform's category",
        choices=(("", "No platform"), *System.Category.choices),
        coerce=int,
        empty_value=None,
        required=False,
        help_text="For a trained model or custom part: the category of what it runs on.",
    )
    gxp_relevance = forms.ChoiceField(label="GxP relevance", choices=System.Relevance.choices)
    relevance_reason = long_text("Why so relevant", rows=2)
    access = forms.ChoiceField(label="Open or closed", choices=OPEN_CHOICES)
    owner = forms.ModelChoiceField(User.objects.none(), label="System owner")
    process_owner = forms.ModelChoiceField(User.objects.none(), label="Process owner")
    next_review_on = DayField(
        label="Next periodic review", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(label="Reason", max_length=500, help_text="Others must understand it later.")
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("owner", "process_owner"):
            self.fields[name].queryset = User.objects.filter(is_active=True).order_by("printed_name")  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """Return the fields of the model."""
        given = dict(self.cleaned_data)
        given["is_open"] = given.pop("access") == "open"
        return {name: value for name, value in given.items() if name not in ("reason", "revision")}


class ItemForm(forms.Form):
    """A configuration item."""

    kind = forms.ChoiceField(label="Kind", choices=ConfigurationItem.Kind.choices)
    name = forms.CharField(label="Name", max_length=120)
    version = forms.CharField(label="Version", max_length=60)
    sha256 = forms.CharField(
        label="SHA-256", max_length=80, required=False, help_text="Of the file, image or manifest that it is."
    )
    reason = forms.CharField(label="Reason", max_length=500)


class RequirementForm(forms.Form):
    """One row of the requirement table; its labels are spoken, the headings show them."""

    text = long_text("Requirement", required=False, rows=2)
    source = forms.CharField(label="Source", max_length=200, required=False)
    failure_mode = long_text("Failure mode", required=False, rows=2)
    severity = forms.ChoiceField(label="Severity", choices=(("", "–"), *LEVELS), required=False)
    probability = forms.ChoiceField(label="Probability", choices=(("", "–"), *LEVELS), required=False)
    detectability = forms.ChoiceField(label="Detectability", choices=(("", "–"), *LEVELS), required=False)

    def __init__(self, *args: Any, position: int, ref: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.position, self.ref = position, ref
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label} of {ref}"

    def row(self) -> RequirementRow:
        """Return the row as typed, line ends as the database keeps them."""
        given = {name: str(value).replace("\r\n", "\n") for name, value in self.cleaned_data.items()}
        return RequirementRow(**given, position=self.position)


class TableForm(forms.Form):
    """A table pasted from a spreadsheet, or a CSV file."""

    table = forms.CharField(
        label="Table",
        required=False,
        max_length=2_000_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Copy the cells with their headings in a spreadsheet and paste them here.",
    )
    file = forms.FileField(label="Or a CSV file", required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """Take the file's text where one was chosen."""
        given: dict[str, Any] = super().clean() or {}
        if file := given.get("file"):
            try:
                given["table"] = file.read(2_000_000).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(
                    gettext("The file is not text in UTF-8. Save it as “CSV UTF-8”.")
                ) from error
        if not given.get("table", "").strip():
            raise forms.ValidationError(gettext("Paste a table or choose a file."))
        return given

    def show_text(self, text: str) -> None:
        """Show the text that a file held, so that the next step needs no file."""
        data = QueryDict(mutable=True)
        for name, value in self.data.items():
            data[name] = value
        data["table"] = text
        self.data = data


class MatrixForm(forms.Form):
    """The cells of a risk matrix, filled with the usual ones."""

    title = forms.CharField(label="Name", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for (severity, probability), found in USUAL_MATRIX.classes.items():
            self.fields[f"class-{severity}-{probability}"] = forms.TypedChoiceField(
                label=f"{severity.capitalize()} severity, {probability} probability",
                choices=[(number, f"Class {number}") for number in RISK_CLASSES],
                coerce=int,
                initial=found,
            )
        for (number, detectability), priority in USUAL_MATRIX.priorities.items():
            self.fields[f"priority-{number}-{detectability}"] = forms.TypedChoiceField(
                label=f"Class {number}, {detectability} detectability",
                choices=[(level.value, f"{level.capitalize()} priority") for level in reversed(Level)],
                coerce=Level,
                initial=priority,
            )
        self.fields["reason"] = forms.CharField(label="Reason", max_length=500)

    def matrix(self) -> RiskMatrix:
        """Return the cells as typed."""
        given = self.cleaned_data
        return RiskMatrix(
            classes={cell: given[f"class-{cell[0]}-{cell[1]}"] for cell in USUAL_MATRIX.classes},
            priorities={cell: given[f"priority-{cell[0]}-{cell[1]}"] for cell in USUAL_MATRIX.priorities},
        )


class ProtocolForm(forms.Form):
    """A new protocol."""

    title = forms.CharField(label="Title", max_length=200)
    stage = forms.ChoiceField(label="Stage", choices=Protocol.Stage.choices)
    purpose = long_text("Purpose and scope")


class ProtocolEditForm(forms.Form):
    """Title and purpose of a draft."""

    title = forms.CharField(label="Title", max_length=200)
    purpose = long_text("Purpose and scope")


class StepForm(forms.Form):
    """A step of a protocol."""

    requirements = forms.CharField(label="Requirements", max_length=400, help_text="Ids, such as URS-001, URS-004.")
    instruction = long_text("Instruction")
    expected = long_text("Expected result")
    acceptance = long_text("Acceptance criterion", required=False, rows=2)


class EnvironmentForm(forms.Form):
    """What a run is executed on."""

    environment = long_text("Environment", rows=2, hint="Installation and software build, as its page shows them.")


class ResultForm(forms.Form):
    """What was seen at a step."""

    actual = long_text("Actual result", hint="What you really see, in your own words.")
    result = forms.ChoiceField(label="Result", choices=StepEntry.Result.choices, widget=forms.RadioSelect)


class CorrectionForm(ResultForm):
    """Another entry beside the one it corrects."""

    reason = forms.CharField(label="Reason of the correction", max_length=500)


class DeviationForm(forms.Form):
    """What was found about a deviation."""

    cause = forms.ChoiceField(label="Cause", choices=(("", "Not known yet"), *Deviation.Cause.choices), required=False)
    investigation = long_text("Investigation", required=False, rows=5)
    corrective_action = long_text("Corrective action", required=False)
    outcome = forms.ChoiceField(
        label="What follows", choices=(("", "Not proposed yet"), *Deviation.Outcome.choices), required=False
    )
    reason = forms.CharField(label="Reason", max_length=500)
    revision = forms.IntegerField(widget=forms.HiddenInput)
