"""What plans and reports take from the records, as plain data that a version can hold. Reads only.

The queries are as many for a thousand requirements as for one.
Serves: EU GMP Annex 15 §1.5, 2.9; Annex 11 §4.3, 4.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count

from records.versions import read_content
from records.workflow import state_label
from signatures.models import Signature
from validation.amendments import RequirementReading, read_requirements
from validation.models import (
    ConfigurationItem,
    Deviation,
    Execution,
    KnappStudy,
    MatrixVersion,
    Protocol,
    StepEntry,
    System,
    ValidationPlan,
)
from validation.status import CHANGED, Standing, standings_of
from validation.traceability import StepTest, Traced
from validation.tracing import trace_system

Facts = dict[str, Any]


def master_facts() -> Facts:
    """Return the systems of the site with their validation status, and the AI models in use."""
    systems = list(System.objects.exclude(state="retired").select_related("owner", "process_owner").order_by("pk"))
    standings = standings_of(systems)
    models = ConfigurationItem.objects.filter(
        system__in=systems, kind=ConfigurationItem.Kind.AI_MODEL, ended_at=None
    ).select_related("system", "record")
    return {
        "systems": [describe_system(row) | describe_standing(row, standings[row.pk]) for row in systems],
        "ai_models": [
            {"system": row.system.number, "record": row.record.number if row.record else "", **row.content()}
            for row in models.order_by("system_id", "pk")
        ],
    }


def plan_facts(system: System) -> Facts:
    """Return a system's entry, its items in use, and how its requirements are rated."""
    matrix = MatrixVersion.objects.filter(state="approved").order_by("-pk").first()
    found = system.requirement_sets.first()
    rows = list(found.requirements.filter(is_withdrawn=False).prefetch_related("risks")) if found else []
    priorities = Counter(risk.priority for row in rows for risk in row.risks.all())
    return {
        "system": describe_system(system),
        "items": system.item_content(),
        "risk": {
            "matrix": matrix.number if matrix else "",
            "requirements": len(rows),
            "not_rated": sum(not row.risks.all() for row in rows),
            "priorities": {name: priorities[name] for name in ("high", "medium", "low")},
        },
    }


def report_facts(system: System) -> Facts:
    """Return everything that a summary report of a system rests on, as it stands now."""
    reading = read_requirements(system)
    rows = trace_system(system, reading=reading)
    executions = list(Execution.objects.filter(protocol__system=system).select_related("protocol", "rerun_of"))
    protocols = list(Protocol.objects.filter(system=system).exclude(state="retired").order_by("pk"))
    plan = system.plans.exclude(state="retired").order_by("-pk").first()
    approved = approved_versions([*protocols, *([plan] if plan else [])])
    return {
        "system": describe_system(system),
        "plan": plan_of(plan, approved),
        "requirements": requirements_of(reading),
        "protocols": [
            {"number": row.number, "title": row.title, "stage": row.stage, "state": row.state, **approved[row.pk]}
            for row in protocols
        ],
        "executions": describe_executions(executions, rows),
        "studies": describe_studies(system),
        "deviations": describe_deviations(executions),
        "trace": [describe_traced(row) for row in rows],
        "items": system.item_content(),
    }


def describe_system(system: System) -> Facts:
    """Return a system's entry."""
    return {
        "number": system.number,
        "title": system.title,
        "category": system.category,
        "platform_category": system.platform_category,
        "gxp_relevance": system.gxp_relevance,
        "owner": system.owner.printed_name,
        "process_owner": system.process_owner.printed_name,
        "next_review_on": system.next_review_on.isoformat() if system.next_review_on else "",
    }


def describe_standing(system: System, standing: Standing) -> Facts:
    """Return a system's validation status in words, and the report it rests on."""
    status = state_label(system)
    if system.state == "validated" and standing.changes:
        status = CHANGED
    return {"status": status, "report": standing.report.number if standing.report else ""}


def approved_versions(records: Iterable[Protocol | ValidationPlan]) -> dict[int, Facts]:
    """Return the version that quality approved last, by record: number and hash, or 0 and nothing."""
    keys = [row.pk for row in records]
    rows = Signature.objects.filter(record_id__in=keys, action="approve", seat="quality", is_decline=False)
    found: dict[int, Facts] = {key: {"version": 0, "content_hash": ""} for key in keys}
    for key, version, digest in rows.order_by("id").values_list(
        "record_id", "version__number", "version__content_hash"
    ):
        found[key] = {"version": version, "content_hash": digest}
    return found


