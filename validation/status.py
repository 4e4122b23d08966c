"""Whether systems still are what their validation showed: the newest approved report against the items in use.

Computed from the recorded digests at each reading; nothing has to notice a change.
Serves: 21 CFR 11.10(a); EU GMP Annex 11 §10, 11; Annex 15 §2.10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from validation.item_changes import ItemChange, find_changes
from validation.models import ConfigurationItem, SummaryReport, System

CHANGED = "Changed since validation"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a system stands: the report that counts, if any, and what differs from it."""

    report: SummaryReport | None = None
    changes: tuple[ItemChange, ...] = ()


def standings_of(systems: Iterable[System]) -> dict[int, Standing]:
    """Return how each system stands, by its key, in two queries."""
    keys = [row.pk for row in systems]
    reports = SummaryReport.objects.filter(system__in=keys, state="approved").order_by("system_id", "-pk")
    newest = {row.system_id: row for row in reports.distinct("system_id")}
    items: dict[int, list[dict[str, str]]] = {}
    for item in ConfigurationItem.objects.filter(system__in=keys, ended_at=None).order_by("pk"):
        items.setdefault(item.system_id, []).append(item.content())
    found = {}
    for key in keys:
        report = newest.get(key)
        changes = find_changes(report.facts["items"], items.get(key, [])) if report else []
        found[key] = Standing(report, tuple(changes))
    return found


def standing_of(system: System) -> Standing:
    """Return how one system stands."""
    return standings_of([system])[system.pk]
