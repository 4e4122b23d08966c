"""Make the demonstration people and lots where they are missing, and write how to sign in.

`settings.DEMO_PLANT_HOOK` names the function that makes them by the product's own rules and
returns the lines to show.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string


def make_demonstration() -> list[str]:
    """Call the hook and return its lines; an installation without one has nobody to show."""
    module = settings.DEMO_PLANT_HOOK.rpartition(".")[0]
    if find_spec(module) is None:
        return ["This installation has no demonstration people."]
    return list(import_string(settings.DEMO_PLANT_HOOK)())


class Command(BaseCommand):
    """Call the demonstration hook."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file for the lines."""
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; refused outside the demonstration."""
        if not settings.DEMO:
            raise CommandError("The demonstration plant is made only with DEMO=1.")
        lines = make_demonstration()
        out: Path = options["out"]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
