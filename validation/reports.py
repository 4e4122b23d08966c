"""Validation summary reports: assembled from the records, concluded by people, signed by three roles.

Serves: EU GMP Annex 15 §2.9, 2.10; 21 CFR 11.10(a).
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from records.acting import acting
from records.creation import create_record
from records.editing import stale_revision
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.workflow import lock_record, state_label, take_role, workflow_of
from validation.assembling import report_facts
from validation.document_readiness import check_points
from validation.errors_documents import ReportExists
from validation.models import SummaryReport, System
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS

TEXTS = ("summary", "limits", "conclusion")


def draft_report(system: System, *, actor: Actor) -> SummaryReport:
    """Generate the report of a system from its records, once nothing is open.

    Writes: validation_summaryreport, `validation.report.drafted`. Raises: `ReportExists`,
    `ReportBlocked` naming the open points. Serves: EU GMP Annex 15 §2.9.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = System.objects.get(pk=lock_record(system).pk)
        found = SummaryReport.objects.filter(system=locked, state="draft").first()
        if found is not None:
            raise ReportExists(number=found.number)
        facts = report_facts(locked)
        check_points(facts)
        title = f"Validation summary: {locked.title}"[:200]
        return create_record(
            SummaryReport, actor=actor, title=title, act="validation.report.drafted", system=locked, facts=facts
        )


def edit_report(report: SummaryReport, *, actor: Actor, revision: int, texts: Mapping[str, str]) -> SummaryReport:
    """Write summary, limits and conclusion; nothing else of a report is written by people.

    Writes: validation_summaryreport, `validation.report.edited`. Raises: `RecordNotEditable`,
    `StaleRevision` with the differences.
    """
    actor = take_role(actor, ENGINEERS)
    changes = {name: texts[name] for name in TEXTS}
    with transaction.atomic():
        locked = lock_report(report)
        if locked.revision != revision:
            raise stale_revision(locked, changes)
        with acting(actor, "validation.report.edited", locked):
            locked.summary, locked.limits, locked.conclusion = (changes[name] for name in TEXTS)
            locked.save(update_fields=TEXTS)
            raise_revision(locked)
    return locked


def refresh_report(report: SummaryReport, *, actor: Actor) -> SummaryReport:
    """Bring a report up to date with the records; its texts stay.

    Writes: validation_summaryreport, `validation.report.refreshed`. Raises: `RecordNotEditable`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_report(report)
        with acting(actor, "validation.report.refreshed", locked):
            locked.facts = report_facts(locked.system)
            locked.save(update_fields=["facts"])
            raise_revision(locked)
    return locked


def lock_report(report: SummaryReport) -> SummaryReport:
    """Lock a report that may still be edited. Raises: `RecordNotEditable`."""
    locked = SummaryReport.objects.get(pk=lock_record(report).pk)
    if locked.state not in workflow_of(locked).editable_states:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    return locked
