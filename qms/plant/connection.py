"""What the embedded plant tells other processes of the same user: addresses and secrets.

Owns ``VAR/run/plant.json`` and the generated secrets under ``VAR/keys``, all 0600.  Imports no
Django, since settings read it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

CONNECTION_FILE = Path("run") / "plant.json"
SECRET_BYTES = 48  # 64 characters once encoded


def read_connection(var: Path) -> dict[str, str]:
    """Return the addresses the running plant wrote, or nothing where none runs."""
    try:
        return dict(json.loads((var / CONNECTION_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def write_connection(var: Path, addresses: Mapping[str, str]) -> None:
    """Tell other processes where the plant's servers are. Writes: VAR/run/plant.json."""
    write_private(var / CONNECTION_FILE, json.dumps(addresses, indent=1))


def forget_connection(var: Path) -> None:
    """Remove the addresses of a plant that has stopped."""
    (var / CONNECTION_FILE).unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def read_or_make_secret(path: Path) -> str:
    """Return the secret kept in a file, generating it on first use.

    Writes: the file, 0600. Raises: PermissionError when others may read it.
    """
    if not path.exists():
        _make_secret(path)
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} may be read by others; run chmod 600 on it.")
    return path.read_text(encoding="utf-8").strip()


def _make_secret(path: Path) -> None:
    """Put a new secret in place unless another process was faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_private(scratch, secrets.token_urlsafe(SECRET_BYTES))
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
