"""The demonstration plant as journeys need it: like any other, with devices of a quicker pace."""

from __future__ import annotations

from qms.home import demo

CODE_SECONDS = 6
"""A person of a journey waits for their next code like everybody, but not half a minute."""


def ensure_plant() -> list[str]:
    """Make the demonstration plant."""
    return demo.ensure_plant(code_seconds=CODE_SECONDS)
