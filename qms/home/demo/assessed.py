"""The demonstration's worked example of a gap assessment: an off-the-shelf tool for stability data, held to Part 11.

Each step does only what is missing.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from qms.home.demo.assessed_text import ANSWERS, DETERMINATION, FILES, PURPOSE, TITLE, TOOL
from qms.home.demo.cast import Cast
from qms.home.demo.signing import ensure_signed
from records.clock import now
from validation.clauses import PART11
from validation.determinations import draft_determination
from validation.gaps import AnswerText, add_gap_file, draft_gaps, save_answers
from validation.inventory import register_system
from validation.models import GapAssessment, RecordDetermination, System

ENGINEER, LABORATORY, REVIEWER, QUALITY = "vera", "maria", "rita", "quentin"
REASON = "the laboratory wants to use it for the stability study"


def tell_gap_assessment(cast: Cast) -> None:
    """Register the tool, answer every clause with evidence and plans, and have the assessment signed."""
    system = ensure_tool(cast)
    found = GapAssessment.objects.filter(system=system).first() or draft_gaps(
        system, actor=cast.actor(ENGINEER), edition=PART11.id, title=TITLE, purpose=PURPOSE
    )
    if not found.answers.exists():
        save_answers(found, make_answers(cast, keep_files(cast, found)), actor=cast.actor(ENGINEER))
    ensure_signed(cast, found, "approve", REVIEWER, QUALITY)
    if not RecordDetermination.objects.filter(system=system).exists():
        facts = DETERMINATION | {"system": system, "owner": cast.user(LABORATORY)}
        draft_determination(actor=cast.actor(ENGINEER), **facts)


def ensure_tool(cast: Cast) -> System:
    """Return the tool's entry in the inventory."""
    people: dict[str, Any] = {"owner": cast.user("ada"), "process_owner": cast.user(LABORATORY)}
    return System.objects.filter(title=TOOL["title"]).first() or register_system(
        actor=cast.actor(ENGINEER), reason=REASON, **TOOL, **people
    )


def keep_files(cast: Cast, assessment: GapAssessment) -> dict[str, int]:
    """Add the files of evidence; return their keys by their short names."""
    kept = {}
    for short, (name, rows) in FILES.items():
        sheet = io.StringIO()
        csv.writer(sheet, lineterminator="\n").writerows(rows)
        content = io.BytesIO(sheet.getvalue().encode())
        kept[short] = add_gap_file(assessment, actor=cast.actor(ENGINEER), name=name, content=content).pk
    return kept


def make_answers(cast: Cast, files: dict[str, int]) -> list[AnswerText]:
    """Return every answer as the engineer gave it, due so many days from today."""
    places = {clause.id: place for place, clause in enumerate(PART11.clauses, 1)}
    today, found = now().date(), []
    for clause, answer, reason, shown, *plan in ANSWERS:
        facts: dict[str, Any] = {
            "reason": reason,
            "shown_by": "; ".join(f"{FILES[short][0]}: {where}" for short, where in shown.items()),
            "evidence": tuple(files[short] for short in shown),
        }
        if plan:
            risk, remediation, control, owner, days = plan
            facts |= {"risk": risk, "remediation": remediation, "control": control}
            facts |= {"owner_id": cast.user(owner).pk, "due_on": today + dt.timedelta(days=days)}
        found.append(AnswerText(places[clause], answer, **facts))
    return found
