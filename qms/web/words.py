"""Text made readable: digests in groups, search words found.

Pure: returns plain pieces and never markup, so that escaping stays with the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from records.differences import Piece


def group_digest(digest: bytes | str, *, characters: int = 12) -> tuple[str, str]:
    """Return a digest's first characters in groups of four, and all of it, in lower case."""
    full = digest.hex() if isinstance(digest, bytes) else digest.strip().lower()
    head = full[:characters]
    return " ".join(head[start : start + 4] for start in range(0, len(head), 4)), full


def find_words(text: str, words: Iterable[str]) -> list[Piece]:
    """Cut a text into pieces, marking the given words wherever they occur, in any case."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted or not text:
        return [Piece(text, is_marked=False)] if text else []
    pattern = re.compile("(" + "|".join(re.escape(word) for word in wanted) + ")", re.IGNORECASE)
    parts = pattern.split(text)
    return [Piece(part, is_marked=index % 2 == 1) for index, part in enumerate(parts) if part]
