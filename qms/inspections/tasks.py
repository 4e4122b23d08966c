"""Background work of the regulator's rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qms.inspections.copies import fail_export, make_export
from records.errors import Refusal
from records.outbox import handles


@handles("inspections.export")
def make_promised_export(payload: Mapping[str, Any]) -> None:
    """Make the copy that a request promised; a refusal is kept as its cause."""
    try:
        make_export(int(payload["export"]))
    except Refusal as refusal:
        fail_export(int(payload["export"]), refusal.text)
