"""How forms look: label, hint, error and field, tied together for screen readers.

Owns the renderer that ``settings.FORM_RENDERER`` names, and the day that forms take. Decides
nothing else about input.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
SELECTS = (forms.Select, forms.SelectMultiple)
CHOICES = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)
DJANGO_ROWS, ROWS = "10", "3"  # Django's default height of a text area, and ours


class DayField(forms.DateField):
    """A day that can be reckoned with: calendars and time zones end where Python's years do."""

    default_validators = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class ShellBoundField(BoundField):
    """A field that gives its widget the class names of the style sheet."""

    @property
    def is_checkbox(self) -> bool:
        """Tell whether the label belongs behind the widget."""
        return isinstance(self.field.widget, forms.CheckboxInput)

    def build_widget_attrs(self, attrs: Mapping[str, Any], widget: forms.Widget | None = None) -> dict[str, bool | str]:
        """Return the widget's attributes with the class names and the height that belong to it."""
        built: dict[str, Any] = super().build_widget_attrs(dict(attrs), widget)
        shown = widget or self.field.widget
        if not shown.is_hidden:
            names = f"{shown.attrs.get('class', '')} {_class_of(shown)}".strip()
            built |= {"class": names} if names else {}
        if isinstance(shown, forms.Textarea) and shown.attrs.get("rows") == DJANGO_ROWS:
            built["rows"] = ROWS
        return built


class ShellRenderer(TemplatesSetting):
    """Render forms with the templates of ``templates/parts/form``."""

    form_template_name = "parts/form/form.html"
    field_template_name = "parts/form/field.html"
    bound_field_class = ShellBoundField


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, CHOICES):
        return ""
    return "form-select" if isinstance(widget, SELECTS) else "form-control"
