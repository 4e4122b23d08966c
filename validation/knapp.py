"""Knapp studies: is automated visual inspection at least as good as manual inspection?

Owns the arithmetic of the comparison, on whole numbers and fractions alone, so that a
boundary never depends on how a processor rounds. The reject set is fixed by the manual
data; which of two readings of "7 or more" fixes it is chosen in the signed protocol and
never mixed. Repeated inspections of one container are not independent containers: the
bounds here are for containers. Pure: no Django, no clock, no random source.
"""

from __future__ import annotations

import decimal
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from validation.errors import ContainerCountsInvalid, ContainerTwice, RejectSetEmpty

Reading = Literal["exact", "rounded"]
Zone = Literal["accept", "gray", "reject"]

REJECT_FACTOR: Final = 7
ACCEPT_FACTOR: Final = 3
RUN_METHOD: Final = "countersign-run-1"


@dataclass(frozen=True, slots=True)
class ContainerCounts:
    """How often one container was rejected, by people and by the machine.

    Units: rejections and inspections as counts. ``defect_class`` is empty for a container
    that was put in as good.
    """

    container: str
    defect_class: str
    is_critical: bool
    manual_rejections: int
    manual_inspections: int
    machine_rejections: int
    machine_inspections: int


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The reject zone of one defect class: containers and both sums of quality factors."""

    defect_class: str
    containers: int
    manual_sum: int
    machine_sum: int


@dataclass(frozen=True, slots=True)
class KnappResult:
    """The whole comparison, with everything a report must show beside the verdict.

    ``ratio`` is the machine's sum over the manual sum; efficiencies are of the reject zone.
    """

    reading: Reading
    zones: dict[str, Zone]
    reject_set: tuple[str, ...]
    manual_sum: int
    machine_sum: int
    manual_efficiency: Fraction
    machine_efficiency: Fraction
    ratio: Fraction
    by_class: tuple[ClassResult, ...]
    never_rejected: tuple[str, ...]
    critical_misses: tuple[str, ...]
    false_rejections: int
    accept_inspections: int

    @property
    def is_equal_or_better(self) -> bool:
        """Tell whether the machine finds at least what people find (EU GMP Annex 1 §8.32)."""
        return self.machine_sum >= self.manual_sum

    @property
    def has_blind_spot(self) -> bool:
        """Tell whether a critical container of the reject zone escapes the machine."""
        return bool(self.critical_misses)

    @property
    def false_reject_rate(self) -> Fraction:
        """Return the machine's rejections among inspections of the accept zone, 0 where there is none."""
        return Fraction(self.false_rejections, self.accept_inspections) if self.accept_inspections else Fraction(0)

    def passes(self, *, false_reject_limit: Fraction) -> bool:
        """Tell whether all three criteria hold: equal or better, no blind spot, few enough false rejects."""
        return self.is_equal_or_better and not self.has_blind_spot and self.false_reject_rate <= false_reject_limit


def quality_factor(rejections: int, inspections: int) -> int:
    """Return ten times the share of rejections, rounded half up, 0 to 10.

    Source: Knapp and Abramson, FQ. Raises: ContainerCountsInvalid.
    """
    check_counts(rejections, inspections)
    return (20 * rejections + inspections) // (2 * inspections)


def zone_of(rejections: int, inspections: int, *, reading: Reading) -> Zone:
    """Return the zone that the manual inspections put a container in.

    ``exact``: reject from 7 of 10 rejections on; ``rounded``: from a quality factor of 7 on.
    Raises: ContainerCountsInvalid.
    """
    factor = quality_factor(rejections, inspections)
    reaches = 10 * rejections >= REJECT_FACTOR * inspections if reading == "exact" else factor >= REJECT_FACTOR
    if reaches:
        return "reject"
    return "accept" if factor <= ACCEPT_FACTOR else "gray"


