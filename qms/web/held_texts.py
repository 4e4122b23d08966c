"""Gathers for translators what Python holds as data: it is translated where it is shown, so no call marks it.

Refusals, acts, workflow tables, choices of models, labels and hints of forms, the navigation, help and glossary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.apps import apps
from django.forms import BaseForm
from django.urls import get_resolver

from qms.web import glossary, navigation, refusals, views
from records.acts import all_acts
from records.errors import Refusal
from records.workflow import all_workflows
from validation import gaps
from validation.document_parts import WHOLE_HEADING

Kind = TypeVar("Kind")


def collect_texts() -> list[str]:
    """Return each text once, in order."""
    _ = get_resolver().url_patterns  # loads every app's views, so every form and every refusal
    found = [
        *(kind.message for kind in _below(Refusal)),
        *(act.sentence for act in all_acts()),
        *_words_of_workflows(),
        *_words_of_choices(),
        *_words_of_forms(),
        *(entry.label for entry in navigation.ENTRIES),
        *refusals.TITLES.values(),
        *refusals.HELPERS.values(),
        *views.TOPICS.values(),
        *gaps.LABELS.values(),
        WHOLE_HEADING,
        *glossary.TERMS,
        *glossary.TERMS.values(),
    ]
    return sorted({text for text in found if text})


def _below(kind: type[Kind]) -> Iterator[type[Kind]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def _words_of_workflows() -> Iterator[str]:
    for workflow in all_workflows():
        yield from (row.label for row in workflow.states)
        yield from (row.label for row in workflow.transitions)


def _words_of_choices() -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.fields:
            yield from _labels(field.choices or ())


def _words_of_forms() -> Iterator[str]:
    for form in _below(BaseForm):
        for field in getattr(form, "base_fields", {}).values():
            yield from (str(text) for text in (field.label, field.help_text) if text)
            if isinstance(given := vars(field).get("_choices"), list):
                yield from _labels(given)


def _labels(choices: Iterable[Any]) -> Iterator[str]:
    for choice in choices:
        if isinstance(choice, (tuple, list)) and len(choice) == 2:
            yield from _labels(choice[1]) if isinstance(choice[1], (tuple, list)) else (str(choice[1]),)
