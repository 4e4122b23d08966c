"""Migrate as the owner role; the app role could not."""

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Django's own command with another default."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the owner's connection unless told otherwise."""
        super().add_arguments(parser)
        if "owner" in connections:
            parser.set_defaults(database="owner")
