"""Requirements as an editable table: automatic ids, risks rated by the approved matrix, amendments after a baseline.

Serves: EU GMP Annex 11 §1, §4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from records.acting import acting
from records.creation import create_record
from records.errors import RecordNotEditable, StaleRevision
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, perform_transition, state_label, take_role, workflow_of
from validation.errors_records import (
    RequirementsExist,
    RequirementTextMissing,
    RequirementWithdrawn,
    RiskNotWhole,
    TableNotReadable,
)
from validation.matrices import matrix_in_force
from validation.models import FunctionalRisk, MatrixVersion, Requirement, RequirementSet, System
from validation.risk import Level, assess_risk
from validation.tables import ReadRow, read_table
from validation.workflow import ENGINEERS

HEADINGS = ("requirement", "source", "failure mode", "severity", "probability", "detectability")
RATED = HEADINGS[2:]


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """One line of the table as typed. ``position`` is 0 for a new requirement."""

    text: str
    source: str = ""
    failure_mode: str = ""
    severity: str = ""
    probability: str = ""
    detectability: str = ""
    position: int = 0

    @property
    def risk(self) -> tuple[str, str, str, str]:
        """Return the four parts of the risk."""
        return (self.failure_mode, self.severity, self.probability, self.detectability)

    @property
    def ref(self) -> str:
        """Return the id, or what a new line is called."""
        return f"URS-{self.position:03d}" if self.position else "A new requirement"


def begin_requirements(system: System, *, actor: Actor, scope: str = "") -> RequirementSet:
    """Begin the requirements of a system, and with them its validation.

    Writes: validation_requirementset, validation_system, their events. Raises: `RequirementsExist`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_record(system)
        earlier = RequirementSet.objects.filter(system_id=locked.pk).first()
        if earlier is not None:
            raise RequirementsExist(system=system.number, number=earlier.number)
        if locked.state == "registered":
            perform_transition(locked, "begin", actor=actor)
        return create_record(
            RequirementSet,
            actor=actor,
            title=f"Requirements of {system.title}"[:200],
            act="validation.requirements.begun",
            system_id=locked.pk,
            scope=scope,
        )


def save_rows(
    requirement_set: RequirementSet, rows: Sequence[RequirementRow], *, actor: Actor, revision: int
) -> RequirementSet:
    """Save the table: change what was changed, add what is new under the next ids.

    Writes: validation_requirement, validation_functionalrisk, one event. Raises:
    `RecordNotEditable`, `StaleRevision`, `RequirementTextMissing`, `RequirementWithdrawn`,
    `RiskNotWhole`, `MatrixNotApproved`. Serves: 21 CFR 11.10(e).
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_for_rows(requirement_set, revision=revision)
        present = {row.position: row for row in locked.requirements.prefetch_related("risks")}
        changed = [row for row in rows if is_changed(row, present.get(row.position))]
        for row in changed:
            check_row(row, present.get(row.position))
        if not changed:
            return locked
        new = sum(not row.position for row in changed)
        summary = f"{len(changed) - new} changed, {new} added"
        with acting(actor, "validation.requirements.changed", locked, details={"summary": summary}):
            write_rows(locked, changed, present)
    return locked


def import_rows(
    requirement_set: RequirementSet, rows: Sequence[RequirementRow], *, actor: Actor, revision: int
) -> RequirementSet:
    """Add the rows of a table that was looked at in the preview, all or none.

    Writes and raises as `save_rows`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_for_rows(requirement_set, revision=revision)
        for row in rows:
            check_row(row, None)
        with acting(actor, "validation.requirements.imported", locked, details={"count": len(rows)}):
            write_rows(locked, rows, {})
    return locked


