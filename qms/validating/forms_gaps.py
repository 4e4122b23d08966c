"""Shapes of what people type about gap assessments and record determinations; no rule lives here."""

from __future__ import annotations

from typing import Any

from django import forms

from qms.accounts.models import User
from qms.validating.forms import long_text
from qms.web.forms import DayField
from records.retention import RULES
from validation.clauses import EDITIONS
from validation.determinations import record_kinds
from validation.gaps import AnswerText
from validation.models import Execution, GapAnswer, GapAssessment, RecordDetermination, System
from validation.models.gaps import LEVELS

KINDS_TAKEN = ".png,.jpg,.jpeg,.webp,.tif,.tiff,.bmp,.pdf,.csv,.json"


def active_people() -> Any:
    """Return everybody who may answer for something, by name."""
    return User.objects.filter(is_active=True).order_by("printed_name")


class FilesInput(forms.FileInput):
    """A field for several files at once."""

    allow_multiple_selected = True


class GapForm(forms.Form):
    """A new gap assessment."""

    edition = forms.ChoiceField(
        label="Assess against",
        choices=[(row.id, row.edition) for row in EDITIONS.values()],
        help_text="The assessment keeps the clauses as they are today; another edition is another assessment.",
    )
    title = forms.CharField(label="Title", max_length=200)
    purpose = long_text("Purpose and intended use")


class GapEditForm(forms.Form):
    """Title and purpose of a draft."""

    title = forms.CharField(label="Title", max_length=200)
    purpose = long_text("Purpose and intended use")
    reason = forms.CharField(label="Reason", max_length=500)
    revision = forms.IntegerField(widget=forms.HiddenInput)


class AnswerForm(forms.Form):
    """The answer to one clause. Files that are kept already are ticked; others are added with it."""

    answer = forms.ChoiceField(label="Is the clause met?", choices=GapAnswer.Answer.choices, widget=forms.RadioSelect)
    reason = long_text("Reason", required=False, hint="Needed for every answer but yes.")
    evidence = forms.TypedMultipleChoiceField(
        label="Evidence already kept here",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Untick what was added by mistake. It stays with the assessment; the history says who took it off.",
    )
    uploads = forms.FileField(
        label="Add files of evidence",
        required=False,
        widget=FilesInput(attrs={"accept": KINDS_TAKEN}),
        help_text="Pictures, PDF, CSV or JSON. A yes needs a file or a reviewed execution.",
    )
    execution = forms.ChoiceField(label="Or a reviewed execution", required=False)
    shown_by = long_text("Where the evidence shows it", required=False, rows=2, hint="Page, section or step.")
    risk = forms.ChoiceField(label="Risk of the gap", choices=(("", "Not rated"), *LEVELS), required=False)
    remediation = long_text("Technical remediation", required=False, rows=2)
    control = long_text(
        "Procedural control",
        required=False,
        rows=2,
        hint="What people do instead, such as print and sign under an SOP.",
    )
    owner = forms.ModelChoiceField(User.objects.none(), label="Owner", required=False)
    due_on = DayField(label="Due", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, assessment: GapAssessment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        runs = Execution.objects.filter(protocol__system_id=assessment.system_id, state="reviewed").order_by("pk")
        kept = assessment.attachments.order_by("pk")
        self.fields["execution"].choices = [("", "None"), *((row.number, f"{row.number} {row.title}") for row in runs)]  # type: ignore[attr-defined]
        self.fields["evidence"].choices = [(row.pk, row.name) for row in kept]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = active_people()  # type: ignore[attr-defined]
        if not kept:
            del self.fields["evidence"]

    def text(self, position: int) -> AnswerText:
        """Return the answer as typed, line ends as the database keeps them."""
        given = self.cleaned_data
        words = ("answer", "reason", "shown_by", "execution", "risk", "remediation", "control")
        owner = given["owner"]
        return AnswerText(
            position,
            **{name: given[name].replace("\r\n", "\n") for name in words},
            evidence=tuple(given.get("evidence", ())),
            owner_id=owner.pk if owner else None,
            due_on=given["due_on"],
            seen=given["seen"] or 0,
        )


class SystemField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no type arguments at run time
    """A system of the inventory, by number and name."""

    def label_from_instance(self, obj: Any) -> str:
        """Return how a system is told from the others."""
        return f"{obj.number} {obj.title}"


class DeterminationForm(forms.Form):
    """Whether some data are a required record."""

    title = forms.CharField(label="Name", max_length=200)
    what = long_text("What data", hint="What they are, who makes them, and for what.")
    system = SystemField(System.objects.none(), label="System they are made in", required=False)
    governs = forms.ChoiceField(
        label="Kind of record in this installation",
        required=False,
        help_text="If it is one, its own retention rule holds, whatever is chosen below.",
    )
    predicate_rule = forms.CharField(
        label="Predicate rule that requires them", max_length=200, required=False, help_text="Such as 21 CFR 211.194."
    )
    replaces_paper = forms.BooleanField(label="They are kept electronically instead of on paper", required=False)
    is_relied_on = forms.BooleanField(label="Regulated work relies on them", required=False)
    is_signed = forms.BooleanField(label="They are signed electronically, as by hand", required=False)
    is_raw_data = forms.BooleanField(label="They are raw data", required=False)
    primary_form = forms.ChoiceField(label="Primary form", choices=RecordDetermination.Form.choices)
    decision = forms.ChoiceField(label="Decision", choices=RecordDetermination.Decision.choices)
    decision_reason = long_text("Reason of the decision")
    owner = forms.ModelChoiceField(User.objects.none(), label="Owner")
    kept_under = forms.ChoiceField(
        label="Retention",
        choices=[
            (
                rule.key,
                f"{rule.years} {'year' if rule.years == 1 else 'years'} after {rule.start_event} ({rule.citation})",
            )
            for rule in RULES.values()
        ],
        help_text="The clock starts with the event, never with a typed date.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(name, model.KIND_LABEL.capitalize()) for name, model in record_kinds().items()]
        self.fields["governs"].choices = [("", "None: the data are elsewhere"), *kinds]  # type: ignore[attr-defined]
        self.fields["system"].queryset = System.objects.order_by("number")  # type: ignore[attr-defined]
        self.fields["owner"].queryset = active_people()  # type: ignore[attr-defined]


class DeterminationEditForm(DeterminationForm):
    """A draft that is changed, with the reason and the revision that was seen."""

    reason = forms.CharField(label="Reason of the change", max_length=500)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def facts(self) -> dict[str, Any]:
        """Return the fields of the model."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("reason", "revision")}
