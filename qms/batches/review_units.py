"""Reads of a batch's units as the review sees them: outcome, what stands, what is asked of people.

Three queries whatever the size of the batch. Writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from qms.batches.models import BatchRecord, Decision, DefectClass, ImageFailure, VialImage
from qms.batches.recipes import read_recipe
from qms.batches.verdicts import GOOD, REJECT, UNDECIDED, Entry, UnitState, read_unit
from validation.sampling import draw_sample

#: Thumbnails on a page: eight by six at 1366 px.
PAGE_SIZE: Final = 48


@dataclass(frozen=True, slots=True)
class ReviewUnit:
    """One unit for the grid: its place, the model's outcome, what stands and why it is looked at.

    ``defect`` is the model's class, ``decided`` the one that counts; ``confidence`` is the
    probability of the model's answer, None where it gave none.
    """

    image_id: int
    unit_id: str
    position: int
    outcome: str
    defect_id: int | None
    defect: str
    severity: str
    confidence: Decimal | None
    state: UnitState
    decided: str = ""
    is_random: bool = False
    is_failed: bool = False

    @property
    def is_flagged(self) -> bool:
        """Tell whether the model rejected the unit."""
        return self.outcome == REJECT

    @property
    def is_undecided(self) -> bool:
        """Tell whether the model left the unit to a person."""
        return self.outcome == UNDECIDED

    @property
    def is_required(self) -> bool:
        """Tell whether a person must look at the unit."""
        return self.is_flagged or self.is_undecided or self.is_random or self.is_failed

    @property
    def is_open(self) -> bool:
        """Tell whether a person must still decide the unit."""
        return self.is_required and not self.state.is_reviewed

    @property
    def shown_verdict(self) -> str:
        """Return what the grid shows: the verdict that counts, waiting, undecided or failed."""
        if not self.outcome:
            return "failed" if self.is_failed else "pending"
        if self.state.is_waiting:
            return "waiting"
        return self.state.verdict or UNDECIDED


@dataclass(frozen=True, slots=True)
class Filter:
    """One chip of the grid: its name in the URL, its word and which units it shows."""

    name: str
    label: str
    hint: str


FILTERS: Final = (
    Filter("todo", "Unreviewed", "Flagged, undecided and random check units that nobody has decided"),
    Filter("flagged", "Flagged", "Units that the model rejected"),
    Filter("undecided", "Undecided", "Units whose score lies between the model's limits"),
    Filter("random", "Random check", "Accepted units drawn at random to check the model"),
    Filter("overridden", "Overridden", "Units decided otherwise than by the model"),
    Filter("waiting", "Waiting", "Decisions that a second person must verify"),
    Filter("failed", "Failed", "Units whose photograph the model could not decide on"),
    Filter("all", "All", "Every unit of the batch"),
)
DEFAULT_FILTER: Final = "todo"


def read_entries(decisions: Iterable[Decision]) -> list[Entry]:
    """Return decisions as the verdict rule reads them."""
    return [Entry(row.pk, row.kind, row.verdict, row.decided_by_id, row.of_id, row.defect_id) for row in decisions]


def read_states(batch: BatchRecord) -> dict[int, list[Entry]]:
    """Return every image's decisions, oldest first."""
    found: dict[int, list[Entry]] = defaultdict(list)
    rows = Decision.objects.filter(image__batch=batch).order_by("id")
    for pk, image, kind, verdict, by, of, defect in rows.values_list(
        "pk", "image_id", "kind", "verdict", "decided_by_id", "of_id", "defect_id"
    ):
        found[image].append(Entry(pk, kind, verdict, by, of, defect))
    return found


def read_image_state(image: VialImage, *, outcome: str) -> UnitState:
    """Return what stands for one unit."""
    return read_unit(outcome, read_entries(image.decisions.order_by("id")))


def list_units(batch: BatchRecord) -> list[ReviewUnit]:
    """Return every unit of the batch in its order, with what stands and why it is looked at."""
    entries = read_states(batch)
    failed = set(ImageFailure.objects.filter(image__batch=batch).values_list("image_id", flat=True))
    rows = list(
        batch.images.order_by("position").values_list(
            "pk",
            "unit_id",
            "position",
            "result__outcome",
            "result__defect_id",
            "result__defect__severity",
            "result__probabilities",
        )
    )
    names = dict(DefectClass.objects.filter(product_id=batch.lot.product_id).values_list("pk", "name"))
    drawn = draw_random_check(batch, accepted=[row[1] for row in rows if row[3] == GOOD])
    units = []
    for pk, unit, position, outcome, defect_id, severity, probabilities in rows:
        state = read_unit(outcome or "", entries.get(pk, ()))
        units.append(
            ReviewUnit(
                image_id=pk,
                unit_id=unit,
                position=position,
                outcome=outcome or "",
                defect_id=defect_id,
                defect=names.get(defect_id, ""),
                severity=severity or "",
                confidence=confidence_of(probabilities),
                state=state,
                decided=names.get(state.defect or defect_id, "") if state.verdict == REJECT else "",
                is_random=unit in drawn,
                is_failed=not outcome and pk in failed,
            )
        )
    return units


def confidence_of(probabilities: Sequence[str] | None) -> Decimal | None:
    """Return the probability of the model's answer, its likeliest class; None where it gave no scores."""
    return max((Decimal(value) for value in probabilities or ()), default=None)


def draw_random_check(batch: BatchRecord, *, accepted: Sequence[str]) -> frozenset[str]:
    """Return the accepted units that a person looks at, from the stored seed.

    Anyone with the list of units that the model accepted and the seed can draw them again
    (`validation.sampling.draw_sample`). Serves: draft Annex 22 §9. Units: size from the recipe.
    """
    if not batch.random_check_seed:
        return frozenset()
    size = min(read_recipe(batch).random_check_size, len(accepted))
    return frozenset(draw_sample(accepted, n=size, seed=batch.random_check_seed))


def select_units(units: Iterable[ReviewUnit], show: str) -> list[ReviewUnit]:
    """Return the units that a chip shows."""
    tests: dict[str, Callable[[ReviewUnit], bool]] = {
        "todo": lambda unit: unit.is_open,
        "flagged": lambda unit: unit.is_flagged,
        "undecided": lambda unit: unit.is_undecided,
        "random": lambda unit: unit.is_random,
        "overridden": lambda unit: unit.state.is_overridden,
        "waiting": lambda unit: unit.state.is_waiting,
        "failed": lambda unit: unit.is_failed,
        "all": lambda unit: True,
    }
    chosen = tests.get(show, tests[DEFAULT_FILTER])
    return [unit for unit in units if chosen(unit)]


def count_units(units: Sequence[ReviewUnit]) -> dict[str, int]:
    """Return how many units each chip shows."""
    return {row.name: len(select_units(units, row.name)) for row in FILTERS}


def sort_units(units: Sequence[ReviewUnit], order: str) -> list[ReviewUnit]:
    """Return units by their place, or with the least certain first."""
    if order == "score":
        return sorted(units, key=lambda unit: (unit.confidence or Decimal(0), unit.position))
    return sorted(units, key=lambda unit: unit.position)


def defect_library(batch: BatchRecord) -> list[DefectClass]:
    """Return the defect classes in force for the batch's product, worst first."""
    rank = {"critical": 0, "major": 1, "minor": 2}
    found = DefectClass.objects.filter(product_id=batch.lot.product_id, is_active=True)
    return sorted(found, key=lambda row: (rank[row.severity], row.code))
