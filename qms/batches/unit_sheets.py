"""Reads of single units with everything a reviewer sees beside the picture.

A constant number of queries for any number of units. Writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from qms.batches.challenges import region_of
from qms.batches.decisions import describe
from qms.batches.inference import CROP_MARGIN
from qms.batches.models import BatchRecord, Decision, Result, VialImage
from qms.batches.reason_codes import write_reason
from qms.batches.review_units import confidence_of, read_entries
from qms.batches.verdicts import REJECT, UnitState, read_unit
from qms.web.moments import write_iso, write_local, write_utc


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture. Units: fractions of its width and height, as text."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One decision as the reviewer reads it: who, when, what, why."""

    who: str
    at: dt.datetime
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnitSheet:
    """One unit as the lightbox and its page show it.

    ``crop`` is the square that the model saw, ``region`` the unit in the photograph.
    """

    unit_id: str
    file_name: str
    sha256: str
    width: int
    height: int
    region: Box | None
    crop: Box | None
    outcome: str
    answer: str
    confidence: Decimal | None
    explanation: str
    has_overlay: bool
    overlay_method: str
    defect_id: int | None
    defect: str
    decided_defect: str
    state: UnitState
    lines: tuple[SheetLine, ...]

    @property
    def shown_verdict(self) -> str:
        """Return the verdict word for the frame: good, reject, waiting, undecided or failed."""
        if not self.outcome:
            return "failed"
        if self.state.is_waiting:
            return "waiting"
        return self.state.verdict or "undecided"

    @property
    def verdict_text(self) -> str:
        """Return what the unit counts as, in words."""
        if self.shown_verdict == "waiting":
            return "Reject; good waits for a second person"
        words = {"good": "Good", "reject": "Reject", "undecided": "Undecided", "failed": "No result"}
        text = words[self.shown_verdict]
        return f"{text}: {self.decided_defect}" if self.state.verdict == REJECT and self.decided_defect else text

    @property
    def decided_by(self) -> int | None:
        """Return who made the decision that stands."""
        return self.state.top.entry.by if self.state.top else None


def list_sheets(batch: BatchRecord, image_ids: Sequence[int]) -> list[UnitSheet]:
    """Return the sheets of these images, in their order."""
    rows = (
        VialImage.objects.filter(batch=batch, pk__in=image_ids)
        .select_related("result__defect", "result__overlay")
        .prefetch_related("decisions__decided_by", "decisions__defect")
    )
    names = {row.pk: row.name for row in batch.lot.product.defects.all()}
    classes = (batch.recipe or {}).get("classes", ())
    by_id = {image.pk: make_sheet(image, classes=classes, names=names) for image in rows}
    return [by_id[pk] for pk in image_ids if pk in by_id]


def make_sheet(image: VialImage, *, classes: Sequence[str], names: Mapping[int, str]) -> UnitSheet:
    """Return the sheet of one image whose relations are loaded."""
    result: Result | None = getattr(image, "result", None)
    decisions = sorted(image.decisions.all(), key=lambda row: row.pk)
    state = read_unit(result.outcome if result else "", read_entries(decisions))
    overlay = getattr(result, "overlay", None)
    model_defect = result.defect if result else None
    decided = state.defect or (model_defect.pk if model_defect else None)
    return UnitSheet(
        unit_id=image.unit_id,
        file_name=image.name,
        sha256=image.original_id,
        width=image.width,
        height=image.height,
        region=read_box(image.region),
        crop=crop_box(image.region),
        outcome=result.outcome if result else "",
        answer=answer_of(result, classes),
        confidence=confidence_of(result.probabilities) if result else None,
        explanation=result.explanation if result else "",
        has_overlay=overlay is not None,
        overlay_method=overlay.method if overlay is not None else "",
        defect_id=model_defect.pk if model_defect else None,
        defect=model_defect.name if model_defect else "",
        decided_defect=names.get(decided, "") if decided else "",
        state=state,
        lines=tuple(make_lines(decisions)),
    )


def make_lines(decisions: Iterable[Decision]) -> Iterable[SheetLine]:
    """Yield the decisions of a unit as lines to read."""
    for row in decisions:
        reason = write_reason(row.reason_code, row.reason_text)
        yield SheetLine(row.decided_by.printed_name, row.decided_at, describe(row), reason)


def answer_of(result: Result | None, classes: Sequence[str]) -> str:
    """Return the class that the model found likeliest, in its own words."""
    if result is None or len(result.probabilities) != len(classes) or not classes:
        return ""
    best = max(range(len(classes)), key=lambda place: Decimal(result.probabilities[place]))
    return str(classes[best]).replace("_", " ")


def read_box(region: Mapping[str, str] | None) -> Box | None:
    """Return a stored region as a box."""
    return None if region is None else Box(region["x"], region["y"], region["width"], region["height"])


def crop_box(region: Mapping[str, str] | None) -> Box | None:
    """Return the square part that the model saw, as in `qms.batches.regions`; it may reach beyond the picture."""
    box = region_of(region)
    if box is None:
        return None
    cx, cy = box.centre
    side = CROP_MARGIN * max(box.w, box.h)
    return Box(f"{cx - side / 2:f}", f"{cy - side / 2:f}", f"{side:f}", f"{side:f}")


def sheet_json(sheet: UnitSheet, *, person_id: int | None) -> dict[str, Any]:
    """Return a sheet for the lightbox's script."""
    state = sheet.state
    return {
        "unit": sheet.unit_id,
        "file": sheet.file_name,
        "sha256": sheet.sha256,
        "size": [sheet.width, sheet.height],
        "region": box_json(sheet.region),
        "crop": box_json(sheet.crop),
        "outcome": sheet.outcome,
        "answer": sheet.answer,
        "confidence": "" if sheet.confidence is None else f"{sheet.confidence:.3f}",
        "explanation": sheet.explanation,
        "overlay": sheet.has_overlay,
        "defectId": sheet.defect_id,
        "defect": sheet.defect,
        "decided": sheet.decided_defect if sheet.state.verdict == REJECT else "",
        "verdict": sheet.shown_verdict,
        "text": sheet.verdict_text,
        "reviewed": state.is_reviewed,
        "overridden": state.is_overridden,
        "mine": sheet.decided_by is not None and sheet.decided_by == person_id,
        "seen": state.last_id,
        "lines": [line_json(line) for line in sheet.lines],
    }


def line_json(line: SheetLine) -> dict[str, str]:
    """Return a decision for the lightbox's script, its time written in the viewer's zone."""
    zone = timezone.get_current_timezone()
    return {
        "who": line.who,
        "at": write_iso(line.at),
        "when": write_local(line.at, zone),
        "utc": write_utc(line.at, zone),
        "what": line.what,
        "reason": line.reason,
    }


def box_json(box: Box | None) -> list[float] | None:
    """Return a box as numbers for drawing only."""
    return None if box is None else [float(box.x), float(box.y), float(box.width), float(box.height)]
