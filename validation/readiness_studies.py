"""What must be true before a Knapp study or a data set is signed: guards of their workflow tables."""

from __future__ import annotations

import datetime as dt

from records.clock import now
from records.evidence import Actor
from records.models import ControlledRecord
from records.versions import is_current
from records.workflow import Guard
from signatures.queries import taken_seats
from validation.errors_records import AuthorCannotApprove
from validation.errors_studies import (
    CriteriaLocked,
    DeveloperCannotWitness,
    DeveloperOpensAlone,
    OnlyForTestSets,
    RunsTaken,
    SealedNotApproved,
    SetIncomplete,
    SetsOverlap,
    StudyIncomplete,
    StudyInconclusive,
    StudyRunsOpen,
)
from validation.knapp_design import QUALIFIED_DAYS, tells_labels
from validation.models import DataSet, KnappStudy
from validation.overlap import find_overlap
from validation.readiness import as_kind

DEVELOPER = "data_scientist"
PAIRS_NAMED = 5


def author_keeps_first_seat(action: str) -> Guard:
    """Return a guard that keeps whoever wrote a record from the quality seat of an action.

    It raises `AuthorCannotApprove`. Serves: 21 CFR 11.10(g), 211.22.
    """

    def guard(record: ControlledRecord, actor: Actor) -> None:
        newest = record.versions.order_by("-number").first()
        if newest is None or actor.user_id != record.author_id or not taken_seats(newest, action):
            return
        if is_current(newest, record.concrete()):
            raise AuthorCannotApprove(number=record.number)

    return guard


def study_is_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a design that leaves open what is inspected, by whom, or that is not blind.

    Raises: `StudyIncomplete`. Serves: EU GMP Annex 1 §8.31, 8.32.
    """
    study = as_kind(record, KnappStudy)
    if why := next(iter(_study_faults(study)), ""):
        raise StudyIncomplete(number=study.number, why=why)


def _study_faults(study: KnappStudy) -> list[str]:
    counts = {kind: sum(row["kind"] == kind for row in study.containers) for kind in ("good", "reject")}
    planned = {"good": study.good_planned, "reject": study.reject_planned}
    faults = [
        f"it plans {planned[kind]} {word} and lists {counts[kind]}"
        for kind, word in (("good", "containers from production"), ("reject", "known rejects"))
        if counts[kind] != planned[kind]
    ]
    if tells_labels(study.containers):
        faults.append("the containers' numbers alone tell the rejects, so nobody would inspect blind; mix the numbers")
    if not study.inspectors:
        faults.append("it names no inspector")
    today = now().date()
    faults += [
        f"{row['name']} was qualified on {row['qualified']}, more than a year ago or not yet"
        for row in study.inspectors
        if not 0 <= (today - dt.date.fromisoformat(row["qualified"])).days <= QUALIFIED_DAYS
    ]
    return faults


def no_run_is_taken(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to change a design under which runs were taken. Raises: `RunsTaken`. Serves: EU GMP Annex 15 §2.7."""
    if count := as_kind(record, KnappStudy).runs.count():
        raise RunsTaken(number=record.number, runs=count)


