"""The parts of the documents that people comment on: headings, and paragraphs, each under a key made of its text.

Reads only. A kind of record is open to comments by its entry in `PARTS`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from records.models import ControlledRecord
from validation.errors_comments import NotCommentable
from validation.models import Protocol, SummaryReport, ValidationPlan

WHOLE, WHOLE_HEADING = "document", "The whole document"
_GAP = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document: its key, its heading, and its paragraphs as they stand."""

    key: str
    heading: str
    paragraphs: tuple[str, ...] = ()

    def find_paragraph(self, key: str) -> str | None:
        """Return the paragraph of a key, or None if it does not stand here any more."""
        return next((text for text in self.paragraphs if key_of_paragraph(text) == key), None)


def key_of_paragraph(text: str) -> str:
    """Return what names a paragraph: a digest of its text, so that a changed one is another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text; an empty line stands between two."""
    pieces = _GAP.split(text.replace("\r\n", "\n"))
    return tuple(piece.strip() for piece in pieces if piece.strip())


def plan_parts(record: ControlledRecord) -> Iterator[Part]:
    """Yield the sections of a plan."""
    plan = record if isinstance(record, ValidationPlan) else ValidationPlan.objects.get(pk=record.pk)
    for row in plan.sections.order_by("position"):
        yield Part(row.key, str(row), split_paragraphs(row.text))


def report_parts(record: ControlledRecord) -> Iterator[Part]:
    """Yield the three texts of a report, and what it takes from the records."""
    report = record if isinstance(record, SummaryReport) else SummaryReport.objects.get(pk=record.pk)
    yield Part("summary", "Summary", split_paragraphs(report.summary))
    yield Part("limits", "Limits of use", split_paragraphs(report.limits))
    yield Part("conclusion", "Conclusion", split_paragraphs(report.conclusion))
    yield Part("records", "What it rests on")


def protocol_parts(record: ControlledRecord) -> Iterator[Part]:
    """Yield purpose and steps of a protocol; a step keeps its key whatever is added or removed around it."""
    protocol = record if isinstance(record, Protocol) else Protocol.objects.get(pk=record.pk)
    yield Part("purpose", "Purpose", split_paragraphs(protocol.purpose))
    for row in protocol.steps.order_by("position"):
        texts = (row.instruction, row.expected, row.acceptance)
        yield Part(f"step-{row.pk}", f"Step {row.position}", tuple(text for text in texts if text.strip()))


PARTS: dict[str, Callable[[ControlledRecord], Iterable[Part]]] = {
    ValidationPlan._meta.label_lower: plan_parts,
    SummaryReport._meta.label_lower: report_parts,
    Protocol._meta.label_lower: protocol_parts,
}


def parts_of(record: ControlledRecord) -> list[Part]:
    """Return the parts of a document, the whole of it first. Raises: `NotCommentable`."""
    find = PARTS.get(record.kind)
    if find is None:
        raise NotCommentable(number=record.number)
    return [Part(WHOLE, WHOLE_HEADING), *find(record)]
