"""How `manage.py` starts: commands that need servers get them, with no environment set."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from qms.plant.embedded import borrowed_servers
from qms.plant.errors import PlantError

BASE_DIR = Path(__file__).resolve().parent.parent.parent
EXTERNAL_VARIABLES = {
    f"{name}{suffix}"
    for name in (
        "DATABASE_URL",
        "OWNER_DATABASE_URL",
        "SEALER_DATABASE_URL",
        "BACKUP_DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
    )
    for suffix in ("", "_FILE")
}
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "demo",
    "diffsettings",
    "findstatic",
    "hash_pictures",
    "help",
    "makemessages",
    "makemigrations",
    "serve",
    "startapp",
    "version",
}


def needs_servers(argv: Sequence[str]) -> bool:
    """Tell whether a command talks to the database or the broker."""
    has_help = any(word in ("--help", "-h", "--version") for word in argv)
    return len(argv) > 1 and argv[1] not in WITHOUT_SERVERS and not argv[1].startswith("-") and not has_help


def choose_var() -> Path:
    """Return the folder for data, from VAR or beside the software."""
    return Path(os.environ.get("VAR") or BASE_DIR / "var").resolve()


def prepare_plant(command: str) -> None:
    """Set the environment up for the embedded plant alone, whatever else is configured."""
    for name in sorted(EXTERNAL_VARIABLES & set(os.environ)):
        sys.stderr.write(f"{command} runs on the embedded servers and ignores {name}.\n")
        del os.environ[name]
    if command == "demo":
        os.environ["DEMO"] = "1"


def run(argv: Sequence[str]) -> int:
    """Run a management command, on the embedded servers unless DATABASE_URL names others."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qms.settings")
    if len(argv) > 1 and argv[1] in ("demo", "serve"):
        prepare_plant(argv[1])
    try:
        with servers_for(argv):
            execute_from_command_line(list(argv))
    except (PlantError, ImproperlyConfigured) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def servers_for(argv: Sequence[str]) -> AbstractContextManager[object]:
    """Return the context that has the servers which a command needs."""
    if {"DATABASE_URL", "DATABASE_URL_FILE"} & set(os.environ) or not needs_servers(argv):
        return nullcontext()
    return borrowed_servers(choose_var(), list(argv[1:2]))
