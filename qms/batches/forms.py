"""Shapes of what people type about batches, imports, lots and products; no rule lives here."""

from __future__ import annotations

from typing import Any

from django import forms

from qms.accounts.models import User
from qms.batches.models import Lot, Product, Station
from qms.batches.models.master import Severity
from qms.releases.models import ModelVersion

DATE = forms.DateInput(attrs={"type": "date"})
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
CODE_HINT = "Letters, digits, dots and hyphens."


class ManyFilesInput(forms.ClearableFileInput):
    """A file box that takes several files, or a folder where the browser can."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return all files of the box."""
        return files.getlist(name)


class ManyFilesField(forms.FileField):
    """Several files; cleaned to a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files, none where nothing was chosen."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files if file]


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Others must understand it later.")


class OptionalReasonForm(forms.Form):
    """A reason that only some cases need; the rule says when."""

    reason = forms.CharField(label="Reason", max_length=500, required=False)


class BatchForm(forms.Form):
    """A new batch record."""

    lot = forms.ModelChoiceField(Lot.objects.none(), label="Lot")
    station = forms.ModelChoiceField(Station.objects.none(), label="Inspection station")
    units_received = forms.IntegerField(label="Units received", min_value=1, max_value=1_000_000)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)

    def __init__(self, *args: Any, lots: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lot"].queryset = lots  # type: ignore[attr-defined]
        self.fields["station"].queryset = Station.objects.filter(is_active=True)  # type: ignore[attr-defined]


class BatchEditForm(forms.Form):
    """What can be corrected before the inspection; ``revision`` finds a stale form."""

    units_received = forms.IntegerField(label="Units received", min_value=1, max_value=1_000_000)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    reason = forms.CharField(label="Reason", max_length=500, help_text="Why it is changed.")
    revision = forms.IntegerField(widget=forms.HiddenInput)


class UploadForm(forms.Form):
    """A delivery: one zip, or the files of a folder."""

    archive = forms.FileField(
        label="Zip of the delivery", required=False, widget=forms.ClearableFileInput(attrs={"accept": ".zip"})
    )
    photographs = ManyFilesField(
        label="Or its files", required=False, help_text="Choose all files at once, with manifest.csv."
    )
    folder = ManyFilesField(
        label="Or its folder",
        required=False,
        widget=ManyFilesInput(attrs={"webkitdirectory": True}),
        help_text="Where the browser can send a folder.",
    )
    manual_reason = forms.CharField(
        label="Reason for taking it by hand",
        required=False,
        max_length=500,
        help_text="Only for a delivery without the station's signature (manifest.sig.json). It stays on record.",
    )


class LotForm(forms.Form):
    """A new lot."""

    product = forms.ModelChoiceField(Product.objects.none(), label="Product")
    number = forms.RegexField(CODE, label="Lot number", max_length=40, help_text=CODE_HINT)
    size = forms.IntegerField(label="Units in the lot", min_value=2, max_value=10_000_000)
    manufactured_on = forms.DateField(label="Manufactured on", widget=DATE, help_text="YYYY-MM-DD")
    expires_on = forms.DateField(label="Expires on", widget=DATE, help_text="YYYY-MM-DD")

    def __init__(self, *args: Any, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = products  # type: ignore[attr-defined]


class ProductForm(forms.Form):
    """A product's fields; the code is given once."""

    name = forms.CharField(label="Name", max_length=120)
    container = forms.CharField(label="Container", max_length=80)
    expected_class = forms.CharField(
        label="Model's class of a right vial", max_length=60, help_text="As the model names it."
    )
    random_check_size = forms.IntegerField(
        label="Random check: accepted units a person looks at", min_value=0, max_value=5000
    )
    reject_rate_limit = forms.DecimalField(label="Reject rate limit (%)", min_value=0, max_value=100, decimal_places=2)
    critical_rate_limit = forms.DecimalField(
        label="Critical defect rate limit (%)", min_value=0, max_value=100, decimal_places=2
    )
    inspection_level = forms.ChoiceField(
        label="AQL inspection level", choices=[(x, x) for x in ("I", "II", "III")], initial="II"
    )
    aql_critical = forms.CharField(label="AQL of critical defects (%)", max_length=6)
    aql_major = forms.CharField(label="AQL of major defects (%)", max_length=6)
    aql_minor = forms.CharField(label="AQL of minor defects (%)", max_length=6)
    reconciliation_tolerance = forms.IntegerField(label="Reconciliation tolerance (units)", min_value=0, max_value=1000)


class NewProductForm(ProductForm):
    """A new product; its library follows as text, one defect a line."""

    code = forms.RegexField(CODE, label="Code", max_length=30, help_text=CODE_HINT)
    library = forms.CharField(
        label="Defect library",
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=20_000,
        help_text="One defect a line: code; name; critical, major or minor; model's class (may be empty).",
    )
    reason = forms.CharField(label="Reason", max_length=500)
    field_order = ("code", "name", "container")


class ProductEditForm(ProductForm):
    """A change of a product; ``seen`` finds a stale form."""

    is_active = forms.BooleanField(label="In use", required=False)
    reason = forms.CharField(label="Reason", max_length=500)
    seen = forms.IntegerField(widget=forms.HiddenInput)


class DefectForm(forms.Form):
    """One more defect of a library."""

    code = forms.RegexField(CODE, label="Code", max_length=20, help_text=CODE_HINT)
    name = forms.CharField(label="Name", max_length=80)
    severity = forms.ChoiceField(label="Class", choices=Severity.choices)
    model_class = forms.CharField(label="Model's class", max_length=60, required=False)
    reason = forms.CharField(label="Reason", max_length=500)


class ModelChoiceForm(forms.Form):
    """Which released model inspects a product."""

    model_version = forms.ModelChoiceField(ModelVersion.objects.none(), label="Model version")
    reason = forms.CharField(label="Reason", max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model_version"].queryset = ModelVersion.objects.filter(state="released")  # type: ignore[attr-defined]


class AccessForm(forms.Form):
    """Who gets access to a product."""

    person = forms.ModelChoiceField(User.objects.none(), label="Person")
    reason = forms.CharField(label="Reason", max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.filter(is_active=True).order_by("printed_name")  # type: ignore[attr-defined]


class StationForm(forms.Form):
    """A new station."""

    code = forms.RegexField(CODE, label="Code", max_length=30, help_text=CODE_HINT)
    name = forms.CharField(label="Name", max_length=80)
    public_key = forms.CharField(
        label="Public key (Ed25519, PEM)", widget=forms.Textarea(attrs={"rows": 4}), max_length=1000
    )
    qualified_until = forms.DateField(label="Qualified until", widget=DATE, help_text="YYYY-MM-DD")
    reason = forms.CharField(label="Reason", max_length=500)


class StationEditForm(StationForm):
    """A change of a station; its code stays."""

    is_active = forms.BooleanField(label="In service", required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["code"]


class ChallengeSetForm(forms.Form):
    """A challenge set: a zip of known units with their manifest and expected.csv."""

    name = forms.CharField(label="Name", max_length=60)
    archive = forms.FileField(
        label="Zip of the known units",
        help_text="Photographs, manifest.csv, and expected.csv with the columns unit_id, outcome, defect.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip"}),
    )
    reason = forms.CharField(label="Reason", max_length=500)
