"""A desk's way from the plan to the approved report, by the product's own rules."""

from __future__ import annotations

from typing import Any

from tests.people import Person
from tests.validation.desk import Desk, sign
from validation.executions import begin_execution
from validation.models import Execution, SummaryReport, System, ValidationPlan
from validation.plans import draft_master_plan, draft_plan, write_section
from validation.reports import draft_report, edit_report

TEXTS = {
    "summary": "Three requirements were tested on line 1.",
    "limits": "Only for vials of size 2R.",
    "conclusion": "The pipeline is fit for its use.",
}


def write_plan(plan: ValidationPlan, engineer: Person) -> ValidationPlan:
    """Write every section of a plan."""
    for row in plan.sections.order_by("position"):
        text = f"What was decided about {row.heading.lower()}."
        write_section(plan, row.position, actor=engineer.actor(), text=text, revision=row.revision)
    return ValidationPlan.objects.get(pk=plan.pk)


def approve_plan(system: System, engineer: Person, qa: Person, *, stages: tuple[str, ...] = ("oq",)) -> ValidationPlan:
    """Draft, write and sign the plan of a system."""
    plan = draft_plan(system, actor=engineer.actor(), title="Validation of line 1", stages=stages)
    write_plan(plan, engineer)
    sign(plan, "approve", engineer)
    sign(plan, "approve", qa)
    return ValidationPlan.objects.get(pk=plan.pk)


def approve_master(engineer: Person, qa: Person) -> ValidationPlan:
    """Draft, write and sign the master plan."""
    plan = draft_master_plan(actor=engineer.actor(), title="Validation of the site")
    write_plan(plan, engineer)
    sign(plan, "approve", engineer)
    sign(plan, "approve", qa)
    return ValidationPlan.objects.get(pk=plan.pk)


def pass_run(desk: Desk, protocol: Any = None) -> Execution:
    """Execute every step of the desk's protocol, or of another, and have it reviewed."""

    run = begin_execution(protocol, actor=desk.engineer.actor(), environment="Line 1") if protocol else desk.begin()
    desk.record(run, *(["pass"] * len(run.steps)))
    sign(run, "finish", desk.engineer)
    sign(run, "review", desk.reviewer)
    return Execution.objects.get(pk=run.pk)


def second_qa(desk: Desk) -> Person:
    """Add another QA manager: the first one owns the process and signs for it."""
    return desk.crew.add("quentin", "qa_manager", printed_name="Quentin Abel")


def ready_report(desk: Desk) -> SummaryReport:
    """Return a report with nothing open and its texts written, signed by nobody."""
    approve_plan(desk.system, desk.engineer, desk.qa)
    pass_run(desk)
    report = draft_report(desk.system, actor=desk.engineer.actor())
    return edit_report(report, actor=desk.engineer.actor(), revision=report.revision, texts=TEXTS)


def approve_report(desk: Desk, report: SummaryReport, quality: Person) -> SummaryReport:
    """Have a report signed by its author, the process owner and quality."""
    for person in (desk.engineer, desk.qa, quality):
        sign(report, "approve", person)
    return SummaryReport.objects.get(pk=report.pk)
