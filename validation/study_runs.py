"""Run sheets and runs of a Knapp study: drawn blind, imported whole or not at all.

Serves: EU GMP Annex 1 §8.31, 8.32; 21 CFR 11.10(e)(f)(h).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from records.acting import acting, check_reason
from records.digests import sha256_hex
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role
from validation.errors_records import TableNotReadable
from validation.errors_studies import DesignNotSigned, RunDayImpossible, RunSheetUnknown, RunsNotWhole
from validation.knapp import order_run
from validation.knapp_design import QUALIFIED_DAYS, PlannedRun
from validation.models import KnappRun, KnappStudy
from validation.tables import ReadRow, read_table
from validation.workflow import ENGINEERS

DECISIONS = {"accept": False, "a": False, "reject": True, "r": True}
FAULTS_NAMED = 10
RUNS_NAMED = 12


@dataclass(frozen=True, slots=True)
class ReadRun:
    """One run of a table: what the plan says of it, which containers were rejected, the run that it would replace."""

    plan: PlannedRun
    rejected: tuple[str, ...]
    replaces: KnappRun | None


@dataclass(frozen=True, slots=True)
class ReadRuns:
    """A table of runs as read; with a fault nothing of it is stored."""

    runs: tuple[ReadRun, ...]
    faults: tuple[str, ...]


def find_plan(study: KnappStudy, run: str) -> PlannedRun:
    """Return a planned run by its id. Raises: `RunSheetUnknown`."""
    found = next((row for row in study.planned_runs if row.run == run), None)
    if found is None:
        raise RunSheetUnknown(number=study.number, run=run[:20])
    return found


def draw_sheet(study: KnappStudy, run: str) -> list[str]:
    """Return the containers of a run in its blind order. Raises: `DesignNotSigned`, `RunSheetUnknown`.

    Serves: EU GMP Annex 1 §8.31.
    """
    if study.design_id is None or study.state == "draft":
        raise DesignNotSigned(number=study.number, state=state_label(study).lower())
    plan = find_plan(study, run)
    names = [row["container"] for row in study.containers]
    return order_run(names, seed=study.seed, inspector=plan.inspector, round_number=plan.round_number)


def write_sheet(study: KnappStudy, run: str) -> str:
    """Return a run sheet as CSV: place, container, and an empty column of the run to fill in; no label."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["place", "container", run])
    table.writerows([place, name, ""] for place, name in enumerate(draw_sheet(study, run), 1))
    return out.getvalue()


def read_runs(study: KnappStudy, text: str) -> ReadRuns:
    """Return the runs of a table, one column each, with every unknown, missing or doubled container named.

    Where the table holds one run and its places, its order must be that of the sheet.
    Raises: `TableNotReadable`.
    """
    planned = {row.run.lower(): row for row in study.planned_runs}
    table = read_table(text, headings=("place", "container", *planned), needed=("container",))
    columns = [name for name in table[0].cells if name in planned]
    if not columns:
        raise TableNotReadable(why="no column is headed with a run, such as " + next(iter(planned), "I1-01").upper())
    faults = [*fault_lines(table), *check_containers(study, table)]
    runs = []
    standing = {row.run: row for row in study.runs.filter(replaced_by=None)}
    for name in columns:
        plan = planned[name]
        unread = [row for row in table if row.cells[name].lower() not in DECISIONS]
        faults += [
            f"line {row.line}: {plan.run} says “{row.cells[name][:20]}” of {row.cells['container'][:20]}; "
            "write accept or reject"
            for row in unread
        ]
        if len(columns) == 1 and "place" in table[0].cells and not faults:
            faults += check_order(study, plan, table)
        rejected = tuple(row.cells["container"].upper() for row in table if DECISIONS.get(row.cells[name].lower()))
        runs.append(ReadRun(plan, rejected, standing.get(plan.run)))
    return ReadRuns(tuple(runs), tuple(faults))


def fault_lines(table: Sequence[ReadRow]) -> list[str]:
    """Return the faults of the lines themselves."""
    return [f"line {row.line}: {fault}" for row in table for fault in row.faults]


def check_containers(study: KnappStudy, table: Sequence[ReadRow]) -> list[str]:
    """Name every container that the study does not know, that stands there twice, or that is missing."""
    known = [row["container"] for row in study.containers]
    wanted, seen, faults = set(known), set(), []
    for row in table:
        name = row.cells["container"].upper()
        if name not in wanted:
            faults.append(f"line {row.line}: the study has no container “{name[:20]}”")
        elif name in seen:
            faults.append(f"line {row.line}: {name} stands there twice")
        seen.add(name)
    return faults + [f"{name} is missing" for name in known if name not in seen]


