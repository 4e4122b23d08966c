"""Making a backup set: database, files, keys, checkpoint and a signed manifest, all of one snapshot.

The database is read as the *backup* role. Counts, checksums, checkpoint and dump see the same
exported snapshot, and every file that its rows name was stored before they were committed.
Serves: 21 CFR 11.10(c), EU GMP Annex 11 7.2.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from qms.backups.clients import connect, dump_database
from qms.backups.envelopes import collect_keys, seal_keys
from qms.backups.errors import BackupBusy, BackupFailed, BackupNotConfigured
from qms.backups.facts import read_facts, server_major
from qms.backups.folders import keep_file, list_sets, new_set, seal_member, write_member
from qms.backups.manifests import (
    CHECKPOINT,
    DUMP,
    KEYS,
    MANIFEST,
    SIGNATURE,
    Manifest,
    Member,
    fingerprint_of,
    sign_manifest,
    write_manifest,
)
from qms.backups.models import BackupSet
from records.acting import acting, record_event
from records.canonical import instant_text
from records.clock import now
from records.digests import sha256_hex
from records.errors import Refusal
from records.evidence import Actor
from records.keys import KeyKind, ensure_key
from records.stores import file_store, key_store

KEY_NAME = "backup"
LOCK_KEY = 7_210_054  # of pg_advisory_lock: one backup or drill at a time
FILES_SQL = "SELECT sha256 FROM records_storedfile ORDER BY 1"

Progress = Callable[[str, int, int], None]
"""Told the step's name, what of it is done, and how much there is; 0 of 0 where nobody knows."""


def be_silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def public_key() -> bytes:
    """Return the raw public key that this installation's sets and drills are signed with."""
    public = cast("Ed25519PublicKey", ensure_key(key_store(), KEY_NAME, KeyKind.ED25519))
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(data: bytes) -> bytes:
    """Sign with the installation's backup key."""
    return key_store().sign(KEY_NAME, data)


def check_configured() -> None:
    """Refuse in a process that may not read the whole database, or without a passphrase for the keys."""
    if not settings.BACKUP.database:
        raise BackupNotConfigured(missing="BACKUP_DATABASE_URL")
    if not settings.BACKUP.passphrase:
        raise BackupNotConfigured(missing="BACKUP_PASSPHRASE_FILE")


@contextmanager
def backup_lock() -> Iterator[None]:
    """Be the only backup or drill of this installation; the server frees the lock however we end.

    It is given back by word, too: a server notices a closed connection only a moment later, and the
    drill that follows a backup at once must not find it busy. Raises: BackupBusy.
    """
    with connect(settings.BACKUP.database) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone() != (True,):
            raise BackupBusy
        try:
            yield
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def make_backup(*, actor: Actor, root: Path | None = None, progress: Progress = be_silent) -> BackupSet:
    """Make a complete set below the backup folder and remember it.

    Writes: the set, backups_backupset, one event (`backups.set.made` or `backups.set.failed`).
    Raises: BackupNotConfigured, BackupBusy, BackupFailed, StoredFileUnsound; none leaves a set.
    """
    check_configured()
    started = time.monotonic()
    root = root or settings.BACKUP.root
    try:
        with backup_lock():
            made = write_set(root, progress=progress)
    except (Refusal, psycopg.Error) as problem:
        refusal = problem if isinstance(problem, Refusal) else BackupFailed(why=str(problem).strip())
        record_event(actor, "backups.set.failed", details={"why": refusal.text})
        raise refusal from problem
    manifest = made.manifest
    facts: dict[str, Any] = {
        "name": manifest.name,
        "folder": str(root / manifest.name),
        "manifest_sha256": made.digest,
        "signer": made.signer,
        "size": manifest.size,
        "rows": sum(table.rows for table in manifest.facts.tables.values()),
        "files": len(manifest.files),
        "newest_event": manifest.facts.newest_event,
    }
    with acting(actor, "backups.set.made", details=facts):
        return BackupSet.objects.create(**facts, seconds=round(time.monotonic() - started))


@dataclass(frozen=True, slots=True)
class WrittenSet:
    """A set that is in its place: its manifest, the manifest's SHA-256, the signer's fingerprint."""

    manifest: Manifest
    digest: str
    signer: str


def write_set(root: Path, *, progress: Progress) -> WrittenSet:
    """Write one set: in a scratch folder, made durable, then renamed."""
    moment = now()
    millisecond = moment.microsecond // 1000  # two sets of one second keep their order
    name = f"{moment:%Y%m%dT%H%M%S}.{millisecond:03d}Z-{secrets.token_hex(4)}"
    public = public_key()  # before the keys are collected: it belongs to them
    previous = next(iter(list_sets(root)), None)
    with new_set(root, name) as folder, snapshot_of_database() as (connection, snapshot):
        progress("Counting", 0, 0)
        facts = read_facts(connection)
        digests = [row[0] for row in connection.execute(FILES_SQL)]
        progress("Database", 0, 0)
        dump_database(settings.BACKUP.database, snapshot=snapshot, major=server_major(connection), out=folder / DUMP)
        members = [seal_member(folder, DUMP)]
        members += keep_files(folder, digests, previous=previous, progress=progress)
        keys = collect_keys(Path(settings.KEYS_ROOT))
        sealed = seal_keys(keys, passphrase=settings.BACKUP.passphrase, name=name)
        members.append(write_member(folder, KEYS, sealed))
        if facts.checkpoint:
            members.append(write_member(folder, CHECKPOINT, facts.checkpoint.encode()))
        manifest = Manifest(
            name=name,
            made_at=instant_text(moment),
            site=settings.SITE_NAME,
            organisation=settings.ORGANISATION,
            build=settings.BUILD,
            facts=facts,
            keys=tuple(keys),
            members=tuple(members),
        )
        data = write_manifest(manifest)
        write_member(folder, MANIFEST, data)
        write_member(folder, SIGNATURE, sign_manifest(data, public=public, sign=sign))
        progress("Writing to disk", 0, 0)
    return WrittenSet(manifest, sha256_hex(data), fingerprint_of(public))


@contextmanager
def snapshot_of_database() -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """Give a connection inside one read-only snapshot, and the name under which pg_dump joins it."""
    with connect(settings.BACKUP.database) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it waits for dump and files
        found = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert found is not None
        yield connection, found[0]


def keep_files(folder: Path, digests: list[str], *, previous: Path | None, progress: Progress) -> Iterator[Member]:
    """Put every file that the snapshot's rows name into the set."""
    store = file_store()
    for number, digest in enumerate(digests, 1):
        yield keep_file(folder, digest, store=store, previous=previous)
        progress("Files", number, len(digests))
