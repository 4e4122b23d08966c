"""The shapes of input in the regulator's rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet

from qms.accounts.models import User
from qms.batches.models import Lot, Product
from qms.batches.trail_review import OVERRIDES
from qms.web.forms import DayField
from records.models import ControlledRecord
from records.timeline import TimelineFilter

CATEGORIES = (
    ("", "All"),
    ("change", "Changes"),
    ("signature", "Signatures"),
    ("override", "Overrides"),
    ("access", "Access"),
    ("security", "Security"),
    ("system", "System"),
)


class TimelineForm(forms.Form):
    """The filter above a timeline; it lives in the address, so that it can be sent to a colleague."""

    show = forms.ChoiceField(choices=CATEGORIES, required=False, widget=forms.HiddenInput)
    person = forms.CharField(required=False, max_length=60, label="Person (user name)")
    since = DayField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = DayField(required=False, label="To (inclusive)", widget=forms.DateInput(attrs={"type": "date"}))

    def asked(self) -> TimelineFilter:
        """Return the filter; an invalid field is left out while the rest stays."""
        found: dict[str, Any] = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        show, until = found.get("show") or "", found.get("until")
        return TimelineFilter(
            category=show,
            acts=OVERRIDES if show == "override" else (),
            username=(found.get("person") or "").strip().casefold(),
            since=start_of(found.get("since")),
            until=start_of(until + dt.timedelta(days=1)) if until else None,
        )


def start_of(day: dt.date | None) -> dt.datetime | None:
    """Return the beginning of a day in UTC."""
    return None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


class AccessForm(forms.Form):
    """A new read-only access."""

    inspector = forms.ModelChoiceField(queryset=User.objects.none(), label="Inspector")
    agency = forms.CharField(max_length=80, help_text="For example FDA or EMA.")
    starts_on = DayField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="YYYY-MM-DD, from 00:00 UTC."
    )
    ends_on = DayField(
        label="Last day", widget=forms.DateInput(attrs={"type": "date"}), help_text="YYYY-MM-DD, until 24:00 UTC."
    )
    products = forms.ModelMultipleChoiceField(
        queryset=Product.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    lots = forms.ModelMultipleChoiceField(
        queryset=Lot.objects.none(), required=False, help_text="Single lots of other products."
    )
    may_export = forms.BooleanField(required=False, initial=True, label="May take copies away")
    contact = forms.CharField(max_length=160, help_text="Whom the inspector asks: name and telephone.")
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), help_text="For example the inspection's number.")

    def __init__(
        self, *args: Any, people: QuerySet[User], products: QuerySet[Product], lots: QuerySet[Lot], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("inspector", people), ("products", products), ("lots", lots)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def facts(self) -> dict[str, Any]:
        """Return what `grant_access` takes: whole days, the last one included."""
        given = self.cleaned_data
        names = ("agency", "products", "lots", "may_export", "contact", "reason")
        ends_on = given["ends_on"] + dt.timedelta(days=1)
        return {"starts_at": start_of(given["starts_on"]), "ends_at": start_of(ends_on)} | {
            name: given[name] for name in names
        }


class EndAccessForm(forms.Form):
    """Why an access ends now."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))


class RequestForm(forms.Form):
    """What the inspector asks for."""

    text = forms.CharField(max_length=2000, label="What do you need?", widget=forms.Textarea(attrs={"rows": 3}))


class AnswerForm(forms.Form):
    """The quality unit's answer to a request."""

    record = forms.CharField(
        max_length=32, required=False, label="Record to provide", help_text="Its number, for example BR-2026-0007."
    )
    answer = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, may_provide: Callable[[ControlledRecord], bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_provide = may_provide

    def clean_record(self) -> ControlledRecord | None:
        """Return the record named, or None where none is named; one out of sight is as one that is not there."""
        number = self.cleaned_data["record"].strip()
        if not number:
            return None
        found = ControlledRecord.objects.filter(number__iexact=number).first()
        if found is None or not self.may_provide(found):
            raise forms.ValidationError(f"There is no record {number}.", code="inspections.no_such_record")
        return found
