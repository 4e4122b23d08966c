"""What the pages of validation are made of. Between views and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from qms.validating.forms import ReasonForm
from qms.web.language import tell_refusal
from qms.web.navigation import find_url
from records.editing import FieldDifference
from records.errors import Refusal
from records.evidence import Actor
from records.models import ControlledRecord
from records.timeline import describe_events, events_of_records
from records.workflow import available_actions, check_transition, perform_transition
from signatures.manifestation import manifestation_of
from signatures.subjects import subject_of
from validation.models import System
from validation.periodic_reviews import is_overdue
from validation.risk import RISK_CLASSES, Level, RiskMatrix

HISTORY_SHOWN = 50
ENGINEER = "validation_engineer"

Made = TypeVar("Made")


def try_rule(form: forms.Form, rule: Callable[[], Made]) -> Made | None:
    """Call a rule; a refusal becomes an error of the form, and nothing typed is lost."""
    try:
        return rule()
    except Refusal as refusal:
        form.differences = keep_typed(form, refusal)  # type: ignore[attr-defined]  # shown by form.html
        return None


def keep_typed(form: forms.Form, refusal: Refusal, *, field: str = "revision") -> Sequence[FieldDifference]:
    """Tell a form's reader the refusal; return how a stale form differs from what was saved meanwhile.

    The stale form now counts as having seen that, so what was typed can be saved on purpose.
    """
    form.add_error(None, tell_refusal(refusal))
    if "differences" in refusal.facts:
        given: Any = form.data
        data = given.copy()
        data[field] = str(refusal.facts["revision"])
        form.data = data
    found: Any = refusal.facts.get("differences", ())
    return tuple(found)


def form_page(
    request: HttpRequest,
    form: forms.Form,
    *,
    title: str,
    button: str,
    text: str = "",
    record: ControlledRecord | None = None,
    removal: str = "",
) -> HttpResponse:
    """Return the page of a form that belongs to a record, or to the inventory."""
    context = {"form": form, "title": title, "button": button, "text": text, "record": record, "removal": removal}
    context["back"] = find_url(subject_of(record.kind).url_name, record.number) if record else ""
    return render(request, "validating/form.html", context, status=422 if form.errors else 200)


def revision_page(request: HttpRequest, record: ControlledRecord, actor: Actor, *, text: str = "") -> HttpResponse:
    """Ask why a signed record is opened for revision, and open it. Raises: as `check_transition`."""
    check_transition(record, "revise", actor=actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if try_rule(form, lambda: perform_transition(record, "revise", actor=actor, reason=reason)) is not None:
            return redirect(find_url(subject_of(record.kind).url_name, record.number))
    title = gettext("Revise {number}").format(number=record.number)
    return form_page(request, form, title=title, text=text, button="Open for revision", record=record)


def record_context(record: ControlledRecord, actor: Actor) -> dict[str, Any]:
    """Return what every page of a record shows: what can be signed, its signatures, its history."""
    return {
        "record": record,
        "actions": [row for row in available_actions(record, actor=actor) if row.route is not None],
        "moves": {row.action for row in available_actions(record, actor=actor) if row.route is None},
        "signatures": [
            manifestation_of(row, url=find_url("signing:signature-detail", row.number))
            for row in record.signatures.order_by("id")
        ],
        "entries": describe_events(list(events_of_records([record])[:HISTORY_SHOWN])),
        "is_engineer": actor.holds(ENGINEER),
        "review_overdue": overdue_system(record),
    }


def overdue_system(record: ControlledRecord) -> System | None:
    """Return the system that a record is about, if its periodic review is overdue."""
    found = getattr(record, "protocol", record)
    system = found if isinstance(found, System) else getattr(found, "system", None)
    return system if system is not None and is_overdue(system) else None


def csv_file(text: str, *, name: str) -> HttpResponse:
    """Return a table as a CSV file that no browser runs anything of."""
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def system_facts(system: System) -> list[tuple[str, Any]]:
    """Return an entry of the inventory as terms and texts."""
    platform = system.get_platform_category_display() if system.platform_category else None
    return [
        ("What it does", system.description),
        ("GAMP category", system.get_category_display()),
        *([("Platform's category", platform)] if platform else []),
        ("GxP relevance", system.get_gxp_relevance_display()),
        ("Why", system.relevance_reason),
        ("Open or closed", "open" if system.is_open else "closed"),
        ("System owner", system.owner.printed_name),
        ("Process owner", system.process_owner.printed_name),
        ("Next periodic review", system.next_review_on.isoformat() if system.next_review_on else None),
    ]


@dataclass(frozen=True, slots=True)
class MatrixPicture:
    """A matrix as rows of cells for the page: (heading, cells), each cell its word and its colour's name."""

    classes: list[tuple[str, list[tuple[str, str]]]]
    priorities: list[tuple[str, list[tuple[str, str]]]]


def draw_matrix(matrix: RiskMatrix) -> MatrixPicture:
    """Return both steps as tables, the most serious row first."""
    rank = {1: "high", 2: "medium", 3: "low"}
    classes = [
        (
            f"{severity.capitalize()} severity",
            [(f"Class {matrix.classes[severity, p]}", rank[matrix.classes[severity, p]]) for p in Level],
        )
        for severity in reversed(Level)
    ]
    priorities = [
        (
            f"Class {number}",
            [(matrix.priorities[number, d].capitalize(), matrix.priorities[number, d].value) for d in reversed(Level)],
        )
        for number in RISK_CLASSES
    ]
    return MatrixPicture(classes, priorities)
