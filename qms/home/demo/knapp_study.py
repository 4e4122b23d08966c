"""The Knapp study of the demonstration: signed before its runs, imported whole, reported. Its numbers are made up.

Each step does only what is missing.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from qms.home.demo.cast import Cast
from qms.home.demo.knapp_data import MADE_FOR, made_up_containers, made_up_table
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import SECOND_ENGINEER, SECOND_QUALITY
from qms.home.demo.stock import MODEL_NAME
from qms.home.demo.validated_text import SYSTEM
from records.clock import now
from validation.models import KnappStudy, System
from validation.studies import StudyDesign, design_study, set_containers, write_conclusion
from validation.study_runs import import_runs

INSPECTORS = ("Ana Silva", "Jonas Ortiz", "Kim Wu", "Lena Hoff", "Omar Diaz")
QUALIFIED_DAYS_AGO = 60
CONCLUSION = (
    "The machine finds at least what people find, and no critical container escapes it. Of the scratches, which are "
    "minor, it finds a little less, and one it never rejects; scratches stay in the sample after inspection."
)


def tell_knapp_design(cast: Cast) -> None:
    """Design the study of 250 containers and have the design signed."""
    study = KnappStudy.objects.first() or design_study(
        System.objects.get(title=SYSTEM["title"]), a_design(), actor=cast.actor(SECOND_ENGINEER)
    )
    if not study.containers:
        set_containers(study, made_up_containers(), actor=cast.actor(SECOND_ENGINEER))
    ensure_signed(cast, study, "approve", SECOND_ENGINEER, SECOND_QUALITY)


def tell_knapp_study(cast: Cast) -> None:
    """Import fifty manual and ten machine runs, conclude, and have the report signed."""
    study = KnappStudy.objects.get()
    if not study.runs.exists():
        import_runs(
            study,
            made_up_table(made_up_containers(), study.planned_runs),
            actor=cast.actor(SECOND_ENGINEER),
            name=f"{MADE_FOR}.csv",
            taken_on=timezone.localdate(),
        )
    if not study.conclusion:
        write_conclusion(study, CONCLUSION, actor=cast.actor(SECOND_ENGINEER))
    ensure_signed(cast, study, "report", SECOND_ENGINEER, SECOND_QUALITY)


def a_design() -> StudyDesign:
    """Return the usual design: 170 containers and 80 known rejects, five inspectors of ten rounds, ten machine runs."""
    qualified = (now() - dt.timedelta(days=QUALIFIED_DAYS_AGO)).date().isoformat()
    people = [f"I{number}; {name}; {qualified}" for number, name in enumerate(INSPECTORS, 1)]
    return StudyDesign(
        title="Knapp study of the vial inspection",
        purpose="Shows that the machine inspects at least as well as people. "
        f"All numbers are {MADE_FOR}: no vial was inspected for them.",
        machine=f"Station CAM-1, model {MODEL_NAME} 1.0 with its released thresholds, recipe 7",
        inspectors="\n".join(("code; name; qualified", *people)),
        false_reject_limit=Decimal(1),
    )
