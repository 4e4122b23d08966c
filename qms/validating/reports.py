"""A report of automated tests between its preview and its recording: kept by hash, its hash signed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext

from qms.validating.table import read_number
from records.stores import file_store
from validation.automation import Report, read_report
from validation.models import Execution

SALT = "validating.results"
HOURS_KEPT = 12
ACCEPTED = ".xml,.json"


class ReportForm(forms.Form):
    """A report, or the one that was looked at; ``steps`` are those that the preview offered to record."""

    file = forms.FileField(
        label="Report",
        required=False,
        help_text="JUnit XML, or JSON in the form that the documentation gives.",
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    steps = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, execution: Execution, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execution = execution

    def clean_steps(self) -> list[int]:
        """Return the numbers of the steps."""
        return [read_number(text) for text in self.cleaned_data["steps"].split(",") if text]

    def clean(self) -> dict[str, Any]:
        """Take the file, or believe the name and hash that this page signed itself."""
        given: dict[str, Any] = super().clean() or {}
        if not given.get("file"):
            given["kept"] = self.open_kept(given.get("kept", ""))
        return given

    def open_kept(self, text: str) -> dict[str, str]:
        """Return name and hash of the report that was looked at for this run."""
        if not text:
            raise forms.ValidationError(gettext("Choose a file first."))
        try:
            found: dict[str, str] = signing.loads(text, salt=SALT, max_age=HOURS_KEPT * 3600)
        except signing.BadSignature as error:
            raise forms.ValidationError(gettext("The preview is too old. Choose the file again.")) from error
        if found["execution"] != self.execution.number:
            raise forms.ValidationError(gettext("The preview is of another run. Choose the file again."))
        return found

    def read(self) -> Report:
        """Return the report. Raises: as `read_report`."""
        file, kept = self.cleaned_data["file"], self.cleaned_data["kept"]
        if file:
            return read_report(file.name or "", file.read())
        return read_report(kept["name"], file_store().read_checked(kept["sha256"]))

    def keep(self, report: Report) -> str:
        """Store a report under its hash and return what the next step names it by, signed."""
        stored = file_store().add_bytes(report.content)
        facts = {"name": report.file.name, "sha256": stored.sha256, "execution": self.execution.number}
        return signing.dumps(facts, salt=SALT)
