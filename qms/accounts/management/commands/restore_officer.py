"""``manage.py restore_officer``: a new one-time link for a security officer whom no other officer can re-enrol."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from qms.accounts.enrolment import restore_officer
from records.errors import Refusal


class Command(BaseCommand):
    """Reset an officer from the console. The security contact and the officer are told."""

    help = "Reset a security officer and print a one-time link; an administrator must check the identity afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add who and why."""
        parser.add_argument("username", help="user name of the security officer")
        parser.add_argument("--reason", required=True, help="why; it stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line: the address with the secret."""
        try:
            link = restore_officer(options["username"], reason=options["reason"])
        except Refusal as refusal:
            raise CommandError(refusal.text) from None
        address = f"{settings.SITE_URL}{reverse('accounts:enrol', args=[link.secret])}"
        self.stdout.write(f"Open once, before {link.invitation.expires_at:%Y-%m-%d %H:%M} UTC: {address}")
