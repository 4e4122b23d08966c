"""Folders that the embedded servers need, and whether another user can reach them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from qms.plant.errors import PlantError

SOCKET_PATH_LIMIT = 103  # bytes; macOS allows 104 with the closing zero, Linux 108
LONGEST_SOCKET = "pg/.s.PGSQL.5432"
BINARY_CACHE = Path("/var/cache/countersign")


def choose_runtime_folder(var: Path) -> Path:
    """Return the short folder for the sockets of the plant that keeps its data in var.

    Raises: PlantError when no place is short and writable.
    """
    key = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:10]
    own = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    for base in (own, "/tmp"):  # noqa: S108  ownership is checked by make_runtime_folder
        folder = Path(base) / f"countersign-{os.geteuid()}-{key}"
        fits = len(os.fsencode(folder / LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT
        if base and os.access(base, os.W_OK | os.X_OK) and fits:
            return folder
    raise PlantError("No short writable folder for sockets; set XDG_RUNTIME_DIR to one.")


def make_runtime_folder(folder: Path) -> None:
    """Make the socket folder, or refuse one that somebody else put there.

    Raises: PlantError when it is a link or belongs to another user.
    """
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PlantError(f"{folder} belongs to someone else; remove it and start again.")
    folder.chmod(0o711)  # sockets inside carry their own modes


def remove_runtime_folder(folder: Path) -> None:
    """Remove the socket folder once the servers have removed their sockets from it."""
    for path in (folder / "pg", folder):
        if path.exists() and not any(path.iterdir()):
            path.rmdir()


def can_reach(path: Path, uid: int) -> bool:
    """Tell whether a user may enter every folder above a path and read it."""
    for folder in path.resolve().parents:
        if not _allows(folder, uid, stat.S_IXUSR, stat.S_IXOTH):
            return False
    return _allows(path, uid, stat.S_IRUSR | stat.S_IXUSR, stat.S_IROTH | stat.S_IXOTH)


def _allows(path: Path, uid: int, owner_bits: int, other_bits: int) -> bool:
    found = path.stat()
    bits = owner_bits if found.st_uid == uid else other_bits
    return found.st_mode & bits == bits


def copy_within_reach(install: Path, version: str) -> Path:
    """Copy an installation of PostgreSQL to where every user can run it; return the copy.

    A virtual environment under a private home folder cannot be entered by the account that the
    server must run as, and opening that home would be worse than a copy.
    """
    place = BINARY_CACHE / f"postgresql-{version}"
    copy = place / install.parent.name / install.name
    if copy.exists():
        return copy
    scratch = BINARY_CACHE / f".{place.name}.{os.getpid()}"
    # The wheel keeps its shared libraries beside the package; the binaries look for them there.
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    try:
        BINARY_CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(install, scratch / copy.relative_to(place), ignore=shutil.ignore_patterns("include"))
        if libraries.exists():
            shutil.copytree(libraries, scratch / libraries.name)
        for path in (BINARY_CACHE, scratch, *scratch.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        scratch.rename(place)
    except OSError as problem:
        shutil.rmtree(scratch, ignore_errors=True)
        raise PlantError(
            f"{install} cannot be entered by the account PostgreSQL runs as, and copying it to"
            f" {place} failed ({problem}); move the checkout to a folder others may enter."
        ) from problem
    return copy
