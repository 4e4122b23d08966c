"""A gap assessment with its answers and evidence, and the facts of a determination, made by the rules."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from tests.people import Person
from tests.validation.desk import PICTURE, Desk
from validation.gaps import AnswerText, add_gap_file, draft_gaps, save_answers
from validation.models import GapAssessment, System

EDITION = "part11-2023"
DUE = dt.date(2099, 1, 31)
CONTROL = "Print the page and sign it under SOP-9."


def make_gaps(system: System, engineer: Person, *, edition: str = EDITION) -> GapAssessment:
    """Begin an assessment of a system."""
    return draft_gaps(
        System.objects.get(pk=system.pk),
        actor=engineer.actor(),
        edition=edition,
        title="Vial inspection against Part 11",
        purpose="Shows what is missing before use.",
    )


def add_picture(assessment: GapAssessment, engineer: Person, *, name: str = "report.png") -> int:
    """Add a file to an assessment's evidence; return its key."""
    return add_gap_file(assessment, actor=engineer.actor(), name=name, content=io.BytesIO(PICTURE)).pk


def gap(owner: Person, position: int, **facts: Any) -> AnswerText:
    """Return a partly met clause with its whole plan."""
    whole: dict[str, Any] = {
        "reason": "It keeps no old values.",
        "risk": "high",
        "control": CONTROL,
        "owner_id": owner.user.pk,
        "due_on": DUE,
    }
    return AnswerText(position, "partly", **(whole | facts))


def answer_gaps(assessment: GapAssessment, engineer: Person, *, owner: Person) -> GapAssessment:
    """Answer every clause: the first partly with a plan, the second by not applicable, all others yes."""
    file = add_picture(assessment, engineer)
    texts = [
        gap(owner, 1),
        AnswerText(2, "na", reason="Nothing of the kind is done here."),
        *(AnswerText(place, "yes", evidence=(file,)) for place in range(3, len(assessment.asked) + 1)),
    ]
    return save_answers(assessment, texts, actor=engineer.actor())


def answered_gaps(desk: Desk) -> GapAssessment:
    """Begin an assessment of the desk's system and answer all of it."""
    return answer_gaps(make_gaps(desk.system, desk.engineer), desk.engineer, owner=desk.qa)


def determination_facts(system: System, *, owner: Person, **facts: Any) -> dict[str, Any]:
    """Return the facts of a determination about data of a system."""
    return {
        "system": system,
        "what": "Chromatograms and the results computed from them.",
        "predicate_rule": "21 CFR 211.194",
        "replaces_paper": True,
        "decision": "controlled",
        "decision_reason": "The release of a lot rests on these results.",
        "owner": owner.user,
        "kept_under": "gmp_batch_eu",
    } | facts


def curves(desk: Desk, **facts: Any) -> dict[str, Any]:
    """Return the facts of a determination about data of the desk's system."""
    return determination_facts(desk.system, owner=desk.qa, **facts)
