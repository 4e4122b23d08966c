"""``manage.py renew_certificate seal --reason "…"``: give the authority or the seal its next certificate."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.errors import Refusal
from signatures.renewal import SECRETS, renew_certificate


class Command(BaseCommand):
    """Renew a certificate of the site. What was signed under the older ones stays verifiable."""

    help = "Give the authority or the seal its next certificate; older signatures still verify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add which certificate and why."""
        parser.add_argument("name", choices=sorted(SECRETS), help="whose certificate")
        parser.add_argument("--reason", required=True, help="why; it stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Renew and print until when the new one is valid."""
        try:
            made = renew_certificate(options["name"], reason=options["reason"])
        except Refusal as refusal:
            raise CommandError(refusal.text) from None
        self.stdout.write(f"The {options['name']} has a certificate until {made.not_valid_after_utc:%Y-%m-%d}.")
