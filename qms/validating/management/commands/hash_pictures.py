"""``manage.py hash_pictures FOLDER``: draw up the manifest of a data set where its pictures lie.

Exit code 0: every file is a picture. 1: some are not; each is named, and the others are in the table.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from validation.dataset_items import hash_folder, write_table


class Command(BaseCommand):
    """Print a manifest with SHA-256 and perceptual hash of every picture below a folder."""

    help = "Print the manifest of the pictures below a folder as CSV; the folder is the stratum."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the folder."""
        parser.add_argument("folder", type=Path, help="where the pictures lie")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table, and on the error stream what is no picture."""
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        items, faults = hash_folder(folder)
        self.stdout.write(write_table(items), ending="")
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            sys.exit(1)
