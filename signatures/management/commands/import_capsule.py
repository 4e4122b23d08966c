"""``manage.py import_capsule FILE``: read an evidence capsule in an installation without records.

Exit code 0: imported. 1: refused, and nothing was written.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from records.errors import Refusal
from records.evidence import system_actor
from signatures.capsules.importing import import_capsule


class Command(BaseCommand):
    """Import an evidence capsule to read it."""

    help = "Verify an evidence capsule and keep it, with its versions as rows to read; only without records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="the capsule")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the capsule and print the content hash of each version."""
        try:
            capsule = import_capsule(options["file"], actor=system_actor("capsules"))
        except Refusal as refusal:
            self.stderr.write(refusal.text)
            sys.exit(1)
        for version in capsule.versions.all():
            self.stdout.write(f"{version.content_hash}  {version.record_number} version {version.number}")
        self.stdout.write(f"Imported {capsule.title}: to read, not to work on. It is kept whole as {capsule.file_id}.")
