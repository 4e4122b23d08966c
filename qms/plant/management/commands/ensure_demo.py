"""Make the demonstration people and lots where they are missing, and write how to sign in.

`settings.DEMO_PLANT_HOOK` names the function that makes them by the product's own rules and
returns the lines to show.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string


def find_hook() -> Callable[[], list[str]]:
    """Return what makes the demonstration; an installation without it has nobody to show."""
    module = settings.DEMO_PLANT_HOOK.rpartition(".")[0]
    if find_spec(module) is None:
        return lambda: ["This installation has no demonstration people."]
    found: Callable[[], list[str]] = import_string(settings.DEMO_PLANT_HOOK)
    return found


class Command(BaseCommand):
    """Call the demonstration hook."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file for the lines, and whether to wait for the database."""
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--held", action="store_true", help="Read the code in, and go on when the input ends.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; refused outside the demonstration."""
        if not settings.DEMO:
            raise CommandError("The demonstration plant is made only with DEMO=1.")
        make_demonstration = find_hook()
        if options["held"]:
            sys.stdin.read()
        lines = make_demonstration()
        out: Path = options["out"]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
