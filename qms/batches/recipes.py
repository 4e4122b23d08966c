"""What a batch was started with: the model, the limits and the sizes, copied at the start.

A later change of master data does not change what was done, so the review reads the
recipe and never the product. Numbers are texts in the record, exact in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qms.batches.models import BatchRecord, Product


@dataclass(frozen=True, slots=True)
class Recipe:
    """The limits of one inspection. Units: rates in percent of the inspected units."""

    random_check_size: int
    reject_rate_limit: Decimal
    critical_rate_limit: Decimal
    inspection_level: str
    aqls: Mapping[str, str]
    reconciliation_tolerance: int


def limits_of(product: Product) -> dict[str, Any]:
    """Return the limits that a batch copies into its recipe, as JSON-able texts and integers."""
    return {
        "random_check_size": product.random_check_size,
        "reject_rate_limit": str(product.reject_rate_limit),
        "critical_rate_limit": str(product.critical_rate_limit),
        "inspection_level": product.inspection_level,
        "aql": {
            "critical": product.aql_critical,
            "major": product.aql_major,
            "minor": product.aql_minor,
        },
        "reconciliation_tolerance": product.reconciliation_tolerance,
        "defect_library": {
            row.code: {"name": row.name, "severity": row.severity}
            for row in product.defects.filter(is_active=True).order_by("code")
        },
    }


def read_recipe(batch: BatchRecord) -> Recipe:
    """Return the limits a batch was started with; before the start, those it would start with."""
    found = {**limits_of(batch.lot.product), **(batch.recipe or {})}
    return Recipe(
        random_check_size=int(found["random_check_size"]),
        reject_rate_limit=Decimal(found["reject_rate_limit"]),
        critical_rate_limit=Decimal(found["critical_rate_limit"]),
        inspection_level=str(found["inspection_level"]),
        aqls=dict(found["aql"]),
        reconciliation_tolerance=int(found["reconciliation_tolerance"]),
    )
