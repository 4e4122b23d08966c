"""A manifest on its way into a data set: read, shown with its faults, stored whole."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from qms.validating import pages
from qms.validating.forms_studies import ItemsForm
from records.evidence import Actor
from records.uploads.deliveries import Quarantine
from validation.dataset_items import SetItem, draw_up, hash_zip, read_items, whole_items, write_table
from validation.datasets import add_items
from validation.models import DataSet
from validation.tables import ReadRow


class ItemsImport:
    """What a form holds: ``lines`` as read; ``is_drawn_up`` where the table was made from the zip alone."""

    def __init__(self, data_set: DataSet, form: ItemsForm) -> None:
        self.data_set = data_set
        self.form = form
        self.lines: list[tuple[ReadRow, SetItem]] = []
        self.is_drawn_up = False

    @property
    def faulty(self) -> list[ReadRow]:
        """Return the lines with a fault."""
        return [line for line, _ in self.lines if line.faults]

    def read(self) -> None:
        """Read table and zip, and show the table with the hashes of the files."""
        typed = self.form.cleaned_data
        text, archive, hashed = typed.get("table", ""), typed.get("archive"), {}
        if archive:
            quarantine = Quarantine(Path(settings.VAR) / "quarantine")
            hashed = pages.try_rule(self.form, lambda: hash_zip(archive, quarantine)) or {}
            if hashed and not text.strip():
                text = write_table(draw_up(hashed))
                self.is_drawn_up = True
        if not self.form.errors:
            self.lines = pages.try_rule(self.form, lambda: read_items(text, hashed=hashed)) or []
        if self.lines:
            text = write_table(item for _, item in self.lines)
        self.form.show_text(text)

    def save(self, actor: Actor) -> bool:
        """Store the items; tell whether they are."""
        if not self.lines:
            return False
        rule = lambda: add_items(self.data_set, whole_items(self.lines), actor=actor)  # noqa: E731
        return pages.try_rule(self.form, rule) is not None
