"""A data-flow diagram as its page edits it: rows of stages, rows of flows, every problem and every difference named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext

from qms.validating.table import read_number
from qms.web.language import tell_refusal
from records.errors import Refusal, StaleRevision
from records.evidence import Actor
from validation.data_flows import LinkRow, StageRow, save_diagram
from validation.diagrams import CONTROLS, FLOW_CONTROLS, KINDS
from validation.models import DataFlow

NEW_STAGES, NEW_LINKS = 3, 4


class DataFlowForm(forms.Form):
    """What a diagram is called and what it covers."""

    title = forms.CharField(label="Title", max_length=200)
    scope = forms.CharField(label="Scope", max_length=4_000, strip=False, widget=forms.Textarea(attrs={"rows": 3}))
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class RowForm(forms.Form):
    """One row of a table; its labels are spoken, the headings show them."""

    key: str
    is_new: bool

    def __init__(self, *args: Any, key: str, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key, self.is_new = key, is_new
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{gettext(str(field.label))}: {key}"
        if is_new:
            del self.fields["is_removed"]

    def typed(self) -> dict[str, Any]:
        """Return what was typed, as the rule takes it."""
        given = {"is_removed": False} | self.cleaned_data
        return given | {"controls": tuple(given["controls"])}


class StageForm(RowForm):
    """A stage."""

    name = forms.CharField(label="Stage", max_length=80, required=False)
    kind = forms.ChoiceField(label="Kind", choices=(("", "–"), *KINDS.items()), required=False)
    records = forms.CharField(label="Records", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    controls = forms.MultipleChoiceField(
        label="Controls", choices=list(CONTROLS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_removed = forms.BooleanField(label="Take out", required=False)

    def row(self) -> StageRow | None:
        """Return the stage as typed, or nothing for a new row left empty."""
        given = self.typed()
        is_empty = not (given["name"] or given["records"] or given["controls"])
        return None if self.is_new and is_empty else StageRow(self.key, **given)


class LinkForm(RowForm):
    """A flow."""

    source = forms.ChoiceField(label="From", required=False)
    target = forms.ChoiceField(label="To", required=False)
    what = forms.CharField(label="Data", max_length=200, required=False)
    controls = forms.MultipleChoiceField(
        label="Controls",
        choices=[(name, CONTROLS[name]) for name in FLOW_CONTROLS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_removed = forms.BooleanField(label="Take out", required=False)

    def __init__(self, *args: Any, ends: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "target"):
            self.fields[name].choices = [("", "–"), *ends]  # type: ignore[attr-defined]

    def row(self) -> LinkRow | None:
        """Return the flow as typed, or nothing for a new row left empty."""
        given = self.typed()
        given["data"] = given.pop("what")
        is_empty = not (given["source"] or given["target"] or given["data"] or given["controls"])
        return None if self.is_new and is_empty else LinkRow(self.key, **given)


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A cell that reads otherwise in the database than on the page that was sent."""

    row: str
    label: str
    stored: str
    typed: str


class DataFlowTable:
    """Both tables as forms; ``problems`` are (text, where) for the error summary."""

    def __init__(self, data_flow: DataFlow, *, data: QueryDict | None = None) -> None:
        self.data_flow, self.data = data_flow, data
        self.problems: list[tuple[str, str]] = []
        self.differences: list[RowDifference] = []
        self.revision = read_number(data.get("revision", "")) if data is not None else data_flow.revision
        content = data_flow.content()
        self.stored = {row["id"]: row for row in (*content["stages"], *content["flows"])}
        new_stages = [f"new {number}" for number in range(1, NEW_STAGES + 1)]
        ends = [(row["id"], f"{row['id']} {row['name']}") for row in content["stages"]]
        ends += [(key, gettext("new stage {key}").format(key=key[4:])) for key in new_stages]
        self.stages = [self.stage_form(row["id"], row) for row in content["stages"]]
        self.stages += [self.stage_form(key) for key in new_stages]
        self.links = [self.link_form(row["id"], row, ends) for row in content["flows"]]
        self.links += [self.link_form(f"new {number}", None, ends) for number in range(1, NEW_LINKS + 1)]

    def stage_form(self, key: str, row: Mapping[str, Any] | None = None) -> StageForm:
        """Return the form of a stage, or of a new one."""
        return StageForm(self.data, prefix=f"s-{key.replace(' ', '-')}", initial=row, key=key, is_new=row is None)

    def link_form(self, key: str, row: Mapping[str, Any] | None, ends: Sequence[tuple[str, str]]) -> LinkForm:
        """Return the form of a flow, or of a new one."""
        initial = row and dict(row) | {"source": row["from"], "target": row["to"], "what": row["data"]}
        prefix = f"f-{key.replace(' ', '-')}"
        return LinkForm(self.data, prefix=prefix, initial=initial, key=key, is_new=row is None, ends=ends)

    def save(self, actor: Actor) -> bool:
        """Save both tables as typed; tell whether they were. What is wrong is in ``problems``."""
        for form in (*self.stages, *self.links):
            for name, errors in form.errors.items():
                self.problems += [(f"{form.key}: {error}", f"#id_{form.prefix}-{name}") for error in errors]
        if self.problems:
            return False
        stages = [row for form in self.stages if (row := form.row())]
        links = [link for form in self.links if (link := form.row())]
        try:
            save_diagram(self.data_flow, stages, links, actor=actor, revision=self.revision)
        except StaleRevision as refusal:
            self.problems.append((tell_refusal(refusal), ""))
            self.differences = list(self.find_differences())
            self.revision = DataFlow.objects.get(pk=self.data_flow.pk).revision
        except Refusal as refusal:
            self.problems.append((tell_refusal(refusal), ""))
        return not self.problems

    def find_differences(self) -> Iterator[RowDifference]:
        """Yield the cells that read otherwise now than the page that was sent."""
        for form in (*self.stages, *self.links):
            if form.is_new:
                continue
            row = self.stored[form.key]
            ends = {"source": row.get("from"), "target": row.get("to"), "what": row.get("data")}
            stored = row | ends | {"is_removed": False}
            for name, typed in form.cleaned_data.items():
                if stored[name] != typed:
                    label = gettext(str(form.fields[name].label))
                    yield RowDifference(form.key, label, tell_cell(stored[name]), tell_cell(typed))


def tell_cell(value: object) -> str:
    """Return a cell in words."""
    if isinstance(value, list):
        return ", ".join(gettext(CONTROLS[name]) for name in value) or gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)
