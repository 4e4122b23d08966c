"""The plans of the demonstration, the installation of its pipeline, and the report that calls it validated.

Each step does only what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from qms.home.demo.cast import Cast
from qms.home.demo.planned_text import (
    COMMENT,
    IQ_ENVIRONMENT,
    IQ_PURPOSE,
    IQ_STEPS,
    IQ_TITLE,
    MASTER,
    MASTER_TITLE,
    PLAN,
    PLAN_TITLE,
    REPORT,
    STAGES,
)
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import ENGINEER, QUALITY, REVIEWER, SECOND_ENGINEER, SECOND_QUALITY, ensure_results
from qms.home.demo.validated_text import SYSTEM
from validation.commenting import answer_comment, settle_comment, write_comment
from validation.document_parts import key_of_paragraph
from validation.executions import begin_execution
from validation.models import Protocol, SummaryReport, System, ValidationPlan
from validation.plans import draft_master_plan, draft_plan, refresh_plan, write_section
from validation.protocols import StepText, add_steps, draft_protocol
from validation.reports import draft_report, edit_report


def tell_plan(cast: Cast) -> None:
    """Plan the validation of the pipeline and have the plan signed."""
    system = pipeline()
    found = ValidationPlan.objects.filter(system=system).first() or draft_plan(
        system, actor=cast.actor(ENGINEER), title=PLAN_TITLE, stages=STAGES
    )
    ensure_sections(cast, found, PLAN)
    ensure_reviewed(cast, found)
    ensure_signed(cast, found, "approve", ENGINEER, QUALITY)


def ensure_reviewed(cast: Cast, plan: ValidationPlan) -> None:
    """Have the reviewer comment on a section of a plan, its author answer, and the reviewer settle it."""
    if plan.state != "draft":
        return
    place, asked, answered = COMMENT
    found = plan.review_comments.first() or write_comment(
        plan, actor=cast.actor(REVIEWER), place=place, paragraph=key_of_paragraph(PLAN[place]), text=asked
    )
    if not found.entries.exists():
        answer_comment(found, actor=cast.actor(ENGINEER), text=answered)
    if not found.entries.filter(kind="settled").exists():
        settle_comment(found, actor=cast.actor(REVIEWER))


def tell_installation(cast: Cast) -> None:
    """Have the second engineer write and execute the IQ protocol, and the first one review the run."""
    system = pipeline()
    found = Protocol.objects.filter(system=system, stage="iq").first() or draft_protocol(
        system, actor=cast.actor(SECOND_ENGINEER), title=IQ_TITLE, stage="iq", purpose=IQ_PURPOSE
    )
    if not found.steps.exists():
        add_steps(found, [StepText(*row) for row in IQ_STEPS], actor=cast.actor(SECOND_ENGINEER))
    ensure_signed(cast, found, "approve", SECOND_ENGINEER, QUALITY)
    run = found.executions.first() or begin_execution(
        found, actor=cast.actor(SECOND_ENGINEER), environment=IQ_ENVIRONMENT
    )
    ensure_results(cast, run, {row["step"]: ("pass", f"As expected: {row['expected']}") for row in run.planned_steps()})
    ensure_signed(cast, run, "finish", SECOND_ENGINEER)
    ensure_signed(cast, run, "review", ENGINEER)


def tell_report(cast: Cast) -> None:
    """Report the validation of the pipeline and have the report signed by three; needs every chapter before it."""
    system = pipeline()
    found = SummaryReport.objects.filter(system=system).first() or draft_report(system, actor=cast.actor(ENGINEER))
    if not found.summary:
        edit_report(found, actor=cast.actor(ENGINEER), revision=found.revision, texts=REPORT)
    ensure_signed(cast, found, "approve", ENGINEER, QUALITY, SECOND_QUALITY)


def tell_master_plan(cast: Cast) -> None:
    """Write the site's master plan, with the systems as they stand then, and have it signed."""
    found = ValidationPlan.objects.filter(level="master").first() or draft_master_plan(
        actor=cast.actor(ENGINEER), title=MASTER_TITLE
    )
    ensure_sections(cast, found, MASTER)
    if found.state == "draft" and not found.signatures.exists():
        refresh_plan(found, actor=cast.actor(ENGINEER))
    ensure_signed(cast, found, "approve", ENGINEER, QUALITY)


def pipeline() -> System:
    """Return the vial inspection pipeline."""
    return System.objects.get(title=SYSTEM["title"])


def ensure_sections(cast: Cast, plan: ValidationPlan, texts: Mapping[str, str]) -> None:
    """Write the sections that are empty."""
    for row in plan.sections.order_by("position"):
        if row.is_missing:
            write_section(plan, row.position, actor=cast.actor(ENGINEER), text=texts[row.key], revision=row.revision)