def check_order(study: KnappStudy, plan: PlannedRun, table: Sequence[ReadRow]) -> list[str]:
    """Name the first place where a run was not taken in the order of its sheet."""
    try:
        rows = sorted(table, key=lambda row: int(row.cells["place"]))
    except ValueError:
        return ["a place is not a whole number"]
    drawn = order_run(
        [row["container"] for row in study.containers],
        seed=study.seed,
        inspector=plan.inspector,
        round_number=plan.round_number,
    )
    for place, (row, name) in enumerate(zip(rows, drawn, strict=True), 1):
        if row.cells["container"].upper() != name:
            return [f"the sheet of {plan.run} has {name} at place {place}, not {row.cells['container'][:20]}"]
    return []


def import_runs(
    study: KnappStudy, text: str, *, actor: Actor, name: str = "", taken_on: dt.date, reason: str = ""
) -> list[KnappRun]:
    """Store the runs of a table, all or none. A run that is there already needs a reason; both stay.

    Writes: validation_knapprun and one event. Raises: `DesignNotSigned`, `RunDayImpossible`, `RunsNotWhole`,
    `TableNotReadable`, `ReasonMissing`. Serves: 21 CFR 11.10(e)(f).
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_approved_study(study)
        check_day(locked, taken_on)
        read = read_runs(locked, text)
        if faults := [*read.faults, *check_qualified(locked, read.runs, taken_on)]:
            raise RunsNotWhole(faults=join_faults(faults))
        again = any(run.replaces for run in read.runs)
        if again:
            check_reason(reason)
        act = "validation.study.runs_replaced" if again else "validation.study.runs_imported"
        digest = sha256_hex(text.encode("utf-8"))
        details = {"count": len(read.runs), "runs": name_runs([run.plan.run for run in read.runs]), "sha256": digest}
        rows = [
            KnappRun(
                study=locked,
                run=run.plan.run,
                inspector=run.plan.inspector,
                is_machine=run.plan.is_machine,
                rejected=sorted(run.rejected),
                inspected=len(locked.containers),
                taken_on=taken_on,
                source_name=name[:200],
                source_sha256=digest,
                imported_by_id=actor.person_id,
                replaces=run.replaces,
                reason=reason if run.replaces else "",
            )
            for run in read.runs
        ]
        with acting(actor, act, locked, reason=reason, details=details):
            return KnappRun.objects.bulk_create(rows)


def check_qualified(study: KnappStudy, runs: Sequence[ReadRun], day: dt.date) -> list[str]:
    """Name each inspector whose qualification was more than a year old on the day of a run.

    Serves: EU GMP Annex 1 §8.31.
    """
    acting_now = {run.plan.inspector for run in runs if not run.plan.is_machine}
    return [
        f"{row['name']} was qualified on {row['qualified']}, more than a year before {day.isoformat()}"
        for row in study.inspectors
        if row["code"] in acting_now and (day - dt.date.fromisoformat(row["qualified"])).days > QUALIFIED_DAYS
    ]


def name_runs(runs: Sequence[str]) -> str:
    """Return the ids of runs as a line of the timeline holds them: many by the first and the last."""
    return ", ".join(runs) if len(runs) <= RUNS_NAMED else f"{runs[0]} to {runs[-1]}"


def join_faults(faults: Sequence[str]) -> str:
    """Return the first faults as one text, and how many follow."""
    named = "; ".join(faults[:FAULTS_NAMED])
    return named + (f"; and {len(faults) - FAULTS_NAMED} more" if len(faults) > FAULTS_NAMED else "") + "."


def lock_approved_study(study: ControlledRecord) -> KnappStudy:
    """Lock a study whose design is signed and whose report is not. Raises: `DesignNotSigned`."""
    lock_record(study)
    locked = KnappStudy.objects.get(pk=study.pk)
    if locked.state != "approved":
        raise DesignNotSigned(number=locked.number, state=state_label(locked).lower())
    return locked


def check_day(study: KnappStudy, day: dt.date) -> None:
    """Refuse a day before the design was signed, or one that has not come. Raises: `RunDayImpossible`.

    Serves: 21 CFR 11.10(f). Days are those of the site's time zone.
    """
    last = study.signatures.filter(action="approve", seat="quality", is_decline=False).order_by("id").last()
    signed = timezone.localdate(last.signed_at) if last else None
    why = ""
    if signed is not None and day < signed:
        why = f"its design was signed on {signed.isoformat()}"
    elif day > timezone.localdate():
        why = "that day has not come"
    if why:
        raise RunDayImpossible(number=study.number, day=day.isoformat(), why=why)
