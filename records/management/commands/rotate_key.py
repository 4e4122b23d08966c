"""``manage.py rotate_key checkpoint --reason "…"``: sign with a new version from now on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.errors import Refusal
from records.rotation import ROTATABLE, rotate_key


class Command(BaseCommand):
    """Rotate a key in its store. What older versions signed stays verifiable."""

    help = "Make a new version of a key, which signs from now on; older signatures still verify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add which key and why."""
        parser.add_argument("name", help=f"name of the key: {', '.join(ROTATABLE)}")
        parser.add_argument("--reason", required=True, help="why; it stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and print the new version."""
        try:
            version = rotate_key(options["name"], reason=options["reason"])
        except Refusal as refusal:
            raise CommandError(refusal.text) from None
        self.stdout.write(f"{options['name']} signs with version {version} from now on; older signatures still verify.")
