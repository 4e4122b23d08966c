"""What can stop the plant from starting, as sentences a person can act on."""

from __future__ import annotations


class PlantError(Exception):
    """The plant cannot start or go on; the message says what to do."""


class PlantBusy(PlantError):
    """Another launcher already runs on the same data."""
