"""The requirement table as a page edits it: a part of the rows, a few new ones, and every problem named."""

from __future__ import annotations

from django.http import QueryDict

from qms.validating.forms import RequirementForm
from qms.web.language import tell_refusal
from records.errors import Refusal
from records.evidence import Actor
from validation.models import Requirement, RequirementSet
from validation.requirements import save_rows

ROWS_SHOWN = 50
NEW_ROWS = 3
RATED = ("failure_mode", "severity", "probability", "detectability")


class RequirementTable:
    """One part of a requirement set as forms; ``problems`` are (text, where) for the error summary."""

    def __init__(self, requirement_set: RequirementSet, *, query: QueryDict, data: QueryDict | None = None) -> None:
        self.requirement_set = requirement_set
        self.data = data
        self.problems: list[tuple[str, str]] = []
        start = read_number(query.get("from", ""))
        rows = requirement_set.requirements.filter(position__gt=start, is_withdrawn=False)
        found = list(rows.prefetch_related("risks").order_by("position")[: ROWS_SHOWN + 1])
        self.next_start = found[ROWS_SHOWN - 1].position if len(found) > ROWS_SHOWN else 0
        self.forms = [self.form_of(row) for row in found[:ROWS_SHOWN]]
        self.new_forms = [
            RequirementForm(data, prefix=f"n{number}", position=0, ref=f"new row {number}")
            for number in range(1, NEW_ROWS + 1)
        ]

    @property
    def revision(self) -> int:
        """Return the revision that the reader saw."""
        return read_number(self.data.get("revision", "")) if self.data else self.requirement_set.revision

    def form_of(self, row: Requirement) -> RequirementForm:
        """Return the form of a requirement with its first risk."""
        risk = next(iter(row.risks.all()), None)
        initial = {"text": row.text, "source": row.source}
        initial |= {name: getattr(risk, name) for name in RATED} if risk else {}
        return RequirementForm(
            self.data, prefix=f"r{row.position}", initial=initial, position=row.position, ref=row.ref
        )

    def save(self, actor: Actor) -> bool:
        """Save the table as typed; tell whether it was. What is wrong is in ``problems``."""
        forms = [*self.forms, *self.new_forms]
        for form in forms:
            for name, errors in form.errors.items():
                self.problems += [(f"{form.ref}: {error}", f"#id_{form.prefix}-{name}") for error in errors]
        if self.problems:
            return False
        try:
            rows = [form.row() for form in forms]
            save_rows(self.requirement_set, rows, actor=actor, revision=self.revision)
        except Refusal as refusal:
            self.problems.append((tell_refusal(refusal), ""))
        return not self.problems


def read_number(text: str) -> int:
    """Return a small whole number that a page sent, or 0."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
