"""System packages that no wheel can carry: found, installed where allowed, else named.

Runs on the bare system Python before the virtual environment exists, so it imports nothing
outside the standard library.  It never installs anything unless it runs as root on Debian or
one of its descendants; everybody else gets one sentence with the exact command.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MINIMUM_PYTHON = (3, 11)


@dataclass(frozen=True)
class Need:
    """One thing the system must provide, and the packages that bring it."""

    purpose: str
    is_met: Callable[[], bool]
    debian: tuple[str, ...]
    homebrew: tuple[str, ...]


def has_library(*stems: str) -> bool:
    """Tell whether the dynamic linker finds a library under each stem."""
    if sys.platform == "darwin":
        folders = (Path("/opt/homebrew/lib"), Path("/usr/local/lib"))
        return all(any(folder.glob(f"lib{stem}*.dylib")) for folder in folders for stem in stems)
    return all(ctypes.util.find_library(stem) is not None for stem in stems)


def has_venv() -> bool:
    """Tell whether this Python can make a virtual environment with pip in it."""
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def has_pango() -> bool:
    """Tell whether the libraries that WeasyPrint loads are there."""
    return has_library("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")


def find_chromium() -> str | None:
    """Return the path of the distribution's Chromium, or None."""
    mac = Path("/Applications/Chromium.app/Contents/MacOS/Chromium")
    if mac.exists():
        return str(mac)
    return shutil.which("chromium") or shutil.which("chromium-browser")


NEEDS: dict[str, tuple[Need, ...]] = {
    "env": (
        Need("making the virtual environment", has_venv, ("python3-venv",), ("python",)),
        Need(
            "rendering PDF documents",
            has_pango,
            (
                "libpango-1.0-0",
                "libpangoft2-1.0-0",
                "libharfbuzz-subset0",
                "fonts-dejavu-core",
            ),
            ("pango",),
        ),
    ),
    "test": (
        Need(
            "checking PDF signatures independently",
            lambda: shutil.which("pdfsig") is not None,
            ("poppler-utils",),
            ("poppler",),
        ),
    ),
    "e2e": (
        Need(
            "the browser journeys",
            lambda: find_chromium() is not None,
            ("chromium",),
            ("--cask", "chromium"),
        ),
    ),
}


def install_command(needs: list[Need]) -> list[str]:
    """Return the command that brings what is missing on this kind of system."""
    if sys.platform == "darwin":
        return ["brew", "install", *(name for need in needs for name in need.homebrew)]
    packages = [name for need in needs for name in need.debian]
    return ["apt-get", "install", "-y", "--no-install-recommends", *packages]


def may_install() -> bool:
    """Tell whether installing needs no one's leave: root on a system with apt."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def run_apt(command: list[str]) -> bool:
    """Run the install command, refreshing the package lists only when it fails at first."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=environment, check=False).returncode == 0:
        return True
    subprocess.run(["apt-get", "update"], env=environment, check=False)
    return subprocess.run(command, env=environment, check=False).returncode == 0


def provide(group: str) -> int:
    """Make sure everything in the group is there; return the exit status for the shell."""
    if sys.version_info < MINIMUM_PYTHON:
        print("Countersign needs Python 3.11 or newer; run make with PYTHON=/path/to/it.")
        return 1
    missing = [need for need in NEEDS[group] if not need.is_met()]
    if not missing:
        return 0
    command = install_command(missing)
    purposes = " and ".join(need.purpose for need in missing)
    if may_install():
        print(f"Installing what {purposes} needs: {' '.join(command)}", flush=True)
        if run_apt(command) and all(need.is_met() for need in missing):
            return 0
    prefix = "" if sys.platform == "darwin" else "sudo "
    print(
        f"System packages for {purposes} are missing; install them with"
        f" `{prefix}{' '.join(command)}` and run make again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(provide(sys.argv[1] if len(sys.argv) > 1 else "env"))
