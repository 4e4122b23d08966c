"""Django's `makemessages`, which also finds the texts that Python holds as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.commands import makemessages

from qms.web.held_texts import collect_texts

HELD = Path("held_texts.py")


class Command(makemessages.Command):
    """Write the catalogue of a language; needs GNU gettext, which running the product does not."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Put the held texts beside the sources while they are read."""
        HELD.write_text("".join(f"gettext_noop({text!r})\n" for text in collect_texts()), encoding="utf-8")
        options["ignore_patterns"] = [*options["ignore_patterns"], "var/*", "tests/*", "examples/*"]
        try:
            super().handle(*args, **options)
        finally:
            HELD.unlink()
