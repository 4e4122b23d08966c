"""Which software this is: the version from the change log and the commit it was built from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

VERSION_LINE = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+[^\]]*)\]", re.MULTILINE)
COMMIT = re.compile(r"^[0-9a-f]{40}$")


@dataclass(frozen=True)
class Build:
    """The identity of the running software, recorded with every event and signature."""

    version: str
    commit: str

    @property
    def label(self) -> str:
        """Return the one-line form, such as ``0.1.0+3f2a9c1b7d10``."""
        return f"{self.version}+{self.commit[:12]}" if self.commit else self.version


def read_version(changelog: Path) -> str:
    """Return the newest version heading of a Keep-a-Changelog file.

    Raises: ValueError when the file has no such heading.
    """
    found = VERSION_LINE.search(changelog.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{changelog} names no version.")
    return found["version"]


def read_commit(git: Path) -> str:
    """Return the checked-out commit of a repository, or empty text where there is none."""
    if git.is_file():  # a linked work tree names its real folder
        git = (git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
    head = _read(git / "HEAD")
    if COMMIT.match(head):
        return head
    name = head.removeprefix("ref:").strip()
    common = (git / (_read(git / "commondir") or ".")).resolve()
    loose = _read(common / name) if name else ""
    if COMMIT.match(loose):
        return loose
    for line in _read(common / "packed-refs").splitlines():
        commit, _, packed = line.partition(" ")
        if packed == name and COMMIT.match(commit):
            return commit
    return ""


def read_build(base: Path, *, commit: str = "") -> Build:
    """Return the build of the software in a folder; a given commit wins over the repository's."""
    return Build(read_version(base / "CHANGELOG.md"), commit or read_commit(base / ".git"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
