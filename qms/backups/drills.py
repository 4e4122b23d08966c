"""The restore drill: a set put back into a scratch place, verified there, and thrown away.

Owns the scratch place and the signed record of what was found. The verification is the
product's own, run by a process that sees nothing but the scratch place.
Serves: 21 CFR 11.10(c), EU GMP Annex 11 7.2.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from django.conf import settings
from psycopg import sql

from qms.backups.clients import connect
from qms.backups.errors import DrillFailed
from qms.backups.making import Progress, backup_lock, be_silent, check_configured, public_key, sign
from qms.backups.manifests import CHECKPOINT, Manifest, fingerprint_of
from qms.backups.models import BackupDrill, BackupSet
from qms.backups.restoring import Place, Restored, SoundSet, check_everything, restore_into
from records.acting import acting, record_event
from records.canonical import canonical_bytes, instant_text
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.ledger.known import check_known_checkpoint
from records.verifying.findings import Finding

SCRATCH = "drill"
OF_ANY_COPY = frozenset({"events_waiting", "ledger_rolled_back", "cosignature_missing", "stamp_missing"})
"""Nothing seals a scratch place, so the last events before the snapshot wait there for ever; and the
archive has gone on since, with checkpoints, witness lines and time stamps that the set cannot have. That
the live ledger continues the set's is asked of the live one, and the nightly verification asks whether
the live database forgot what is archived."""

HIDDEN = ("OWNER_DATABASE_URL", "SEALER_DATABASE_URL", "BACKUP_DATABASE_URL", "BACKUP_PASSPHRASE", "SEALER_KEYS_ROOT")
MOST_FINDINGS = 50
"""Findings and differences that the report names one by one."""


def run_drill(backup: BackupSet, *, actor: Actor, progress: Progress = be_silent, asked_by: str = "") -> BackupDrill:
    """Restore a set into a scratch database and scratch folders, verify it there, keep the signed result.

    Writes: backups_backupdrill, one event (`backups.drill.finished` or `backups.drill.failed`).
    Raises: whatever refuses the set; DrillFailed. The scratch place is gone in any case.
    """
    check_configured()
    started = time.monotonic()
    try:
        with backup_lock():
            report = rehearse(Path(backup.folder), progress=progress)
    except (Refusal, psycopg.Error, OSError) as problem:
        refusal = problem if isinstance(problem, Refusal) else DrillFailed(why=str(problem).strip())
        record_event(actor, "backups.drill.failed", details={"name": backup.name, "why": refusal.text})
        raise refusal from problem
    report |= {
        "manifest_sha256": backup.manifest_sha256,
        "asked_by": asked_by or actor.printed_name,
        "at": instant_text(now()),
    }
    data, passed = canonical_bytes(report), bool(report["passed"])
    outcome = "everything is there" if passed else f"{report['found']} things differ"
    with acting(actor, "backups.drill.finished", details={"name": backup.name, "outcome": outcome}):
        return BackupDrill.objects.create(
            backup=backup,
            passed=passed,
            report=data,
            signature=sign(data),
            public_key=public_key(),
            seconds=round(time.monotonic() - started),
        )


def rehearse(folder: Path, *, progress: Progress) -> dict[str, Any]:
    """Restore and verify one set in a scratch place; return the report."""
    started = time.monotonic()
    trusted = {fingerprint_of(public_key())}
    sound = check_everything(folder, trusted=trusted, passphrase=settings.BACKUP.passphrase, progress=progress)
    checked = time.monotonic() - started
    with scratch_place() as place:
        restored = restore_into(place, sound, progress=progress)
        progress("Verifying", 0, 0)
        started = time.monotonic()
        verified = verify_place(place, sound)
        verified["findings"] += [finding.as_dict() for finding in compare_live_ledger(sound.manifest)]
        return describe(sound, restored, verified, {"Checking": checked, "Verifying": time.monotonic() - started})


def describe(
    sound: SoundSet, restored: Restored, verified: Mapping[str, Any], more: Mapping[str, float]
) -> dict[str, Any]:
    """Return the report of a drill. Units: seconds by step, rounded up to whole ones."""
    manifest, findings = sound.manifest, verified["findings"]
    seconds = {name: int(value + 0.999) for name, value in {**restored.seconds, **more}.items()}
    return {
        "set": manifest.name,
        "set_build": manifest.build,
        "build": settings.BUILD,
        "tables": len(restored.facts.tables),
        "rows": sum(table.rows for table in restored.facts.tables.values()),
        "rows_expected": sum(table.rows for table in manifest.facts.tables.values()),
        "files": len(manifest.files),
        "keys": len(sound.keys),
        "versions": len(manifest.facts.versions),
        "newest_event": restored.facts.newest_event,
        "checkpoint": restored.facts.checkpoint,
        "differences": restored.differences[:MOST_FINDINGS],
        "findings": [{key: str(value) for key, value in found.items()} for found in findings[:MOST_FINDINGS]],
        "checked": {str(name): int(number) for name, number in verified["checked"].items()},
        "found": len(restored.differences) + len(findings),
        "passed": not restored.differences and not findings,
        "seconds": seconds,
    }


@contextmanager
def scratch_place() -> Iterator[Place]:
    """Give an empty database of the backup role and two empty folders; remove them whatever happened."""
    live = settings.BACKUP.database
    name = f"{live['NAME'][:40]}_{SCRATCH}_{secrets.token_hex(4)}"
    settings.BACKUP.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{SCRATCH}-", dir=settings.BACKUP.root))
    try:
        with connect(live) as connection:
            remove_leftovers(connection, live["NAME"])
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
        yield Place({**live, "NAME": name}, folder / "files", folder / "keys", keeps_rights=False)
    finally:
        with connect(live) as connection:
            drop_database(connection, name)
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(connection: psycopg.Connection[Any], live: str) -> None:
    """Drop what drills that died have left; the caller holds the lock, so none is running."""
    found = connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND pg_get_userbyid(datdba) = current_user",
        (f"{live[:40]}_{SCRATCH}_",),
    )
    for (name,) in found.fetchall():
        drop_database(connection, name)
    for folder in settings.BACKUP.root.glob(f".{SCRATCH}-*/files"):
        shutil.rmtree(folder.parent, ignore_errors=True)


def drop_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Drop a scratch database, whoever is still connected to it."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def compare_live_ledger(manifest: Manifest) -> Iterator[Finding]:
    """Name a live ledger that does not continue the one in the set: one of the two was rewritten."""
    if manifest.facts.checkpoint:
        yield from check_known_checkpoint(manifest.facts.checkpoint.encode())


def verify_place(place: Place, sound: SoundSet) -> dict[str, Any]:
    """Migrate and verify a restored place in processes of its own; return the verification's report.

    What is true of any copy is left out: see `OF_ANY_COPY`. Raises: DrillFailed when it could not run.
    """
    environment = environment_of(place)
    migrated = run_command(["migrate", "--verbosity", "0"], environment)
    if migrated.returncode != 0:
        raise DrillFailed(why=f"the restored database could not be migrated: {migrated.stderr[-300:].strip()}")
    known = ["--checkpoint", str(sound.folder / CHECKPOINT)] if sound.manifest.facts.checkpoint else []
    verified = run_command(["verify", "--json", *known], environment)
    if verified.returncode not in (0, 1):
        raise DrillFailed(why=f"the verification could not run: {verified.stderr[-300:].strip()}")
    report: dict[str, Any] = json.loads(verified.stdout)
    report["findings"] = [finding for finding in report["findings"] if finding["kind"] not in OF_ANY_COPY]
    return report


def run_command(words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one of the product's own commands."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def environment_of(place: Place) -> dict[str, str]:
    """Return the environment of a process that knows the scratch place alone."""
    database = place.database
    query = {**{key: value for key, value in database["OPTIONS"].items() if key != "options"}}
    query |= {"host": database["HOST"]} | ({"port": database["PORT"]} if database["PORT"] else {})
    who = f"{quote(database['USER'], safe='')}:{quote(database['PASSWORD'], safe='')}"
    replaced = {
        "DATABASE_URL": f"postgres://{who}@/{quote(database['NAME'])}?{urlencode(query)}",
        "FILES_ROOT": str(place.files),
        "KEYS_ROOT": str(place.keys),
        "VAR": str(place.files.parent),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ARCHIVE_ROOT": str(settings.ARCHIVE.root),
        "WITNESS_URL": "",  # it has gone on since; the live ledger is asked instead
        "REDIS_URL": str(settings.BROKER_URL).replace("redis+socket://", "unix://", 1),
    }
    hidden = {
        "OWNER_DATABASE_URL",
        "SEALER_DATABASE_URL",
        "BACKUP_DATABASE_URL",
        "BACKUP_PASSPHRASE",
        "SEALER_KEYS_ROOT",
        *replaced,
    }
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in hidden}
    return {**kept, **replaced}
