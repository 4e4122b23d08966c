"""How large an assurance test is: small in `make test`, full in `make assurance`."""

from __future__ import annotations

import os

IS_FULL_SIZE = os.environ.get("ASSURANCE_SIZE") == "full"


def choose_size(*, small: int, full: int) -> int:
    """Return how many times to try."""
    return full if IS_FULL_SIZE else small
