"""The page of a gap assessment: its clauses with their answers, how far it is, and the one that is open. Between views
and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qms.validating.forms_gaps import AnswerForm
from qms.validating.pages import ENGINEER, record_context
from qms.validating.table import read_number
from records.clock import now
from records.editing import FieldDifference
from records.evidence import Actor
from records.workflow import workflow_of
from validation.gap_progress import Progress, closed_places, count_progress, lacking_plan
from validation.gaps import answers_of, unlinked_files
from validation.models import GapAnswer, GapAssessment, GapClosure

SHOWN = ("reason", "shown_by", "risk", "remediation", "control", "due_on", "answer")


@dataclass(frozen=True, slots=True)
class Line:
    """One clause as the table shows it. ``lacks`` says what its plan still needs."""

    position: int
    clause: dict[str, str]
    answer: GapAnswer | None
    closure: GapClosure | None
    lacks: str
    is_overdue: bool

    @property
    def is_open(self) -> bool:
        """Tell whether nobody answered the clause yet."""
        return self.answer is None

    @property
    def is_gap(self) -> bool:
        """Tell whether a remediation is still open."""
        return self.answer is not None and self.answer.is_gap and self.closure is None


def list_lines(assessment: GapAssessment) -> tuple[list[Line], Progress]:
    """Return every clause with its answer, and the counts over all."""
    rows, today = answers_of(assessment), now().date()
    closures = {row.position: list(row.closures.all()) for row in rows}
    closed = closed_places(closures, rows)
    by_place = {row.position: row for row in rows}
    lines = []
    for position, clause in enumerate(assessment.asked, 1):
        row = by_place.get(position)
        closure = closures[position][-1] if position in closed else None
        is_late = bool(row and row.is_gap and position not in closed and row.due_on and row.due_on < today)
        lines.append(Line(position, clause, row, closure, lacking_plan(row) if row else "", is_late))
    return lines, count_progress(len(lines), rows, closed=closed, today=today)


def progress_of(assessment: GapAssessment) -> Progress:
    """Return the counts of an assessment whose answers and closures were fetched with it."""
    rows = list(assessment.answers.all())
    closed = closed_places({row.position: list(row.closures.all()) for row in rows}, rows)
    return count_progress(len(assessment.asked), rows, closed=closed, today=now().date())


def next_open(assessment: GapAssessment, *, after: int) -> int:
    """Return the place of the next clause without an answer, from the start again if need be; else 0."""
    answered = set(assessment.answers.values_list("position", flat=True))
    places = [place for place in range(1, len(assessment.asked) + 1) if place not in answered]
    return next((place for place in places if place > after), places[0] if places else 0)


def answer_form(assessment: GapAssessment, row: GapAnswer | None) -> AnswerForm:
    """Return the form of a clause, filled with its answer."""
    initial: dict[str, Any] = {"seen": row.revision if row else 0}
    if row is not None:
        initial |= {name: getattr(row, name) for name in SHOWN}
        initial |= {"owner": row.owner_id, "execution": row.execution.number if row.execution else ""}
        initial["evidence"] = [found.attachment_id for found in row.evidence.all()]
    return AnswerForm(initial=initial, assessment=assessment)


def gap_context(
    assessment: GapAssessment,
    actor: Actor,
    *,
    clause: str = "",
    show: str = "",
    form: AnswerForm | None = None,
    differences: Sequence[FieldDifference] = (),
) -> dict[str, Any]:
    """Return everything on the page; ``form`` is the one that was sent, else that of the clause asked for."""
    lines, progress = list_lines(assessment)
    is_editable = assessment.state in workflow_of(assessment).editable_states and actor.holds(ENGINEER)
    wanted = read_number(clause)
    current = next((row for row in lines if row.position == wanted), None) if is_editable else None
    if current is not None and form is None:
        form = answer_form(assessment, current.answer)
    chosen = {"open": [row for row in lines if row.is_open], "gaps": [row for row in lines if row.is_gap]}
    return record_context(assessment, actor) | {
        "assessment": assessment,
        "lines": chosen.get(show, lines),
        "show": show if show in chosen else "",
        "progress": progress,
        "current": current,
        "form": form if current else None,
        "unlinked": unlinked_files(assessment),
        "differences": differences,
        "is_editable": is_editable,
        "first_open": next_open(assessment, after=0),
        "may_close": assessment.state == "approved" and (actor.holds(ENGINEER) or actor.holds("qa_manager")),
        "has_error": bool(form and form.errors),
    }
