"""Which severity of inspection the switching rules ask for a batch, from the disposed lots of its product. Reads only.

The plans held are those of normal inspection, checked against the domain's table. Where the rules ask for more, the
sample says so and opens an investigation: quality decides by the site's own copy of the standard what is inspected.
Serves: 21 CFR 211.165(d); ISO 2859-1 §9.3.
"""

from __future__ import annotations

from typing import Any, Final

from qms.batches.models import AqlSample, BatchRecord, Investigation
from validation.switching import InspectedLot, Resumption, Standing, find_severity

DISPOSED: Final = ("released", "rejected", "reinspect")
TIGHTENED, DISCONTINUED = "tightened_inspection", "inspection_discontinued"
TRIGGER_OF: Final = {"tightened": TIGHTENED, "discontinued": DISCONTINUED}


def severity_for(batch: BatchRecord) -> Standing:
    """Return what the batch takes: its product's disposed lots count at their original inspection, in its order.

    A lot was accepted if its AQL sample passed, whatever else became of it. Once inspection is discontinued, quality's
    conclusion of the investigation resumes it.
    """
    before = BatchRecord.objects.filter(
        lot__product_id=batch.lot.product_id, state__in=DISPOSED, aql_sample__passed__isnull=False
    ).exclude(pk=batch.pk)
    lots = before.values_list("aql_sample__inspected_at", "pk", "number", "aql_sample__passed", "reinspection_of")
    concluded = Investigation.objects.filter(
        batch__lot__product_id=batch.lot.product_id, trigger=DISCONTINUED, closed_at__isnull=False
    ).values_list("closed_at", "pk", "conclusion")
    series: list[tuple[Any, int, InspectedLot | Resumption]] = [
        (at, key, InspectedLot(number, bool(passed), is_original=origin is None))
        for at, key, number, passed, origin in lots
    ]
    series += [(at, key, Resumption(text)) for at, key, text in concluded]
    return find_severity(entry for _, _, entry in sorted(series, key=lambda row: row[:2]))


def read_severity(batch: BatchRecord, sample: AqlSample | None) -> dict[str, str]:
    """Return severity and reason as recorded when the sample was drawn, before that as it stands now."""
    if sample is None:
        standing = severity_for(batch)
        return {"severity": standing.severity, "severity_reason": say_standing(standing)}
    details = batch.events.filter(act="batches.aql.drawn").values_list("details", flat=True).latest("id")
    return {name: details.get(name, "") for name in ("severity", "severity_reason")}


def say_standing(standing: Standing) -> str:
    """Return why, with the lots that decided."""
    lots = f" ({', '.join(standing.lots)})" if standing.lots else ""
    return f"{standing.reason}{lots}"


def write_finding(standing: Standing) -> str:
    """Return the finding of the investigation that a severity other than normal opens."""
    asked = "tightened inspection" if standing.severity == "tightened" else "no inspection until the process is mended"
    return (
        f"The switching rules of ISO 2859-1 ask for {asked}: {say_standing(standing)}. The sample follows the plans of "
        "normal inspection; decide by your own copy of the standard what is inspected beyond it."
    )
