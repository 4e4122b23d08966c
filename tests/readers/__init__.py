"""Readers of the ledger's public files that are not ours, for tests that ask whether others can read them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from records.ledger.notes import VerifierKey

BASE_DIR = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = BASE_DIR / "tests" / "assets" / "reader-requirements.txt"
SCRIPT = Path(__file__).resolve().with_name("whole_log.py")
READERS = BASE_DIR / "var" / "test" / "readers"
READ_SECONDS = 300


class LogRefused(AssertionError):
    """The independent reader does not believe this log; the text says why."""


@dataclass(frozen=True)
class ReadLog:
    """What the independent reader found, once it had verified all of it."""

    origin: str
    size: int
    root: str
    cosignatures: int
    tiles: int
    bundles: int
    entries: str


def read_log(
    folder: Path,
    log: VerifierKey,
    *,
    witness: VerifierKey | None = None,
    checkpoint: Path | None = None,
    older: Sequence[Path] = (),
) -> ReadLog:
    """Have a whole C2SP log folder verified by aics-tlog: checkpoint, tiles, entries, inclusions, growth.

    A write-once archive cannot replace ``checkpoint``: give the newest it has by name.
    Raises: LogRefused with the reader's own words.
    """
    words = [word for path in older for word in ("--older", str(path))]
    words += [] if witness is None else ["--witness", str(witness)]
    words += [] if checkpoint is None else ["--checkpoint", str(checkpoint)]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(folder), str(log), *words],
        env={"PATH": os.defpath, "PYTHONPATH": str(install_reader())},
        capture_output=True,
        text=True,
        timeout=READ_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LogRefused(done.stderr.strip())
    return ReadLog(**json.loads(done.stdout))


def digest_entries(entries: Sequence[bytes]) -> str:
    """Return what the reader's report says about these entries."""
    return hashlib.sha256(b"".join(hashlib.sha256(entry).digest() for entry in entries)).hexdigest()


def install_reader() -> Path:
    """Install the locked reader beside the tests' servers, once for each lock; return its folder."""
    lock = REQUIREMENTS.read_bytes()
    folder = READERS / hashlib.sha256(lock).hexdigest()[:16]
    READERS.mkdir(parents=True, exist_ok=True)
    with (READERS / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not folder.exists():
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]
            # The package's own code needs no more than Python 3.11, whatever it declares.
            command += ["--ignore-requires-python", "--require-hashes", "--target", str(draft), "-r", str(REQUIREMENTS)]
            subprocess.run(command, check=True, timeout=READ_SECONDS)
            draft.rename(folder)
    return folder
