"""The PDF of a Knapp study as it is designed in earnest: 250 containers, 50 manual runs and 10 of the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from records.models import Version
from signatures.renditions import draw_rendition
from tests.bench.measuring import report
from tests.people import Person, make_crew
from tests.validation.desk import make_system, sign
from tests.validation.study_desk import all_runs, approved_study, inspectors, take_runs
from validation.knapp_design import Container
from validation.models import System
from validation.studies import write_conclusion

pytestmark = pytest.mark.django_db(transaction=True)

GOOD, REJECTS = 170, 80
TURNS = 3


@dataclass(frozen=True)
class Desk:
    system: System
    engineer: Person
    colleague: Person
    qa: Person


def test_study():
    crew = make_crew()
    engineer, colleague = crew.add("vera", "validation_engineer"), crew.add("emil", "validation_engineer")
    qa = crew.add("maria", "qa_manager")
    desk = Desk(make_system(engineer, owner=qa), engineer, colleague, qa)
    version = sign_report(desk)
    draw_rendition(version, "report")  # fonts and stylesheets are read once a process
    seconds = []
    for _ in range(TURNS):
        started = time.perf_counter()
        draw_rendition(version, "report")
        seconds.append(time.perf_counter() - started)
    best = min(seconds)
    report(
        "report of a Knapp study of 250 containers and 60 runs, PDF", f"{best:.1f} s", "<= 5 s", is_reached=best <= 5
    )


def sign_report(desk: Desk) -> Version:
    """Take every run of a whole design and have its report signed."""
    names = {n: f"V-{n:03}" for n in range(1, GOOD + REJECTS + 1)}
    found = [names[n] for n in range(3, 3 * REJECTS + 1, 3)]  # spread: numbers must not tell the rejects
    containers = [
        Container(name, "reject", ("crack", "fibre")[n % 2], "major") if name in found else Container(name, "good")
        for n, name in names.items()
    ]
    counts = {"good_planned": GOOD, "reject_planned": REJECTS, "rounds": 10, "machine_runs": 10}
    study = approved_study(desk, containers, inspectors=inspectors(5), **counts)
    take_runs(desk, study, all_runs(study, manual=found, machine=found))
    write_conclusion(study, "The machine is at least as good as people.", actor=desk.engineer.actor())
    sign(study, "report", desk.engineer)
    sign(study, "report", desk.qa)
    return Version.objects.filter(record_id=study.pk).latest("number")
