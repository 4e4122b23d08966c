"""What a signature on a batch covers, as one JSON-able dict.

Everything that was decided, by whom and from which bytes; the workflow state is not in
it, so review, trail review and disposition sign the same content.
Serves: 21 CFR 11.70, 211.188.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from qms.batches.verdicts import Entry, read_unit
from records.canonical import instant_text

if TYPE_CHECKING:
    from qms.batches.models import (
        BatchRecord,
        ChallengeRun,
        Decision,
        Disposition,
        Investigation,
        VialImage,
    )


def instant(value: dt.datetime | None) -> str | None:
    """Return an instant as ISO text in UTC with microseconds, or None."""
    return None if value is None else instant_text(value)


FINAL = ("release", "reject", "reinspect")
"""Dispositions after which nothing more is signed: they stand in their own signature, not in the content."""


def batch_content(batch: BatchRecord) -> dict[str, Any]:
    """Return the whole content of a batch record."""
    images = (
        batch.images.select_related("result__defect")
        .prefetch_related("decisions__decided_by", "decisions__defect")
        .order_by("position")
    )
    return {
        "kind": batch.kind,
        "number": batch.number,
        "title": batch.title,
        "note": batch.note,
        "lot": batch.lot.content(),
        "station": batch.station.code,
        "units_received": batch.units_received,
        "model": batch.model_version.content(),
        "recipe": batch.recipe,
        "fileset_hash": batch.fileset_hash,
        "random_check_seed": batch.random_check_seed,
        "reinspection_of": batch.reinspection_of.number if batch.reinspection_of else None,
        "units": [unit_content(image) for image in images],
        "challenges": [
            challenge_content(run) for run in batch.challenges.select_related("challenge_set").order_by("id")
        ],
        "aql": aql_content(batch),
        "reconciliation": reconciliation_content(batch),
        "investigations": [
            investigation_content(row) for row in batch.investigations.select_related("closed_by").order_by("id")
        ],
        "earlier_dispositions": [
            disposition_content(row)
            for row in batch.dispositions.exclude(action__in=FINAL).select_related("decided_by").order_by("id")
        ],
        "attachments": [
            {"name": row.name, "purpose": row.purpose, "sha256": row.file_id}
            for row in batch.attachments.order_by("id")
        ],
    }


def challenge_content(run: ChallengeRun) -> dict[str, Any]:
    """Return what the model said about the known units at one moment."""
    return {
        "set": str(run.challenge_set),
        "phase": run.phase,
        "passed": run.passed,
        "outcomes": run.outcomes,
        "model_sha256": run.model_sha256,
        "at": instant(run.ran_at),
    }


def investigation_content(row: Investigation) -> dict[str, Any]:
    """Return one investigation with its conclusion."""
    return {
        "trigger": row.trigger,
        "finding": row.finding,
        "conclusion": row.conclusion,
        "closed_by": row.closed_by.username if row.closed_by else None,
    }


def disposition_content(row: Disposition) -> dict[str, Any]:
    """Return one earlier decision on the batch."""
    return {
        "action": row.action,
        "by": row.decided_by.username,
        "reason": row.reason,
        "signature": row.signature_number,
        "at": instant(row.decided_at),
    }


def unit_content(image: VialImage) -> dict[str, Any]:
    """Return one unit: its file, the model's outcome, every decision of a person and what it counts as."""
    result = getattr(image, "result", None)
    decisions = sorted(image.decisions.all(), key=lambda row: row.pk)
    entries = [Entry(row.pk, row.kind, row.verdict, row.decided_by_id, row.of_id, row.defect_id) for row in decisions]
    return {
        "unit": image.unit_id,
        "file": image.name,
        "sha256": image.original_id,
        "region": image.region,
        "outcome": result.outcome if result else None,
        "defect": result.defect.code if result and result.defect else None,
        "score": str(result.score) if result and result.score is not None else None,
        "verdict": read_unit(result.outcome if result else "", entries).verdict,
        "decisions": [decision_content(row) for row in decisions],
    }


def decision_content(decision: Decision) -> dict[str, Any]:
    """Return one decision with its reason and person."""
    return {
        "kind": decision.kind,
        "verdict": decision.verdict,
        "defect": decision.defect.code if decision.defect else None,
        "reason_code": decision.reason_code,
        "reason": decision.reason_text,
        "by": decision.decided_by.username,
        "at": instant(decision.decided_at),
    }


def aql_content(batch: BatchRecord) -> dict[str, Any] | None:
    """Return the AQL sample with its plans and findings, or None before it is drawn."""
    sample = getattr(batch, "aql_sample", None)
    if sample is None:
        return None
    return {
        "seed": sample.seed,
        "plans": sample.plans,
        "units": sample.units,
        "passed": sample.passed,
        "outcome": sample.outcome,
        "inspected_at": instant(sample.inspected_at),
        "findings": [
            {"unit": row.image.unit_id, "defect": row.defect.code, "note": row.note}
            for row in sample.findings.select_related("image", "defect").order_by("id")
        ],
    }


def reconciliation_content(batch: BatchRecord) -> dict[str, Any] | None:
    """Return the reconciliation, or None before the count."""
    row = getattr(batch, "reconciliation", None)
    if row is None:
        return None
    return {
        "received": row.received,
        "accepted": row.accepted,
        "rejected": row.rejected,
        "destroyed": row.destroyed,
        "explanation": row.explanation,
        "counted_by": row.counted_by.username,
    }
