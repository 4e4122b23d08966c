"""Whether the collected static files are still those of the sources."""

from __future__ import annotations

import hashlib
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
STAMP = Path("run") / "static-collected"


def fingerprint() -> str:
    """Return a hash over what `collectstatic` copies: our folder and the locked packages."""
    digest = hashlib.sha256((BASE_DIR / "requirements.txt").read_bytes())
    for path in sorted((BASE_DIR / "static").rglob("*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_collected(var: Path) -> bool:
    """Tell whether the last collection was of these very files."""
    stamp = var / STAMP
    return stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint()


def remember_collected(var: Path) -> None:
    """Note that the collection is current."""
    (var / STAMP).write_text(fingerprint(), encoding="ascii")
