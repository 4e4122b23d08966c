"""PostgreSQL's own programs: dump a database at a snapshot, restore a dump.

Owns finding them and running them without a password on any command line. Never decides what
is restored where. Pure: no Django.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from qms.backups.errors import BackupFailed, ClientMissing, RestoreFailed, SetDamaged
from qms.plant.errors import PlantError
from qms.plant.postgres import find_installation

VERSION = re.compile(r"\b(\d+)(?:\.\d+|devel|beta|rc)")


def connection_facts(database: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Return Django's description of a database as libpq's parameters."""
    facts = {
        "host": database["HOST"],
        "port": database["PORT"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "dbname": database["NAME"],
        **{key: value for key, value in database["OPTIONS"].items() if key != "options"},
        **changes,
    }
    return {key: value for key, value in facts.items() if value not in ("", None)}


def connect(database: Mapping[str, Any], **changes: object) -> psycopg.Connection[Any]:
    """Connect, committing each statement."""
    return psycopg.connect(**connection_facts(database, **changes), autocommit=True)


def find_client(program: str, *, major: int) -> Path:
    """Return the program of this PostgreSQL version or a newer one. Raises: ClientMissing.

    POSTGRES_BIN or the wheel of the embedded plant come before the path.
    """
    for candidate in _candidates(program):
        answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        found = VERSION.search(answer.stdout)
        if found and int(found[1]) >= major:
            return candidate
    raise ClientMissing(program=program, major=major)


def _candidates(program: str) -> list[Path]:
    places: list[Path] = []
    with contextlib.suppress(PlantError):  # another system than the wheel's; the path may have it
        places.append(find_installation() / "bin" / program)
    on_path = shutil.which(program)
    return [place for place in [*places, *([Path(on_path)] if on_path else [])] if place.exists()]


def dump_database(database: Mapping[str, Any], *, snapshot: str, major: int, out: Path) -> None:
    """Write the whole database, as it is at an exported snapshot, in pg_dump's custom format.

    Raises: ClientMissing, BackupFailed with what pg_dump said.
    """
    program = find_client("pg_dump", major=major)
    argv = ["--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=60s", f"--file={out}"]
    answer = _run(program, argv, database)
    if answer.returncode != 0:
        raise BackupFailed(why=_said(answer, program))


def restore_dump(dump: Path, database: Mapping[str, Any], *, major: int, keeps_rights: bool) -> None:
    """Restore a dump into an empty database, in one transaction, as the role that connects.

    Objects belong to that role; ``keeps_rights`` gives the other roles of the installation what
    the dump says. Raises: ClientMissing, RestoreFailed with what pg_restore said.
    """
    program = find_client("pg_restore", major=major)
    argv = ["--exit-on-error", "--single-transaction", "--no-owner", *([] if keeps_rights else ["--no-privileges"])]
    answer = _run(program, argv, database, dump)
    if answer.returncode != 0:
        raise RestoreFailed(why=_said(answer, program))


def check_dump(dump: Path, *, major: int) -> None:
    """Read a dump's table of contents, so that one of another format or version is refused early.

    Raises: ClientMissing, SetDamaged.
    """
    program = find_client("pg_restore", major=major)
    answer = subprocess.run([program, "--list", dump], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SetDamaged(problem=f"its dump cannot be read ({_said(answer, program)})")


def _run(
    program: Path, argv: Sequence[str], database: Mapping[str, Any], *more: Path
) -> subprocess.CompletedProcess[str]:
    facts = connection_facts(database)
    environment = {**os.environ, "PGPASSWORD": str(facts.pop("password", "")), "LC_ALL": "C"}
    return subprocess.run(
        [program, *argv, "--no-password", f"--dbname={make_conninfo(**facts)}", *more],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _said(answer: subprocess.CompletedProcess[str], program: Path) -> str:
    if answer.returncode < 0:
        return f"{program.name} was ended by signal {-answer.returncode}"
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    return "; ".join(lines[-3:])[:500].rstrip(".") or f"{program.name} ended with {answer.returncode}"