def plan_of(plan: ValidationPlan | None, approved: dict[int, Facts]) -> Facts:
    """Return the plan that counts; nothing if there is none."""
    if plan is None:
        return {}
    facts = {"number": plan.number, "title": plan.title, "state": plan.state, "stages": list(plan.stages)}
    return facts | approved[plan.pk]


def requirements_of(reading: RequirementReading) -> Facts:
    """Return the requirements' baseline and what is amended since; nothing if there are none."""
    found = reading.record
    if found is None:
        return {}
    baseline = found.baseline
    return {
        "number": found.number,
        "version": baseline.number if baseline else 0,
        "content_hash": baseline.content_hash if baseline else "",
        "amended": [row.ref for row in reading.amendments],
    }


def describe_executions(executions: list[Execution], rows: list[Traced]) -> list[Facts]:
    """Return the runs of all protocols with their results counted; ``counts`` says whether one result still counts."""
    standing = StepEntry.objects.filter(execution__in=executions, corrections=None).order_by()
    counted = standing.values_list("execution_id", "result").annotate(Count("pk"))
    results = Counter({(run, result): count for run, result, count in counted})
    counting = {outcome.execution for row in rows for test in row.tests for outcome in given_outcomes(test)[-1:]}
    return [
        {
            "number": row.number,
            "title": row.title,
            "protocol": row.protocol.number,
            "run": row.run,
            "rerun_of": row.rerun_of.number if row.rerun_of else "",
            "state": row.state,
            "environment": row.environment,
            "steps": len(row.steps),
            "passed": results[row.pk, "pass"],
            "failed": results[row.pk, "fail"],
            "not_applicable": results[row.pk, "na"],
            "counts": row.number in counting,
            "items": list(row.items),
        }
        for row in sorted(executions, key=lambda row: row.pk)
    ]


def describe_studies(system: System) -> list[Facts]:
    """Return the Knapp studies that were not abandoned, each with its result as quality signed it."""
    studies = list(KnappStudy.objects.filter(system=system).exclude(state="abandoned").order_by("pk"))
    rows = Signature.objects.filter(record__in=studies, action="report", seat="quality", is_decline=False)
    signed = {row.record_id: row.version for row in rows.select_related("version").order_by("id")}
    found = []
    for row in studies:
        version = signed.get(row.pk)
        content = read_content(version) if version else {}
        result = content.get("result") or {}
        found.append(
            {
                "number": row.number,
                "title": row.title,
                "state": row.state,
                "version": version.number if version else 0,
                "content_hash": version.content_hash if version else "",
                "passes": result.get("passes", False),
                "conclusion": content.get("conclusion", ""),
            }
        )
    return found


def describe_deviations(executions: list[Execution]) -> list[Facts]:
    """Return the deviations of the runs with cause and outcome."""
    rows = Deviation.objects.filter(execution__in=executions).select_related("execution", "entry").order_by("pk")
    return [
        {
            "number": row.number,
            "title": row.title,
            "execution": row.execution.number,
            "step": row.entry.step,
            "state": row.state,
            "cause": row.cause,
            "outcome": row.outcome,
            "investigation": row.investigation,
            "corrective_action": row.corrective_action,
        }
        for row in rows
    ]


def describe_traced(row: Traced) -> Facts:
    """Return a line of the trace matrix; ``is_passed`` says whether a test of it passed or its failure was accepted."""
    outcomes = [(test, outcome) for test in row.tests for outcome in given_outcomes(test)]
    last = [given_outcomes(test)[-1] for test in row.tests if given_outcomes(test)]
    return {
        "id": row.ref,
        "text": row.text,
        "risks": [f"{risk.failure_mode}: class {risk.risk_class}, {risk.priority} priority" for risk in row.risks],
        "tests": [f"{test.protocol} step {test.step}" for test in row.tests],
        "results": [f"{found.execution} step {test.step}: {found.result}" for test, found in outcomes],
        "deviations": [found.fault.number for _, found in outcomes if found.fault],
        "gaps": list(row.gaps),
        "is_passed": any(one.result == "pass" or (one.fault and one.fault.is_accepted) for one in last),
    }


def given_outcomes(test: StepTest) -> list[Any]:
    """Return the results of a test that were given, from the first run to the last."""
    return [outcome for outcome in test.outcomes if outcome.result]
