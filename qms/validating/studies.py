"""What the pages of Knapp studies and data sets are made of. Between views and rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qms.validating.study_charts import draw_classes, draw_grid
from validation.dataset_items import STRATA
from validation.knapp_design import INSPECTORS, PlannedRun
from validation.models import DataSet, KnappRun, KnappStudy

PAIRS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SheetRow:
    """The runs of one inspector, or the machine's: who, and for each planned run the one that stands."""

    who: str
    qualified: str
    runs: list[tuple[str, KnappRun | None]]


def sheet_rows(study: KnappStudy) -> list[SheetRow]:
    """Return every planned run under its inspector."""
    standing = {row.run: row for row in study.standing_runs()}
    rows = [SheetRow(f"{row['code']} {row['name']}", row["qualified"], []) for row in study.inspectors]
    by_code = {row["code"]: shown for row, shown in zip(study.inspectors, rows, strict=True)}
    machine = SheetRow("", "", [])
    for plan in study.planned_runs:
        shown = machine if plan.is_machine else by_code[plan.inspector]
        shown.runs.append((plan.run, standing.get(plan.run)))
    return [*rows, machine]


def who_inspects(study: KnappStudy, plan: PlannedRun) -> str:
    """Return the name of a run's inspector; nothing for the machine."""
    return next((row["name"] for row in study.inspectors if row["code"] == plan.inspector), "")


def study_context(study: KnappStudy) -> dict[str, Any]:
    """Return what the page of a study shows beside the record itself."""
    result = study.result()
    rejects = [row for row in study.containers if row["kind"] == "reject"]
    return {
        "study": study,
        "sheets": sheet_rows(study),
        "taken": sum(run is not None for row in sheet_rows(study) for _, run in row.runs),
        "planned": len(study.planned_runs),
        "again": study.runs.exclude(replaces=None).select_related("imported_by").order_by("pk"),
        "good_count": len(study.containers) - len(rejects),
        "reject_count": len(rejects),
        "result": result,
        "grid": draw_grid(result["grid"]) if result else None,
        "bars": draw_classes(result["classes"]) if result else None,
    }


def design_initial(study: KnappStudy) -> dict[str, Any]:
    """Return a design as its form shows it."""
    names = ("title", "purpose", "machine", "good_planned", "reject_planned", "rounds", "machine_runs", "reading")
    table = "\n".join("; ".join(row[name] for name in INSPECTORS) for row in study.inspectors)
    return {name: getattr(study, name) for name in names} | {
        "false_reject_limit": f"{study.false_reject_limit.normalize():f}",
        "inspectors": f"{'; '.join(INSPECTORS)}\n{table}",
        "revision": study.revision,
    }


def set_initial(data_set: DataSet) -> dict[str, Any]:
    """Return a data set as its form shows it."""
    names = ("title", "description", "size_reason", "preparation", "criteria", "incumbent")
    table = "\n".join(f"{row['stratum']}; {row['planned']}" for row in data_set.strata)
    return {name: getattr(data_set, name) for name in names} | {
        "strata": f"{'; '.join(STRATA)}\n{table}",
        "revision": data_set.revision,
    }


def fit_actions(context: dict[str, Any], data_set: DataSet) -> dict[str, Any]:
    """Return a record's context without the actions that its purpose never knows."""
    hidden = "approve" if data_set.is_test else "seal"
    return context | {"actions": [row for row in context["actions"] if row.action != hidden]}
