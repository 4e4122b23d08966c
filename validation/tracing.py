"""Reads what the trace matrix of a system is made of, in a fixed number of queries; writes it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from validation.amendments import RequirementReading, read_requirements
from validation.models import Deviation, Execution, Protocol, StepEntry, System
from validation.traceability import Fault, Outcome, Risk, StepTest, Traced, join_trace

CSV_HEADINGS = ("requirement", "text", "risk class", "priority", "test", "result", "deviation", "gaps")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def trace_system(system: System, *, reading: RequirementReading | None = None) -> list[Traced]:
    """Return the trace matrix of a system as it stands now; ``reading`` is its requirements, if read already."""
    reading = reading or read_requirements(system)
    amended = {row.ref for row in reading.amendments}
    requirements = [
        Traced(
            row.ref,
            row.text,
            is_amended=row.ref in amended,
            risks=tuple(Risk(risk.failure_mode, risk.risk_class, risk.priority) for risk in row.rated),
        )
        for row in reading.rows
        if not row.is_withdrawn
    ]
    return join_trace(requirements, tests_of(system))


def tests_of(system: System) -> dict[str, list[StepTest]]:
    """Return the tests of a system under the ids of the requirements they name."""
    found: dict[str, list[StepTest]] = {}
    outcomes = outcomes_of(system)
    protocols = Protocol.objects.filter(system=system).exclude(state="retired").prefetch_related("steps")
    for protocol in protocols.order_by("pk"):
        for step in sorted(protocol.steps.all(), key=lambda row: row.position):
            key = (protocol.pk, step.position)
            test = StepTest(protocol.number, step.position, protocol.state == "approved", tuple(outcomes.get(key, ())))
            for ref in step.requirements:
                found.setdefault(ref, []).append(test)
    return found


def outcomes_of(system: System) -> dict[tuple[int, int], list[Outcome]]:
    """Return the results of every step (protocol, step) that counts, from the first run to the last."""
    runs = Execution.objects.filter(protocol__system=system).order_by("run")
    standing = {
        (entry.execution_id, entry.step): entry
        for entry in StepEntry.objects.filter(execution__in=runs, corrections=None)
    }
    faults = {
        row.entry_id: Fault(row.number, row.state == "disposed", row.outcome == Deviation.Outcome.ACCEPT)
        for row in Deviation.objects.filter(execution__in=runs)
    }
    found: dict[tuple[int, int], list[Outcome]] = {}
    for run in runs:
        for step in run.steps:
            entry = standing.get((run.pk, step))
            outcome = Outcome(
                run.number,
                run.run,
                entry.result if entry else "",
                run.state == "reviewed",
                faults.get(entry.pk) if entry else None,
            )
            found.setdefault((run.protocol_id, step), []).append(outcome)
    return found


def write_csv(rows: Iterable[Traced]) -> str:
    """Return the matrix as CSV, one line per requirement; no cell is a formula to a spreadsheet."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(CSV_HEADINGS)
    for row in rows:
        writer.writerow([disarm(cell) for cell in csv_cells(row)])
    return sheet.getvalue()


def csv_cells(row: Traced) -> Sequence[str]:
    """Return the cells of one requirement."""
    outcomes = [outcome for test in row.tests for outcome in test.outcomes if outcome.result]
    return (
        row.ref,
        row.text,
        "; ".join(str(risk.risk_class) for risk in row.risks),
        "; ".join(risk.priority for risk in row.risks),
        "; ".join(f"{test.protocol} step {test.step}" for test in row.tests),
        "; ".join(f"{outcome.execution} run {outcome.run}: {outcome.result}" for outcome in outcomes),
        "; ".join(outcome.fault.number for outcome in outcomes if outcome.fault),
        "; ".join(row.gaps),
    )


def disarm(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell
