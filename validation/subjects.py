"""What the records of validation tell the signing page and their PDFs about themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet

from records.evidence import Actor
from records.models import ControlledRecord
from signatures.subjects import Facts, Subject, register_subject
from validation.models import (
    Deviation,
    Execution,
    MatrixVersion,
    Protocol,
    RequirementSet,
    SummaryReport,
    System,
    ValidationPlan,
)
from validation.plan_templates import LISTS
from validation.queries import READERS
from validation.risk import RISK_CLASSES, Level, matrix_of

RESULTS = {"pass": "passed", "fail": "failed", "na": "not applicable"}


def visible(model: type[ControlledRecord]) -> Callable[[Actor], QuerySet[Any]]:
    """Return the access rule of a kind: all of it for its readers, nothing for others."""

    def find(actor: Actor) -> QuerySet[Any]:
        may_see = any(actor.holds(role) for role in READERS)
        return model._default_manager.all() if may_see else model._default_manager.none()

    return find


def system_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    return [
        ("System", content["title"]),
        ("Category", str(content["category"])),
        ("GxP relevance", f"{content['gxp_relevance']}: {content['relevance_reason']}"),
        ("Items in use", str(len(content["items"]))),
    ]


def matrix_facts(content: Mapping[str, Any]) -> Facts:
    """Return both steps of the matrix, row by row."""
    matrix = matrix_of(content["cells"])
    levels = tuple(Level)
    severities = [
        (
            f"{severity.capitalize()} severity",
            ", ".join(f"{p} probability: class {matrix.classes[severity, p]}" for p in levels),
        )
        for severity in reversed(levels)
    ]
    classes = [
        (f"Class {number}", ", ".join(f"{d} detectability: {matrix.priorities[number, d]} priority" for d in levels))
        for number in RISK_CLASSES
    ]
    return [("Matrix", content["title"]), *severities, *classes]


def matrix_rendition(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the matrix as its PDF prints it."""
    return {"facts": matrix_facts(content)}


def requirement_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    rows = [row for row in content["requirements"] if not row["withdrawn"]]
    unrated = sum(not row["risks"] for row in rows)
    facts = [
        ("System", content["system"]),
        ("Requirements", f"{len(rows)}, of which {unrated} have no risk rated"),
        ("Withdrawn", str(len(content["requirements"]) - len(rows))),
    ]
    return facts + reopening_facts(content)


def protocol_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    baseline = content["requirements"]
    refs = {ref for step in content["steps"] for ref in step["requirements"]}
    facts = [
        ("System", content["system"]),
        ("Stage", content["stage"].upper()),
        ("Purpose", content["purpose"]),
        ("Requirements", f"{baseline['number']} version {baseline['version']}"),
        ("Steps", f"{len(content['steps'])}, for {len(refs)} requirements"),
    ]
    return facts + reopening_facts(content)


def execution_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    last = [step["entries"][-1]["result"] for step in content["steps"] if step["entries"]]
    counts = ", ".join(f"{last.count(name)} {word}" for name, word in RESULTS.items())
    corrected = sum(len(step["entries"]) > 1 for step in content["steps"])
    facts = [
        ("Protocol", f"{content['protocol']} version {content['protocol_version']}"),
        ("Run", f"{content['run']}" + (f", after {content['rerun_of']}" if content["rerun_of"] else "")),
        ("Environment", content["environment"]),
        ("Steps", f"{len(last)} of {len(content['steps'])}: {counts}"),
        ("Corrected", f"{corrected} steps"),
        *withdrawn_facts(content),
        ("Deviations", ", ".join(content["deviations"]) or "none"),
        ("Begun by", content["begun_by"]),
    ]
    facts += [("Handed over", f"from {row['from']} to {row['to']}: {row['reason']}") for row in content["hand_overs"]]
    return facts + reopening_facts(content)


def withdrawn_facts(content: Mapping[str, Any]) -> Facts:
    """Return the files that were added by mistake, each with who says so and why; nothing without any."""
    rows = [(step["step"], file) for step in content["steps"] for file in step["evidence"] if "withdrawn_by" in file]
    return [
        ("Evidence withdrawn", f"{file['name']} of step {step}, by {file['withdrawn_by']}: {file['withdrawn_because']}")
        for step, file in rows
    ]


