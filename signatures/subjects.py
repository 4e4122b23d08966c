"""What the kinds of records above tell the signing page and the rendition about themselves.

A kind that registers nothing is signed all the same, with its content shown field by
field. Holds no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from records.evidence import Actor
from records.models import ControlledRecord

Facts = list[tuple[str, str]]

PLAIN_RENDITION = "signatures/_rendition_plain.html"


SAID_ELSEWHERE = frozenset({"kind", "number"})
"""Fields that page and document show in their headings."""


def every_record(actor: Actor) -> QuerySet[ControlledRecord]:
    """Return all records: for kinds without a scope of their own."""
    return ControlledRecord.objects.all()


def plain_facts(content: Mapping[str, Any]) -> Facts:
    """Return the top-level values of a content as terms and texts."""
    return [
        (word_of(name), str(value))
        for name, value in content.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "" and name not in SAID_ELSEWHERE
    ]


def no_context(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give a rendition nothing beside its content."""
    return {}


@dataclass(frozen=True, slots=True)
class SubjectFile:
    """One file of the store that belongs to a record beside its attachments, such as a photograph."""

    name: str
    sha256: str
    purpose: str


def no_files(record: Any) -> Iterable[SubjectFile]:
    """Return nothing beside the attachments."""
    return ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of record as signing sees it.

    ``facts`` are the few lines above the sign button; ``rendition_template`` the body of
    the PDF, drawn from the frozen content alone with what ``rendition_context`` adds;
    ``visible`` the access rule; ``url_name`` the address of the record's page, which takes
    the record's number; ``pages`` names for an action the page where a person weighs it
    before signing. Alternatives of one decision share a page. ``files`` is what belongs to a
    complete copy beside the attachments.
    """

    kind: str
    url_name: str = ""
    facts: Callable[[Mapping[str, Any]], Facts] = plain_facts
    rendition_template: str = PLAIN_RENDITION
    rendition_context: Callable[[Mapping[str, Any]], dict[str, Any]] = no_context
    visible: Callable[[Actor], QuerySet[Any]] = every_record
    pages: Mapping[str, str] = field(default_factory=dict)
    files: Callable[[Any], Iterable[SubjectFile]] = no_files


_SUBJECTS: dict[str, Subject] = {}


def register_subject(subject: Subject) -> Subject:
    """Make a kind known to the signing page; return it."""
    _SUBJECTS[subject.kind] = subject
    return subject


def subject_of(kind: str) -> Subject:
    """Return what a kind told about itself, or the plain way to show it."""
    return _SUBJECTS.get(kind) or Subject(kind)


def word_of(name: str) -> str:
    """Return a field's name as words: ``units_received`` as "Units received"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
