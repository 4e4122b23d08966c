"""Why a person may decide otherwise than the model: the site's list, in its fixed order.

Pure. The number keys 1-9 stand for the places in the list that is shown. Codes are
stored with each decision and never given another meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OTHER: Final = "R9"
OTHER_MINIMUM: Final = 10


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One reason: its code, its sentence and the verdicts it can explain."""

    code: str
    label: str
    verdicts: frozenset[str]


_BOTH = frozenset({"good", "reject"})
_GOOD = frozenset({"good"})
_REJECT = frozenset({"reject"})

REASON_CODES: Final = (
    ReasonCode("R1", "Reflection or glare", _GOOD),
    ReasonCode("R2", "Air bubble in the liquid", _GOOD),
    ReasonCode("R3", "Drop, condensation or dirt on the outside", _GOOD),
    ReasonCode("R4", "Print or label taken for a defect", _GOOD),
    ReasonCode("R5", "Mark within the limits of the defect library", _GOOD),
    ReasonCode("R6", "Defect that the model missed", _REJECT),
    ReasonCode("R7", "Wrong product or container", _REJECT),
    ReasonCode("R8", "Another class of defect than the model's", _REJECT),
    ReasonCode(OTHER, "Other: say what", _BOTH),
)
BY_CODE: Final = {reason.code: reason for reason in REASON_CODES}


def reasons_for(verdict: str) -> tuple[ReasonCode, ...]:
    """Return the reasons that can explain a verdict, in their order."""
    return tuple(reason for reason in REASON_CODES if verdict in reason.verdicts)


def find_reason(code: str, *, verdict: str) -> ReasonCode | None:
    """Return the reason of that code if it can explain the verdict."""
    found = BY_CODE.get(code)
    return found if found is not None and verdict in found.verdicts else None


def is_text_enough(code: str, text: str) -> bool:
    """Tell whether the text beside a code suffices: only "Other" needs one.

    Units: at least 10 characters, of which at least 4 different ones.
    """
    if code != OTHER:
        return True
    words = text.strip()
    return len(words) >= OTHER_MINIMUM and len(set(words.casefold()) - {" "}) >= 4


def write_reason(code: str, text: str) -> str:
    """Return code, sentence and text as one reason for the audit trail."""
    reason = BY_CODE.get(code)
    words = text.strip()
    if reason is None:
        return words
    if code == OTHER:
        return f"{code} Other: {words}"
    return f"{code} {reason.label}" + (f": {words}" if words else "")
