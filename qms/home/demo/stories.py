"""The lots of the demonstration and what became of each, as one table.

Lots share example photographs, since there are 130 of them; unit numbers say which.
"""

from __future__ import annotations

from dataclasses import dataclass

from qms.home.demo.stock import FENTANYL, MIDAZOLAM, Ware

MIX_UPS = ("F-022", "F-088", "F-096")
"""Midazolam among fentanyl that the model rejects; F-056 and F-090 it leaves undecided."""


@dataclass(frozen=True, slots=True)
class Story:
    """One lot: its photographs, who inspects it, and in which state it is left.

    ``is_returned`` sends it back once by a declined audit trail review; ``is_begun`` leaves
    a review half done. ``reason`` is the disposition's. The quarantined lot comes last: while
    it ran, QA put a harder set of known units in force, which the model does not pass.
    """

    lot: str
    ware: Ware
    units: tuple[str, ...]
    operator: str
    state: str
    reason: str = ""
    is_returned: bool = False
    is_begun: bool = False

    @property
    def size(self) -> int:
        """Return how many units there are. Units: units."""
        return len(self.units) or 100


def fentanyl(first: int, count: int, *others: str) -> tuple[str, ...]:
    """Return right units from a place on, and others among them."""
    wrong = {*MIX_UPS, "F-056", "F-090", "F-050", "F-074"}
    right = [f"F-{number:03d}" for number in range(first, 101) if f"F-{number:03d}" not in wrong]
    return tuple(sorted((*right[:count], *others)))


def midazolam(count: int, *others: str, skip: int = 0) -> tuple[str, ...]:
    """Return midazolam units, undecided ones among them, and others."""
    right = [f"M-{number:03d}" for number in range(3, 31) if number not in (6, 7, 14)]
    return tuple(sorted((*right[skip : skip + count], *others)))


STORIES = (
    Story(
        "L-70101",
        FENTANYL,
        fentanyl(1, 22, "F-050", "F-088"),
        "ana",
        "released",
        "The mix-up was found, removed and traced to the line clearance before this lot; the rest of it is right.",
    ),
    Story(
        "L-80101",
        MIDAZOLAM,
        midazolam(10, "M-006", "M-014"),
        "jon",
        "rejected",
        "Two vials of another opioid among twelve: the segregation on line 2 cannot be trusted for this lot.",
    ),
    Story(
        "L-70102",
        FENTANYL,
        fentanyl(24, 17, "F-096"),
        "ana",
        "on_hold",
        "Waits for the count of the label roll before a decision is made.",
    ),
    Story(
        "L-70103",
        FENTANYL,
        fentanyl(42, 12, "F-022", "F-088", "F-056"),
        "ana",
        "reinspect",
        "Three mix-ups in fifteen units: sort the lot by hand and inspect every unit again.",
    ),
    Story("L-70104", FENTANYL, fentanyl(57, 15, "F-074", "F-096"), "ana", "awaiting_disposition"),
    Story("L-80102", MIDAZOLAM, midazolam(12, skip=8), "jon", "reviewed"),
    Story("L-70105", FENTANYL, fentanyl(75, 14, "F-050"), "ana", "in_review", is_returned=True),
    Story("L-70106", FENTANYL, fentanyl(1, 24, *MIX_UPS, "F-056", "F-090", "F-074"), "ana", "in_review", is_begun=True),
    Story("L-80103", MIDAZOLAM, midazolam(10, "M-006", skip=12), "jon", "ready"),
    Story("L-70107", FENTANYL, (), "ana", "open"),
    Story(
        "L-80140",
        MIDAZOLAM,
        midazolam(10),
        "jon",
        "withdrawn",
        "The lot number was mistyped: L-80104 is meant, which is not filled yet.",
    ),
    Story("L-70108", FENTANYL, fentanyl(91, 8), "ana", "quarantined"),
)
