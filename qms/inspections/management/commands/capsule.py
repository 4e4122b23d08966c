"""``manage.py capsule``: one zip that proves itself, of a record, a lot or a time.

Exit code 0: written. 1: refused, and no file is left.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from qms.inspections.capsules import scope_of_lot
from records.acting import record_event
from records.digests import hash_stream
from records.errors import Refusal
from records.evidence import system_actor
from records.models import ControlledRecord
from signatures.capsules.building import build_capsule
from signatures.capsules.scopes import CapsuleScope, scope_of_record, scope_of_time


class Command(BaseCommand):
    """Write an evidence capsule."""

    help = "Write the evidence capsule of a record (its number), of a lot (--lot) or of a time (--from, --to)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what the capsule is about, and where it goes."""
        parser.add_argument("number", nargs="?", default="", help="a record's number, such as BR-2026-0007")
        parser.add_argument("--lot", default="", help="a lot's number: all its records and the models that decided")
        parser.add_argument("--from", dest="since", type=read_day, help="first day, UTC: 2026-11-01")
        parser.add_argument("--to", dest="until", type=read_day, help="last day, UTC, included")
        parser.add_argument("--out", type=Path, required=True, help="the zip to write; it must not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the scope, write the zip, leave an event and say how to check it."""
        out: Path = options["out"]
        try:
            scope = find_scope(options)
            with open_new(out) as target:
                write_capsule(target, scope)
        except Refusal as refusal:
            self.stderr.write(refusal.text)
            sys.exit(1)
        self.stdout.write(f"Wrote {out}: {scope.title}.")
        self.stdout.write(f"Check it anywhere: unzip -p {out} verify.py > verify.py; python3 -I verify.py {out}")


def find_scope(options: dict[str, Any]) -> CapsuleScope:
    """Return what the capsule is about. Raises: CommandError unless exactly one thing is asked for."""
    since, until = options["since"], options["until"]
    if sum((bool(options["number"]), bool(options["lot"]), bool(since and until))) != 1 or bool(since) != bool(until):
        raise CommandError("Say one thing: a record's number, or --lot NUMBER, or --from DAY --to DAY.")
    if options["number"]:
        return scope_of_record(options["number"])
    if options["lot"]:
        return scope_of_lot(options["lot"])
    return scope_of_time(since, until + dt.timedelta(days=1))


def write_capsule(target: IO[bytes], scope: CapsuleScope) -> None:
    """Write the zip durably and leave the event that it was made; a refused one leaves no file."""
    try:
        build_capsule(target, scope)
    except BaseException:
        os.unlink(target.name)
        raise
    target.flush()
    os.fsync(target.fileno())
    target.seek(0)
    digest = hash_stream(target)  # type: ignore[arg-type]  # opened for reading and writing
    record = ControlledRecord.objects.filter(pk__in=scope.record_ids).first() if len(scope.record_ids) == 1 else None
    details = {"title": scope.title, "sha256": digest.sha256_hex, "bytes": digest.size}
    record_event(system_actor("capsules"), "signatures.capsule.made", record, details=details)


def open_new(path: Path) -> IO[bytes]:
    """Open a file that did not exist. Raises: CommandError."""
    try:
        return path.open("x+b")
    except OSError as error:
        problem = error.strerror or "the file cannot be made"
        raise CommandError(f"{path} cannot be written: {problem}. Name a new file in a folder of yours.") from None


def read_day(text: str) -> dt.datetime:
    """Return the first instant of a day, UTC."""
    return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), tzinfo=dt.UTC)
