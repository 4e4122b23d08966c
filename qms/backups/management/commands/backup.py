"""``manage.py backup``: make a complete, signed set of database, files, keys and checkpoint."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qms.backups.making import make_backup
from qms.backups.telling import ProgressLine
from records.errors import Refusal
from records.evidence import system_actor


class Command(BaseCommand):
    """Make a backup set."""

    help = "Make a complete backup set and print where it lies and which key signed it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--out``."""
        parser.add_argument("--out", type=Path, help="folder for sets, instead of BACKUP_ROOT")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the set; its folder is the last line."""
        root: Path | None = options["out"]
        try:
            made = make_backup(
                actor=system_actor("backup"), root=root.resolve() if root else None, progress=ProgressLine(self.stdout)
            )
        except Refusal as refusal:
            raise CommandError(refusal.text) from None
        self.stdout.write(f"{made.rows:,} rows, {made.files:,} files, {made.size / 1e6:,.1f} MB in {made.seconds} s.")
        self.stdout.write(
            f"Signed by the key {made.signer}; keep this fingerprint with the passphrase, off this machine."
        )
        self.stdout.write(made.folder)
