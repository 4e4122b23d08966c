"""``manage.py setup_token``: print the one-time link of a new installation's first administrator."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from qms.accounts.enrolment import open_setup
from records.errors import Refusal


class Command(BaseCommand):
    """Make the first administrator and print their link. Whoever runs this on the machine is trusted with it."""

    help = "Make the first administrator and print the one-time link under which they enrol."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add who the first administrator is."""
        parser.add_argument("username", help="user name, for ever")
        parser.add_argument("printed_name", help="first and last name, as it stands under signatures")
        parser.add_argument("email", help="e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line: the address with the secret."""
        try:
            link = open_setup(
                username=options["username"], printed_name=options["printed_name"], email=options["email"]
            )
        except Refusal as refusal:
            raise CommandError(refusal.text) from None
        address = f"{settings.SITE_URL}{reverse('accounts:enrol', args=[link.secret])}"
        self.stdout.write(f"Open once, before {link.invitation.expires_at:%Y-%m-%d %H:%M} UTC: {address}")
