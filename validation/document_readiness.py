"""What must be true before a plan or a report is signed, and before a system is called validated: guards.

Serves: EU GMP Annex 15 §1.5, 2.9, 2.10; 21 CFR 11.10(f).
"""

from __future__ import annotations

from records.evidence import Actor
from records.models import ControlledRecord
from records.versions import is_current
from signatures.queries import taken_seats
from validation.assembling import Facts, master_facts, plan_facts, report_facts
from validation.errors_documents import (
    NotShownByReport,
    OwnerSignsNext,
    PlanListOutdated,
    ReportBlocked,
    ReportOutdated,
    ReportTextMissing,
    SectionsMissing,
    StagesMissing,
)
from validation.errors_records import MatrixNotApproved
from validation.models import MatrixVersion, SummaryReport, System, ValidationPlan
from validation.open_points import find_open_points
from validation.readiness import as_kind
from validation.status import standing_of

POINTS_NAMED = 6
OWNER_SEAT = "owner"


def seats_taken(record: ControlledRecord) -> list[str]:
    """Return the seats signed on the record as it stands, in their order."""
    newest = record.versions.order_by("-number").first()
    if newest is None:
        return []
    taken = [row.seat for row in taken_seats(newest, "approve")]
    return taken if taken and is_current(newest, record.concrete()) else []


def missing_sections(plan: ValidationPlan) -> list[str]:
    """Return the headings of the sections that nobody wrote yet."""
    return [row.heading for row in plan.sections.order_by("position") if row.is_missing]


def plan_is_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a plan with an empty section, without stages or an approved risk matrix, or with an old list.

    Who signs after the first signature signs that list. Raises: `SectionsMissing`,
    `StagesMissing`, `MatrixNotApproved`, `PlanListOutdated`.
    """
    plan = as_kind(record, ValidationPlan)
    if missing := missing_sections(plan):
        raise SectionsMissing(number=plan.number, sections=", ".join(f"“{heading}”" for heading in missing))
    if plan.system and not plan.stages:
        raise StagesMissing(number=plan.number)
    if plan.system and not MatrixVersion.objects.filter(state="approved").exists():
        raise MatrixNotApproved
    if not seats_taken(plan) and is_outdated(plan):
        raise PlanListOutdated(number=plan.number)


def is_outdated(plan: ValidationPlan) -> bool:
    """Tell whether the inventory says something else than when its list was taken into the plan."""
    present = plan_facts(plan.system) if plan.system else master_facts()
    return bool(plan.facts != present)


def check_points(facts: Facts) -> None:
    """Refuse while something is open, naming it. Raises: `ReportBlocked`."""
    points = [point.text for point in find_open_points(facts)]
    if points:
        named = points[:POINTS_NAMED] + ([f"{len(points) - POINTS_NAMED} more."] if len(points) > POINTS_NAMED else [])
        raise ReportBlocked(system=facts["system"]["number"], points=" ".join(named))


def report_is_whole(record: ControlledRecord, actor: Actor) -> None:
    """Refuse a report with an open point, an empty text, or other facts than the records hold.

    Raises: `ReportBlocked`, `ReportOutdated`, `ReportTextMissing`.
    """
    report = as_kind(record, SummaryReport)
    present = report_facts(report.system)
    check_points(present)
    if report.facts != present:
        raise ReportOutdated(number=report.number)
    texts = {"summary": report.summary, "limits of use": report.limits, "conclusion": report.conclusion}
    if missing := [name for name, text in texts.items() if not text.strip()]:
        raise ReportTextMissing(number=report.number, texts=" and no ".join(missing))


def owner_signs_second(record: ControlledRecord, actor: Actor) -> None:
    """Keep the seat of the owner for who answers for the system or the process. Raises: `OwnerSignsNext`.

    Serves: EU GMP Annex 11 §2.
    """
    report = as_kind(record, SummaryReport)
    if seats_taken(report) != ["author"]:
        return
    owners = {row.pk: row.printed_name for row in (report.system.process_owner, report.system.owner)}
    if actor.user_id not in owners:
        raise OwnerSignsNext(number=report.number, owners=" or ".join(owners.values()))


def report_shows_system(record: ControlledRecord, actor: Actor) -> None:
    """Refuse to call a system validated that no approved report shows as it is. Raises: `NotShownByReport`."""
    standing = standing_of(as_kind(record, System))
    if standing.report is None or standing.changes:
        raise NotShownByReport(number=record.number)
