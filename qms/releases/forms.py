"""Shapes of what people type about model versions."""

from __future__ import annotations

from django import forms

NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$"


class ModelForm(forms.Form):
    """A new model version."""

    name = forms.RegexField(NAME, label="Name", max_length=80)
    version = forms.RegexField(NAME, label="Version", max_length=40)
    artefact = forms.FileField(label="Model file (ONNX)", widget=forms.ClearableFileInput(attrs={"accept": ".onnx"}))
    classes = forms.CharField(
        label="Classes", max_length=1000, help_text="In the order of the model's output, apart by commas."
    )
    accept_at = forms.DecimalField(
        label="Good from", max_digits=5, decimal_places=4, help_text="Probability of the right class, such as 0.965."
    )
    reject_at = forms.DecimalField(
        label="Reject from",
        max_digits=5,
        decimal_places=4,
        help_text="Probability of another class. What lies between the two goes to a person.",
    )
    intended_use = forms.CharField(label="Intended use", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    reason = forms.CharField(label="Reason", max_length=500)

    def clean_classes(self) -> list[str]:
        """Return the classes as a list."""
        return [part.strip() for part in self.cleaned_data["classes"].split(",") if part.strip()]
