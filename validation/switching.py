"""Which severity of inspection the next lot of a series takes, from the lots before it (ISO 2859-1, switching rules).

Owns the obligatory rules: normal to tightened after 2 of 5 consecutive lots were not accepted, back to
normal after 5 accepted in a row, discontinued once 5 were not accepted on tightened inspection. Lots count at
their original inspection; a lot that is submitted again counts for nothing. Reduced inspection, which the
standard leaves to the choice of the site, is not here: particles are inspected under normal inspection (USP <790>).

Pure: no Django, no clock. `validation.sampling` holds the plans of normal inspection only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["normal", "tightened", "discontinued"]

WINDOW: Final = 5
REFUSED_IN_WINDOW: Final = 2
ACCEPTED_IN_A_ROW: Final = 5
REFUSED_ON_TIGHTENED: Final = 5


@dataclass(frozen=True, slots=True)
class InspectedLot:
    """What became of one lot; ``is_original`` is False where it was submitted again after a refusal."""

    number: str
    is_accepted: bool
    is_original: bool = True


@dataclass(frozen=True, slots=True)
class Resumption:
    """The supplier has acted and quality lets inspection begin again, tightened."""

    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the next lot takes, and why, in words; ``lots`` are those that decided."""

    severity: Severity
    reason: str
    lots: tuple[str, ...] = ()


START: Final = Standing("normal", "a series begins with normal inspection")


def find_severity(series: Iterable[InspectedLot | Resumption]) -> Standing:
    """Return what the lot after this series takes. Serves: 21 CFR 211.165(d); ISO 2859-1 §9.3.

    ``series`` is in the order of inspection, from the first lot on. Lots that were inspected although
    inspection was discontinued change nothing until it is resumed.
    """
    standing, seen = START, list[InspectedLot]()
    for entry in series:
        if isinstance(entry, Resumption):
            if standing.severity == "discontinued":
                standing, seen = Standing("tightened", f"inspection was resumed: {entry.reason}"), []
        elif entry.is_original and standing.severity != "discontinued":
            seen.append(entry)
            if found := _switch(standing.severity, seen):
                standing, seen = found, []
    return standing


def _switch(severity: Severity, seen: list[InspectedLot]) -> Standing | None:
    """Return the standing to which the lots since the last switch lead, if to another."""
    refused = [lot.number for lot in seen if not lot.is_accepted]
    if severity == "normal":
        recent = [lot.number for lot in seen[-WINDOW:] if not lot.is_accepted]
        if len(recent) < REFUSED_IN_WINDOW:
            return None
        return Standing("tightened", f"{len(recent)} of {WINDOW} consecutive lots were not accepted", tuple(recent))
    if len(refused) >= REFUSED_ON_TIGHTENED:
        reason = f"{len(refused)} lots were not accepted on tightened inspection; the process is mended first"
        return Standing("discontinued", reason, tuple(refused))
    last = seen[-ACCEPTED_IN_A_ROW:]
    if len(last) < ACCEPTED_IN_A_ROW or not all(lot.is_accepted for lot in last):
        return None
    numbers = tuple(lot.number for lot in last)
    return Standing("normal", f"{ACCEPTED_IN_A_ROW} consecutive lots were accepted on tightened inspection", numbers)