def deviation_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    return [
        ("Execution", f"{content['execution']}, run {content['run']}, step {content['step']['step']}"),
        ("Expected", content["step"]["expected"]),
        ("Actual", content["entry"]["actual"]),
        ("Cause", Deviation.Cause(content["cause"]).label if content["cause"] else "not named"),
        ("Investigation", content["investigation"]),
        ("Corrective action", content["corrective_action"] or "none"),
        ("What follows", Deviation.Outcome(content["outcome"]).label if content["outcome"] else "not proposed"),
    ]


def plan_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    facts, listed = content["facts"], content["facts"].get("systems")
    covers = [("Systems", f"{len(listed)}, with their status")] if listed is not None else []
    if content["system"]:
        risk = facts["risk"]
        covers = [
            ("System", f"{content['system']} {facts['system']['title']}"),
            ("Stages", ", ".join(stage.upper() for stage in content["stages"])),
            ("Items in use", str(len(facts["items"]))),
            ("Risk", f"matrix {risk['matrix']}; {risk['requirements']} requirements, {risk['not_rated']} not rated"),
        ]
    return [*covers, ("Sections", str(len(content["sections"]))), *reopening_facts(content)]


def report_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    plan, found, runs = content["plan"], content["requirements"], content["executions"]
    return [
        ("System", f"{content['system']['number']} {content['system']['title']}"),
        ("Plan", f"{plan['number']} version {plan['version']}"),
        ("Requirements", f"{len(content['trace'])}, {found['number']} version {found['version']}"),
        ("Protocols", ", ".join(f"{row['number']} ({row['stage'].upper()})" for row in content["protocols"])),
        ("Executions", f"{len(runs)}: {sum(row['failed'] for row in runs)} steps failed and stand in the report"),
        ("Deviations", ", ".join(row["number"] for row in content["deviations"]) or "none"),
        ("Items", f"{len(content['items'])}, each with its SHA-256 where it has one"),
        ("Limits of use", content["limits"] or "not written yet"),
        ("Conclusion", content["conclusion"] or "not written yet"),
    ]


def deviation_words(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the deviations of a report with cause and outcome in words, as its PDF prints them."""
    return {
        "deviations": [
            row
            | {
                "cause": Deviation.Cause(row["cause"]).label if row["cause"] else "not named",
                "outcome": Deviation.Outcome(row["outcome"]).label if row["outcome"] else "not proposed",
            }
            for row in content["deviations"]
        ]
    }


def listed_sections(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a plan, each with the name of the list that stands below it."""
    return {"sections": [row | {"list_name": LISTS.get(row["key"], "")} for row in content["sections"]]}


def reopening_facts(content: Mapping[str, Any]) -> Facts:
    """Return why the record was opened again, each time."""
    return [("Opened again", f"by {row['by']}: {row['reason']}") for row in content["reopenings"]]


SUBJECTS = tuple(
    register_subject(subject)
    for subject in (
        Subject("validation.system", url_name="validating:system-detail", facts=system_facts, visible=visible(System)),
        Subject(
            "validation.matrixversion",
            url_name="validating:matrix-detail",
            facts=matrix_facts,
            rendition_template="validation/rendition_matrix.html",
            rendition_context=matrix_rendition,
            visible=visible(MatrixVersion),
        ),
        Subject(
            "validation.requirementset",
            url_name="validating:requirements",
            facts=requirement_facts,
            rendition_template="validation/rendition_requirements.html",
            visible=visible(RequirementSet),
        ),
        Subject(
            "validation.protocol",
            url_name="validating:protocol-detail",
            facts=protocol_facts,
            rendition_template="validation/rendition_protocol.html",
            visible=visible(Protocol),
        ),
        Subject(
            "validation.execution",
            url_name="validating:execution-detail",
            facts=execution_facts,
            rendition_template="validation/rendition_execution.html",
            visible=visible(Execution),
        ),
        Subject(
            "validation.deviation",
            url_name="validating:deviation-detail",
            facts=deviation_facts,
            rendition_template="validation/rendition_deviation.html",
            rendition_context=lambda content: {"facts": deviation_facts(content)},
            visible=visible(Deviation),
        ),
        Subject(
            "validation.validationplan",
            url_name="validating:plan-detail",
            facts=plan_facts,
            rendition_template="validation/rendition_plan.html",
            rendition_context=listed_sections,
            visible=visible(ValidationPlan),
        ),
        Subject(
            "validation.summaryreport",
            url_name="validating:report-detail",
            facts=report_facts,
            rendition_template="validation/rendition_report.html",
            rendition_context=deviation_words,
            visible=visible(SummaryReport),
        ),
    )
)
