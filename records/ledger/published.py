"""The ledger's published public keys: a file of verifier keys, one a line, that only grows.

Pure: no Django; the caller passes the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from records.ledger.notes import VerifierKey, parse_verifier_key

FILE_NAME: Final = "ledger.keys"
"""Lies beside the installation's keys; holds nothing secret."""


def read_keys(path: Path) -> list[VerifierKey]:
    """Return the published keys, oldest first. Raises: VerifierKeyMalformed."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [parse_verifier_key(line) for line in lines if line.strip()]


def publish_key(path: Path, key: VerifierKey) -> None:
    """Add a key to the list, durably. Writes: the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
