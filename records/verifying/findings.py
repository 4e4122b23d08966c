"""What a check says, and the registry of checks.

A check never trusts a stored hash: it recomputes. Higher floors register their own.
Serves: 21 CFR 11.10(a).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: kind, table, row key, field, expected, found."""

    kind: str
    table: str
    key: str
    field: str
    expected: str
    found: str

    def as_dict(self) -> dict[str, str]:
        """Return the finding as the JSON report shows it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """A head of the ledger that a run began or ended with. Units: ``size`` in leaves; ``root`` 32 bytes."""

    size: int
    root: bytes


@dataclass(slots=True)
class Tally:
    """What a run has looked at so far, by kind of thing; where it begins in the ledger and where it ended.

    ``since`` is the head of an earlier clean run, for a run that looks only at what came later.
    ``watch`` is told what was looked at, how much of it, and of how much.
    """

    counts: dict[str, int] = field(default_factory=dict)
    since: LedgerHead | None = None
    reached: LedgerHead | None = None
    watch: Callable[[str, int, int], None] = lambda what, done, total: None
    _totals: dict[str, int] = field(default_factory=dict)

    def expect(self, what: str, total: int) -> None:
        """Say how many things of a kind will be looked at."""
        self._totals[what] = total

    def add(self, what: str, number: int = 1) -> None:
        """Count things that were looked at."""
        self.counts[what] = self.counts.get(what, 0) + number
        if what in self._totals:
            self.watch(what, self.counts[what], self._totals[what])


Check = Callable[[Tally], Iterator[Finding]]

_CHECKS: dict[str, Check] = {}
_INCREMENTAL: set[str] = set()


def register_check(name: str, *, incremental: bool = False) -> Callable[[Check], Check]:
    """Register the decorated function as one check of `manage.py verify`.

    ``incremental``: it can look at only what came after an earlier run, and does so when asked.
    """

    def register(check: Check) -> Check:
        _CHECKS[name] = check
        if incremental:
            _INCREMENTAL.add(name)
        return check

    return register


def registered_checks(*, incremental: bool = False) -> dict[str, Check]:
    """Return the checks by name, in the order they were registered: all, or those of an incremental run."""
    return {name: check for name, check in _CHECKS.items() if not incremental or name in _INCREMENTAL}


def shorten(value: object, limit: int = 200) -> str:
    """Return a value as text that fits a report line."""
    text = "" if value is None else str(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
