"""How large a delivery and its parts may be; the only place with these numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one upload. Units: bytes, pixels, counts; ``max_ratio`` unpacked by packed.

    The pixel limit is ours: Pillow only warns from 89 million pixels and decodes up to
    twice that. One picture of 40 million pixels takes 160 MB decoded, the most that a
    worker should need for it.
    """

    max_file_bytes: int = 25_000_000
    max_pixels: int = 40_000_000
    max_side: int = 16_000
    max_text_bytes: int = 5_000_000
    max_entries: int = 5_000
    max_delivery_bytes: int = 2_000_000_000
    max_ratio: int = 50
    #: Small files may shrink a lot without being an attack.
    ratio_from_bytes: int = 2_000_000


DEFAULT_LIMITS = Limits()
