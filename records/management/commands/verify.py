"""``manage.py verify``: recompute everything from raw rows and name what does not fit.

Exit code 0: clean. 1: findings. 2: the check itself could not run.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper
from django.db import DatabaseError

from records.errors import Refusal
from records.evidence import system_actor
from records.stores import sealer_key_store
from records.verifying.runs import Report, Watcher, verify_all

BAR_WIDTH = 30


class Command(BaseCommand):
    """Verify records, history, ledger, versions, signatures and files."""

    help = "Recompute rows, snapshots, changes, ledger, versions, signatures and files; name what does not fit."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--since-last",
            action="store_true",
            help="only guards and ledger, from the head of the last clean and signed full verification",
        )
        parser.add_argument(
            "--checkpoint",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="a checkpoint kept elsewhere: this ledger must continue it; repeat for more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks, print the report and exit with its code."""
        as_json = bool(options["json"])
        watcher = Terminal(self.stderr if as_json else self.stdout, is_terminal=sys.stderr.isatty(), is_quiet=as_json)
        try:
            report = verify_all(
                actor=system_actor("verify"),
                watcher=watcher,
                since_last=bool(options["since_last"]),
                known=[path.read_bytes() for path in options["checkpoint"]],
                store=sealer_key_store(),
            )
        except (DatabaseError, OSError, Refusal) as error:
            self.stderr.write(f"The verification could not run: {error}")
            sys.exit(2)
        watcher.end()
        if as_json:
            self.stdout.write(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        else:
            self.print_report(report)
        sys.exit(0 if report.is_clean else 1)

    def print_report(self, report: Report) -> None:
        """Print what was looked at and each finding on its own lines."""
        looked = ", ".join(f"{number:,} {what}" for what, number in report.checked.items())
        self.stdout.write(f"Looked at {looked} in {report.seconds:.1f} s.")
        if report.since:
            self.stdout.write(f"Only the ledger was checked, from leaf {report.since.size:,} on.")
        for finding in report.findings:
            place = f"{finding.table} {finding.key}" + (f", field {finding.field}" if finding.field else "")
            self.stdout.write(
                f"FINDING {finding.kind}: {place}\n  expected: {finding.expected}\n  found:    {finding.found}"
            )
        if not report.is_signed:
            self.stdout.write("The result is not signed: the sealer's keys cannot be read here.")
        self.stdout.write(
            "Clean: nothing was altered."
            if report.is_clean
            else f"{len(report.findings)} findings. Do not repair anything before QA has seen them."
        )


class Terminal(Watcher):
    """Says which check runs and, on a terminal, draws a bar for what can be counted."""

    def __init__(self, out: OutputWrapper, *, is_terminal: bool, is_quiet: bool) -> None:
        self.out = out
        self.is_terminal = is_terminal
        self.is_quiet = is_quiet
        self.is_open = False

    def begin(self, name: str) -> None:
        """Say that a check begins."""
        self.end()
        if not self.is_quiet or self.is_terminal:
            self.out.write(f"checking {name} …")

    def count(self, what: str, done: int, total: int) -> None:
        """Draw how far it is."""
        if self.is_terminal:
            filled = BAR_WIDTH * done // max(total, 1)
            bar = "█" * filled + "░" * (BAR_WIDTH - filled)
            self.out.write(f"\r  {bar} {done:,} of {total:,} {what}", ending="")
            self.out.flush()
            self.is_open = True

    def end(self) -> None:
        """Leave the bar's line."""
        if self.is_open:
            self.out.write("")
            self.is_open = False