def compare_inspections(containers: Sequence[ContainerCounts], *, reading: Reading) -> KnappResult:
    """Compare machine and people over the containers of a study.

    Serves: EU GMP Annex 1 §8.32. Raises: ContainerTwice, ContainerCountsInvalid;
    RejectSetEmpty when no container reaches the reject zone, which proves nothing.
    """
    refuse_doubles(containers)
    zones = {
        found.container: zone_of(found.manual_rejections, found.manual_inspections, reading=reading)
        for found in containers
    }
    rejects = [found for found in containers if zones[found.container] == "reject"]
    accepts = [found for found in containers if zones[found.container] == "accept"]
    if not rejects:
        raise RejectSetEmpty
    manual, machine = manual_sum(rejects), machine_sum(rejects)
    return KnappResult(
        reading=reading,
        zones=zones,
        reject_set=tuple(found.container for found in rejects),
        manual_sum=manual,
        machine_sum=machine,
        manual_efficiency=Fraction(manual, 10 * len(rejects)),
        machine_efficiency=Fraction(machine, 10 * len(rejects)),
        ratio=Fraction(machine, manual),
        by_class=compare_classes(rejects),
        never_rejected=tuple(found.container for found in rejects if found.machine_rejections == 0),
        critical_misses=tuple(
            found.container for found in rejects if found.is_critical and machine_factor(found) < REJECT_FACTOR
        ),
        false_rejections=sum(found.machine_rejections for found in accepts),
        accept_inspections=sum(found.machine_inspections for found in accepts),
    )


def compare_classes(rejects: Sequence[ContainerCounts]) -> tuple[ClassResult, ...]:
    """Return both sums for each defect class of the reject zone, in the order of their names."""
    results = []
    for name in sorted({found.defect_class for found in rejects}):
        group = [found for found in rejects if found.defect_class == name]
        results.append(ClassResult(name, len(group), manual_sum(group), machine_sum(group)))
    return tuple(results)


def manual_sum(containers: Iterable[ContainerCounts]) -> int:
    """Return the sum of the manual quality factors."""
    return sum(quality_factor(found.manual_rejections, found.manual_inspections) for found in containers)


def machine_sum(containers: Iterable[ContainerCounts]) -> int:
    """Return the sum of the machine's quality factors."""
    return sum(machine_factor(found) for found in containers)


def machine_factor(found: ContainerCounts) -> int:
    """Return the machine's quality factor of one container."""
    return quality_factor(found.machine_rejections, found.machine_inspections)


def lower_bound(detected: int, containers: int, *, confidence: Decimal = Decimal("0.95")) -> Decimal:
    """Return the one-sided exact lower bound of the probability of detection, to 6 places, rounded down.

    The bound is where so many detections or more would happen with probability
    1 - confidence (Clopper and Pearson). Units: ``detected`` of ``containers``, each one
    inspected container. Raises: ContainerCountsInvalid.
    """
    check_counts(detected, containers)
    if detected == 0:
        return Decimal(0)
    low, high = Decimal(0), Decimal(1)
    with decimal.localcontext(prec=40):
        while high - low > Decimal("1e-9"):
            middle = (low + high) / 2
            if tail(detected, containers, middle) < 1 - confidence:
                low = middle
            else:
                high = middle
    return low.quantize(Decimal("0.000001"), rounding=decimal.ROUND_DOWN)


def tail(detected: int, containers: int, probability: Decimal) -> Decimal:
    """Return the probability of ``detected`` or more detections among ``containers``."""
    term = probability**containers
    total = term
    for misses in range(1, containers - detected + 1):
        term = term * (containers - misses + 1) * (1 - probability) / (misses * probability)
        total += term
    return total


def order_run(containers: Iterable[str], *, seed: str, inspector: str, round_number: int) -> list[str]:
    """Return the order in which one inspector sees the containers in one round.

    Sorted by SHA-256 of method, seed, inspector, round and container, so that anyone can
    draw a blind run sheet again. Serves: EU GMP Annex 1 §8.31. Raises: ContainerTwice.
    """
    names = list(containers)
    if len(set(names)) != len(names):
        raise ContainerTwice(container=next(name for name in names if names.count(name) > 1))

    def key(name: str) -> bytes:
        text = "\n".join((RUN_METHOD, seed, inspector, str(round_number), name))
        return hashlib.sha256(text.encode("utf-8")).digest()

    return sorted(names, key=key)


def check_counts(rejections: int, inspections: int) -> None:
    """Refuse counts that cannot be. Raises: ContainerCountsInvalid."""
    if inspections < 1 or not 0 <= rejections <= inspections:
        raise ContainerCountsInvalid(rejections=rejections, inspections=inspections)


def refuse_doubles(containers: Sequence[ContainerCounts]) -> None:
    """Refuse a container that is counted twice. Raises: ContainerTwice."""
    seen: set[str] = set()
    for found in containers:
        if found.container in seen:
            raise ContainerTwice(container=found.container)
        seen.add(found.container)
