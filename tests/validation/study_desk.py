"""Knapp studies and data sets for tests: small ones, and the worked example of 60 rejects."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from records.clock import now
from tests.people import Person
from tests.validation.desk import sign
from validation.dataset_items import SetItem
from validation.datasets import SetFacts, add_items, begin_set
from validation.knapp_design import Container
from validation.models import DataSet, KnappStudy, System
from validation.studies import StudyDesign, design_study, set_containers, write_conclusion
from validation.study_runs import import_runs


class StudyDesk(Protocol):
    """Who and what the makers below need of a desk."""

    @property
    def system(self) -> System: ...
    @property
    def engineer(self) -> Person: ...
    @property
    def colleague(self) -> Person: ...
    @property
    def qa(self) -> Person: ...


GOOD = ("V-01", "V-03", "V-04", "V-06", "V-07", "V-09")
REJECTS = ("V-02", "V-05", "V-08", "V-10")
CONTAINERS = tuple(
    Container(name, "reject", "crack" if name == "V-02" else "particle", "critical" if name == "V-02" else "major")
    if name in REJECTS
    else Container(name, "good")
    for name in sorted((*GOOD, *REJECTS))
)


def inspectors(count: int = 2, *, qualified: dt.date | None = None) -> str:
    """Return a table of inspectors who qualified last month."""
    day = qualified or now().date() - dt.timedelta(days=30)
    return "code;name;qualified\n" + "\n".join(f"I{n};Inspector {n};{day}" for n in range(1, count + 1))


def a_design(**changes: object) -> StudyDesign:
    """Return the design of ten containers, two inspectors of two rounds and two machine runs."""
    usual: dict[str, object] = {
        "title": "Machine against people on line 1",
        "purpose": "Shows that the machine finds at least what people find.",
        "machine": "Model vial-identity 1.0, reject at 0.90, recipe 7",
        "inspectors": inspectors(),
        "false_reject_limit": Decimal("2.5"),
        "good_planned": len(GOOD),
        "reject_planned": len(REJECTS),
        "rounds": 2,
        "machine_runs": 2,
    }
    return StudyDesign(**usual | changes)  # type: ignore[arg-type]


def draft_study(desk: StudyDesk, containers: Sequence[Container] = CONTAINERS, **changes: object) -> KnappStudy:
    """Design a study with its containers."""
    study = design_study(desk.system, a_design(**changes), actor=desk.engineer.actor())
    return set_containers(study, containers, actor=desk.engineer.actor())


def approved_study(desk: StudyDesk, containers: Sequence[Container] = CONTAINERS, **changes: object) -> KnappStudy:
    """Design a study and have its design signed."""
    study = draft_study(desk, containers, **changes)
    sign(study, "approve", desk.engineer)
    sign(study, "approve", desk.qa)
    return KnappStudy.objects.get(pk=study.pk)


def table_of(study: KnappStudy, rejected: Mapping[str, Sequence[str]], *, leave_out: Sequence[str] = ()) -> str:
    """Return a table with a column for each run that says which containers it rejected."""
    lines = [";".join(("container", *rejected))]
    for row in study.containers:
        name = row["container"]
        if name not in leave_out:
            lines.append(";".join((name, *("reject" if name in run else "accept" for run in rejected.values()))))
    return "\n".join(lines)


def all_runs(study: KnappStudy, *, manual: Sequence[str] = REJECTS, machine: Sequence[str] = REJECTS) -> str:
    """Return a table of every planned run: people reject these, the machine those."""
    return table_of(study, {row.run: machine if row.is_machine else manual for row in study.planned_runs})


def take_runs(desk: StudyDesk, study: KnappStudy, text: str, *, reason: str = "") -> None:
    """Import a table of runs taken today."""
    import_runs(study, text, actor=desk.engineer.actor(), name="runs.csv", taken_on=now().date(), reason=reason)


def reported_study(desk: StudyDesk) -> KnappStudy:
    """Return a study with all runs, a conclusion and a signed report."""
    study = approved_study(desk)
    take_runs(desk, study, all_runs(study))
    write_conclusion(study, "The machine is at least as good as people.", actor=desk.engineer.actor())
    sign(study, "report", desk.engineer)
    sign(study, "report", desk.qa)
    return KnappStudy.objects.get(pk=study.pk)


def file_hash(text: str) -> str:
    """Return a SHA-256 for a made-up file."""
    return hashlib.sha256(text.encode()).hexdigest()


def an_item(name: str, **changes: str) -> SetItem:
    """Return a whole item of the stratum "crack"."""
    usual = {"sha256": file_hash(name), "stratum": "crack", "label": "reject", "verifier": "Rita Berg"}
    return SetItem(name=name, **usual | changes)


def set_facts(**changes: str) -> SetFacts:
    """Return a data set of two planned cracks, with criteria."""
    usual = {
        "title": "Cracked vials",
        "description": "Photographs of line 1, March to May.",
        "size_reason": "With no miss among two, nothing is shown; enough for a test.",
        "strata": "stratum;planned\ncrack;2",
        "criteria": "Every crack is found.",
        "incumbent": "People find 90 % of the cracks.",
    }
    return SetFacts(**usual | changes)


def draft_set(desk: StudyDesk, purpose: str = "test", items: Sequence[SetItem] = (), **changes: str) -> DataSet:
    """Begin a set and put items in, two made-up ones where none are given."""
    data_set = begin_set(desk.system, set_facts(**changes), actor=desk.engineer.actor(), purpose=purpose)
    made = list(items) or [an_item(f"{purpose}-1.png"), an_item(f"{purpose}-2.png")]
    add_items(data_set, made, actor=desk.engineer.actor())
    return DataSet.objects.get(pk=data_set.pk)


def signed_set(desk: StudyDesk, purpose: str = "test", items: Sequence[SetItem] = (), **changes: str) -> DataSet:
    """Return a set that is sealed, or approved where it is no test set."""
    data_set = draft_set(desk, purpose, items, **changes)
    action = "seal" if purpose == "test" else "approve"
    sign(data_set, action, desk.colleague)
    sign(data_set, action, desk.qa)
    return DataSet.objects.get(pk=data_set.pk)
