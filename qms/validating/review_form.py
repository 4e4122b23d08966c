"""A periodic review as its page edits it: a conclusion and what follows for each topic, every difference named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext

from qms.validating.forms import long_text
from qms.web.forms import DayField
from qms.web.language import tell_refusal
from records.errors import Refusal, StaleRevision
from records.evidence import Actor
from validation.models import PeriodicReview, ReviewItem
from validation.periodic_reviews import Conclusion, save_review


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A text that reads otherwise in the database than on the page that was sent."""

    label: str
    stored: str
    typed: str


class ReviewForm(forms.Form):
    """Conclusions topic by topic, the summary and the next day. Nothing is needed to save; all of it to sign."""

    summary = long_text("Summary", required=False)
    next_review_on = DayField(
        label="Next periodic review", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, review: PeriodicReview) -> None:
        self.review = review
        self.items = list(review.items.order_by("position"))
        stored = {"summary": review.summary, "next_review_on": review.next_review_on}
        for item in self.items:
            stored |= {f"conclusion-{item.topic}": item.conclusion, f"follow_up-{item.topic}": item.follow_up}
        super().__init__(data, initial=stored | {"revision": review.revision})
        self.differences: list[TextDifference] = []
        for item in self.items:
            for name, label in (("conclusion", "Conclusion"), ("follow_up", "What follows")):
                field = long_text(label, required=False, rows=2)
                field.widget.attrs["aria-label"] = f"{gettext(label)}: {gettext(item.title)}"
                self.fields[f"{name}-{item.topic}"] = field

    def topics(self) -> list[tuple[ReviewItem, BoundField, BoundField]]:
        """Return each topic with its two fields."""
        return [(row, self[f"conclusion-{row.topic}"], self[f"follow_up-{row.topic}"]) for row in self.items]

    def save(self, actor: Actor) -> bool:
        """Save what was typed; tell whether it was. A refusal becomes an error of the form."""
        typed = {name: plain(value) for name, value in self.cleaned_data.items()}
        conclusions = {
            row.topic: Conclusion(typed[f"conclusion-{row.topic}"], typed[f"follow_up-{row.topic}"])
            for row in self.items
        }
        try:
            save_review(
                self.review,
                actor=actor,
                revision=typed["revision"] or 0,
                summary=typed["summary"],
                next_review_on=typed["next_review_on"],
                conclusions=conclusions,
            )
        except Refusal as refusal:
            self.add_error(None, tell_refusal(refusal))
            if isinstance(refusal, StaleRevision):
                self.differences = list(self.find_differences(typed))
                self.data = dict(self.data.items()) | {"revision": self.review.revision}
        return not self.errors

    def find_differences(self, typed: Mapping[str, Any]) -> Iterator[TextDifference]:
        """Yield the texts that read otherwise now than on the page that was sent."""
        titles = {row.topic: row.title for row in self.items}
        for name, value in typed.items():
            if name != "revision" and (self.initial[name] or "") != (value or ""):
                title = gettext(titles.get(name.partition("-")[2], ""))
                label = f"{title} {gettext(str(self.fields[name].label))}".strip()
                yield TextDifference(label, str(self.initial[name] or ""), str(value or ""))


def plain(value: Any) -> Any:
    """Return a text with line ends as the database keeps them; anything else as it is."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value
