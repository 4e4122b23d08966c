"""The settings of backup and restore, read from the environment like all others.

A set's keys are encrypted under BACKUP_PASSPHRASE; an embedded plant makes one of its own, which
the administrator copies to a safe place.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from qms import env
from qms.plant.connection import read_or_make_secret
from qms.settings_keys import add_passwords, read_granted_secret

LEAST_PASSPHRASE = 16  # characters
GENERATED_FILE = "backup_passphrase"


@dataclass(frozen=True)
class BackupSettings:
    """Where sets go, who reads the database, what locks the keys, when it happens by itself.

    ``database`` is Django's description of the backup role's connection, empty in processes that
    make no backups. Units: ``most_hours`` and ``drill_days`` are the limits of the health page.
    """

    root: Path
    database: dict[str, Any] = field(repr=False)
    passphrase: str = field(repr=False)
    daily_at: dt.time | None
    most_hours: int
    drill_days: int


def read_backup(var: Path, keys_root: Path, connection: dict[str, str], *, is_embedded: bool) -> BackupSettings:
    """Read the settings. Raises: ImproperlyConfigured with a sentence naming the variable."""
    url = env.read_optional("BACKUP_DATABASE_URL") or connection.get("BACKUP_DATABASE_URL", "")
    return BackupSettings(
        root=Path(env.read_text("BACKUP_ROOT", str(var / "backups"))),
        database=env.parse_database("BACKUP_DATABASE_URL", add_passwords({"backup": url})["backup"]) if url else {},
        passphrase=read_passphrase(keys_root, may_make=is_embedded and bool(url)),
        daily_at=read_time("BACKUP_DAILY_AT"),
        most_hours=env.read_integer("BACKUP_MOST_HOURS", 26, low=1, high=24 * 31),
        drill_days=env.read_integer("BACKUP_DRILL_DAYS", 92, low=1, high=366),
    )


def read_passphrase(keys_root: Path, *, may_make: bool) -> str:
    """Return the passphrase, made at first use where the embedded plant backs itself up."""
    given = (read_granted_secret("BACKUP_PASSPHRASE") or "").strip()
    if given and len(given) < LEAST_PASSPHRASE:
        raise ImproperlyConfigured(f"BACKUP_PASSPHRASE is shorter than {LEAST_PASSPHRASE} characters.")
    if not given and (may_make or (keys_root / GENERATED_FILE).exists()):
        return read_or_make_secret(keys_root / GENERATED_FILE)
    return given


def read_time(name: str) -> dt.time | None:
    """Return a time of day in UTC such as ``02:30``, or None where none is set.

    Raises: ImproperlyConfigured for anything else.
    """
    text = env.read_text(name, "")
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%H:%M").replace(tzinfo=dt.UTC).timetz()
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name} is {text!r}; write a time in UTC such as 02:30.") from problem
