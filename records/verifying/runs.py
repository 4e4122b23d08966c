"""One verification run: every registered check, its findings and an event."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.acting import record_event
from records.clock import now
from records.errors_ledger import NoCleanVerification
from records.evidence import Actor
from records.keys import KeyStore
from records.ledger.known import check_known_checkpoint
from records.verifying.findings import Finding, LedgerHead, Tally, registered_checks
from records.verifying.results import FINISHED, FULL, INCREMENTAL, last_clean_full_result, sign_details

FINDINGS_TOLD = 20
"""How many findings an event lists; the report has all of them."""


class Watcher:
    """Hears how a run gets on; this one says nothing."""

    def begin(self, name: str) -> None:
        """Hear that a check begins."""

    def count(self, what: str, done: int, total: int) -> None:
        """Hear how much of something was looked at."""


@dataclass(slots=True)
class Report:
    """What a run found and looked at. Units: ``seconds`` of wall time."""

    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    mode: str = FULL
    since: LedgerHead | None = None
    head: LedgerHead | None = None
    is_signed: bool = False

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON shows it."""
        return {
            "clean": self.is_clean,
            "mode": self.mode,
            "since": self.since.size if self.since else 0,
            "ledger": {"size": self.head.size, "root": self.head.root.hex()} if self.head else None,
            "signed": self.is_signed,
            "findings": [finding.as_dict() for finding in self.findings],
            "checked": self.checked,
            "checks": self.checks,
            "seconds": round(self.seconds, 3),
        }

    def as_details(self) -> dict[str, Any]:
        """Return what the run's event tells, and its statement is over."""
        return {
            "mode": self.mode,
            "since": self.since.size if self.since else 0,
            "findings": len(self.findings),
            "first findings": [finding.as_dict() for finding in self.findings[:FINDINGS_TOLD]],
            "checked": self.checked,
            "checks": self.checks,
            "size": self.head.size if self.head else 0,
            "root": self.head.root.hex() if self.head else "",
            "seconds": round(self.seconds),
            "finished": now().isoformat(timespec="seconds"),
        }


def run_checks(
    watcher: Watcher | None = None, *, since: LedgerHead | None = None, known: Sequence[bytes] = ()
) -> Report:
    """Run the checks and return the report; writes nothing.

    ``since``: only what came after this head. ``known``: checkpoints kept elsewhere, as signed notes.
    """
    watcher = watcher or Watcher()
    report, started = Report(mode=INCREMENTAL if since else FULL, since=since), time.monotonic()
    tally = Tally(since=since, watch=watcher.count)
    for name, check in registered_checks(incremental=since is not None).items():
        watcher.begin(name)
        report.findings.extend(iterate(check(tally)))
        report.checks.append(name)
    for note in known:
        report.findings.extend(check_known_checkpoint(note))
        tally.add("checkpoints kept elsewhere")
    report.checked, report.seconds, report.head = tally.counts, time.monotonic() - started, tally.reached
    return report


def iterate(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Pass findings on, once each."""
    seen: set[Finding] = set()
    for finding in findings:
        if finding not in seen:
            seen.add(finding)
            yield finding


def verify_all(
    *,
    actor: Actor,
    watcher: Watcher | None = None,
    since_last: bool = False,
    known: Sequence[bytes] = (),
    store: KeyStore | None = None,
) -> Report:
    """Run every check and leave the result as an event, signed where ``store`` has the key for it.

    ``since_last``: begin at the ledger's head of the last clean, signed, full verification.
    Writes: records_event (`records.verify.finished`). Raises: `NoCleanVerification`.
    Serves: 21 CFR 11.10(a).
    """
    since = begin_of_increment() if since_last else None
    report = run_checks(watcher, since=since, known=known)
    details = report.as_details()
    details["note"] = sign_details(details, store)
    report.is_signed = bool(details["note"])
    record_event(actor, FINISHED, details=details)
    return report


def begin_of_increment() -> LedgerHead:
    """Return the head that an incremental run begins at. Raises: `NoCleanVerification`."""
    last = last_clean_full_result()
    if last is None or not last.head.size:
        raise NoCleanVerification
    return last.head
