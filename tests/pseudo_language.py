"""A language for tests only: every text that goes through translation comes out accented, in brackets.

What stays plain on a page was never offered to a translator. Needs no catalogue and no gettext binaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import translation
from django.utils.translation import trans_real

CODE = "en-xa"
FIRST, LAST = "⟦", "⟧"
KEPT = re.compile(r"(%\([a-z0-9_]+\)[sd]|%%|%[sd]|\{[^{}]*\}|<[^<>]*>|&#?[a-z0-9]+;)", re.IGNORECASE)
ACCENTED = str.maketrans("aceinouyzACEINOUYZ", "áçéíñóúýžÁÇÉÍÑÓÚÝŽ")


class PseudoTranslation(trans_real.DjangoTranslation):
    """Translate any text at once; a text that is translated already stays as it is."""

    def __init__(self) -> None:  # Django's own reads catalogues
        self.domain = "django"

    def gettext(self, message: str) -> str:
        """Return the text, accented."""
        return accent(message.rpartition(trans_real.CONTEXT_SEPARATOR)[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text for a number, accented."""
        return accent(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        """Return the language's code."""
        return CODE

    def to_language(self) -> str:
        """Return the language's code."""
        return CODE


def accent(text: str) -> str:
    """Return a text with accents and brackets; places to fill, markup and entities stay."""
    if not re.search("[A-Za-z]", text) or text.strip().startswith(FIRST):
        return text
    pieces = KEPT.split(text)
    return FIRST + "".join(piece if KEPT.fullmatch(piece) else piece.translate(ACCENTED) for piece in pieces) + LAST


@contextmanager
def pseudo_language() -> Iterator[None]:
    """Read everything in the pseudo-language."""
    known: dict[str, trans_real.DjangoTranslation] = vars(trans_real)["_translations"]
    known[CODE] = PseudoTranslation()
    try:
        with translation.override(CODE):
            yield
    finally:
        del known[CODE]