def withdraw_requirement(requirement: Requirement, *, actor: Actor, reason: str) -> Requirement:
    """Withdraw a requirement; its id stays taken.

    Writes: validation_requirement, `validation.requirement.withdrawn`. Raises:
    `RecordNotEditable`, `RequirementWithdrawn`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_for_rows(requirement.requirement_set)
        row = Requirement.objects.get(pk=requirement.pk)
        if row.is_withdrawn:
            raise RequirementWithdrawn(ref=row.ref)
        details = {"ref": row.ref}
        with acting(actor, "validation.requirement.withdrawn", locked, reason=reason, details=details):
            row.is_withdrawn = True
            row.save(update_fields=["is_withdrawn"])
            raise_revision(locked)
    return row


def read_requirements(text: str) -> list[tuple[ReadRow, RequirementRow]]:
    """Return the lines of a pasted table with their faults. Writes nothing. Raises: `TableNotReadable`."""
    return [read_requirement(line) for line in read_table(text, headings=HEADINGS, needed=("requirement",))]


def read_requirement(line: ReadRow) -> tuple[ReadRow, RequirementRow]:
    """Return one line as a requirement, with the faults of its levels named."""
    cells = {name: line.cells.get(name, "") for name in HEADINGS}
    levels = {name: cells[name].lower() for name in HEADINGS[3:]}
    faults = list(line.faults)
    faults += [] if cells["requirement"] else ["it has no requirement"]
    faults += [
        f"{name} is “{found[:20]}”, not low, medium or high"
        for name, found in levels.items()
        if found and found not in list(Level)
    ]
    given = [cells[name] for name in RATED]
    faults += ["its risk is not whole"] if any(given) and not all(given) else []
    row = RequirementRow(
        cells["requirement"],
        cells["source"][:200],
        cells["failure mode"],
        severity=levels["severity"],
        probability=levels["probability"],
        detectability=levels["detectability"],
    )
    return replace(line, faults=tuple(faults)), row


def rows_to_import(text: str) -> list[RequirementRow]:
    """Return the rows of a pasted table without a fault. Raises: `TableNotReadable` naming the first fault."""
    found = read_requirements(text)
    for line, _ in found:
        if line.faults:
            raise TableNotReadable(why=f"line {line.line}: {line.faults[0]}")
    return [row for _, row in found]


def lock_for_rows(requirement_set: ControlledRecord, *, revision: int | None = None) -> RequirementSet:
    """Lock a set whose rows are to be written, if its state and the reader's revision allow it."""
    lock_record(requirement_set)
    locked = RequirementSet.objects.get(pk=requirement_set.pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    if revision is not None and locked.revision != revision:
        last = locked.events.order_by("-id").first()
        raise StaleRevision(
            who=last.actor_name if last else "Somebody", when=f"{last.at:%H:%M:%S} UTC" if last else "an unknown time"
        )
    return locked


def is_changed(row: RequirementRow, present: Requirement | None) -> bool:
    """Tell whether a line says something new; an empty new line does not."""
    if present is None:
        return bool(row.text.strip() or row.source.strip() or any(row.risk))
    risk = present.risks.first()
    stored = (risk.failure_mode, risk.severity, risk.probability, risk.detectability) if risk else ("", "", "", "")
    return (row.text, row.source, row.risk) != (present.text, present.source, stored)


def check_row(row: RequirementRow, present: Requirement | None) -> None:
    """Refuse a line that says too little. Raises: `RequirementTextMissing`, `RequirementWithdrawn`, `RiskNotWhole`."""
    if present is not None and present.is_withdrawn:
        raise RequirementWithdrawn(ref=present.ref)
    if not row.text.strip():
        raise RequirementTextMissing(ref=row.ref)
    was_rated = present is not None and present.risks.exists()
    if (any(row.risk) or was_rated) and not all(row.risk):
        raise RiskNotWhole(ref=row.ref)


def write_rows(
    requirement_set: RequirementSet, rows: Sequence[RequirementRow], present: dict[int, Requirement]
) -> None:
    """Write lines and their risks; must run inside an act. Raises: `MatrixNotApproved`."""
    matrix = matrix_in_force() if any(all(row.risk) for row in rows) else None
    last = requirement_set.requirements.order_by("-position").values_list("position", flat=True).first() or 0
    for row in rows:
        found = present.get(row.position)
        if found is None:
            last += 1
            found = Requirement(requirement_set=requirement_set, position=last)
        found.text, found.source = row.text, row.source
        found.save()
        if matrix is not None and all(row.risk):
            rate_risk(found, row, matrix=matrix)
    raise_revision(requirement_set)


def rate_risk(requirement: Requirement, row: RequirementRow, *, matrix: MatrixVersion) -> None:
    """Rate the first risk of a requirement; must run inside an act."""
    found = assess_risk(
        severity=Level(row.severity),
        probability=Level(row.probability),
        detectability=Level(row.detectability),
        matrix=matrix.matrix,
    )
    risk = requirement.risks.first() or FunctionalRisk(requirement=requirement)
    risk.failure_mode, risk.severity = row.failure_mode, row.severity
    risk.probability, risk.detectability = row.probability, row.detectability
    risk.risk_class, risk.priority, risk.matrix = found.risk_class, found.priority, matrix
    risk.save()


def raise_revision(record: ControlledRecord) -> None:
    """Count a change of a record's rows as a change of the record; must run inside an act."""
    record.revision += 1
    record.save(update_fields=["revision"])