def study_is_complete(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a report while a run is missing, nothing can be compared, or nobody wrote what follows.

    Raises: `StudyRunsOpen`, `StudyInconclusive`.
    """
    study = as_kind(record, KnappStudy)
    taken = {row.run for row in study.standing_runs()}
    waiting = [row.run for row in study.planned_runs if row.run not in taken]
    if waiting:
        planned = len(study.planned_runs)
        raise StudyRunsOpen(number=study.number, waiting=len(waiting), planned=planned, run=waiting[0])
    why = ""
    if study.result() is None:
        why = "people rejected no container often enough for the reject zone"
    elif not study.conclusion.strip():
        why = "nobody wrote its conclusion"
    if why:
        raise StudyInconclusive(number=study.number, why=why)


def is_no_test_set(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to approve a test set, which is sealed instead. Raises: `SealedNotApproved`."""
    if as_kind(record, DataSet).is_test:
        raise SealedNotApproved(number=record.number)


def is_test_set(record: ControlledRecord, actor: Actor) -> None:
    """Refuse what only a test set knows. Raises: `OnlyForTestSets`."""
    data_set = as_kind(record, DataSet)
    if not data_set.is_test:
        raise OnlyForTestSets(number=record.number, purpose=data_set.get_purpose_display().lower())


def set_is_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a set below its plan, with unverified labels, or a test set without criteria.

    Raises: `SetIncomplete`. Serves: draft EU GMP Annex 22 §4, 5.
    """
    data_set = as_kind(record, DataSet)
    if why := next(iter(_set_faults(data_set)), ""):
        raise SetIncomplete(number=data_set.number, why=why)


def _set_faults(data_set: DataSet) -> list[str]:
    strata = data_set.count_strata()
    faults = [] if strata else ["it has no strata"]
    faults += [
        f"stratum {row['stratum']} has {row['actual']} of {row['planned']} planned items"
        for row in strata
        if row["actual"] < row["planned"]
    ]
    faults += [f"stratum {row['stratum']} is not in the plan" for row in strata if not row["planned"]]
    for row in data_set.items.filter(excluded_because="").order_by("pk"):
        if not row.label or not row.verifier:
            faults.append(
                f"{row.name} has no {'verifier' if row.label else 'label'}; exclude it with a reason or add it"
            )
            break
    if data_set.is_test:
        faults += [] if data_set.criteria.strip() else ["it has no acceptance criteria"]
        faults += [] if data_set.incumbent.strip() else ["it does not say what the replaced process achieves"]
    return faults


def set_is_independent(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a set that shares items with one it must be independent of. Raises: `SetsOverlap` naming the pairs.

    Serves: draft EU GMP Annex 22 §6.
    """
    if pairs := find_overlap(as_kind(record, DataSet)):
        named = "; ".join(str(pair) for pair in pairs[:PAIRS_NAMED])
        more = f"; and {len(pairs) - PAIRS_NAMED} more" if len(pairs) > PAIRS_NAMED else ""
        raise SetsOverlap(number=record.number, pairs=named + more)


def criteria_are_open(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to change a set that was opened once. Raises: `CriteriaLocked`. Serves: draft EU GMP Annex 22 §4."""
    first = as_kind(record, DataSet).openings.first()
    if first is not None:
        raise CriteriaLocked(number=record.number, day=f"{first.opened_at:%Y-%m-%d}")


def is_developer(data_set: DataSet, actor: Actor) -> bool:
    """Tell whether somebody works on the development of the set's system.

    A data scientist does, and whoever wrote a training or tuning set or a model of the system.
    """
    if actor.holds(DEVELOPER):
        return True
    system = data_set.system
    if system.data_sets.exclude(purpose=DataSet.Purpose.TEST).filter(author_id=actor.user_id).exists():
        return True
    return system.items.filter(kind="ai_model", record__author_id=actor.user_id).exists()


def developer_opens_in_pair(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a developer who would open a test set alone. Raises: `DeveloperOpensAlone`."""
    data_set = as_kind(record, DataSet)
    if is_developer(data_set, actor):
        raise DeveloperOpensAlone(number=data_set.number, system=data_set.system.number)


def developer_leaves_the_seal(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a developer who would take the seal off a test set by revising it. Raises: `DeveloperOpensAlone`."""
    if as_kind(record, DataSet).is_test:
        developer_opens_in_pair(record, actor)


def witness_is_no_developer(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a developer as the second pair of eyes. Raises: `DeveloperCannotWitness`."""
    data_set = as_kind(record, DataSet)
    newest = record.versions.order_by("-number").first()
    is_second = newest is not None and bool(taken_seats(newest, "open_in_pair")) and is_current(newest, data_set)
    if is_second and is_developer(data_set, actor):
        raise DeveloperCannotWitness(number=data_set.number, system=data_set.system.number)
