"""Putting a set back: everything is checked before anything is written, and nothing is overwritten.

Owns the order: the set's signature and every byte, its version, its keys, the place; then keys,
files, and last the database in one transaction. What was restored is compared with the manifest.
Serves: 21 CFR 11.10(c), EU GMP Annex 11 7.2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from qms.backups.clients import check_dump, connect, restore_dump
from qms.backups.envelopes import open_keys
from qms.backups.errors import PlaceNotEmpty, RestoreDiffers, RestoreFailed, SetTooNew
from qms.backups.facts import compare_facts, list_tables, read_facts, server_major
from qms.backups.folders import write_private
from qms.backups.making import Progress, be_silent
from qms.backups.manifests import DUMP, KEYS, Facts, Manifest, check_set
from records.filestore import FileStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where a set is restored to: a database as a role that may make tables in it, and two folders.

    ``keeps_rights`` gives the installation's other roles their rights back; a scratch place has none.
    """

    database: Mapping[str, Any]
    files: Path
    keys: Path
    keeps_rights: bool


@dataclass(slots=True)
class Restored:
    """What a restore did. Units: ``seconds`` of wall time by step."""

    manifest: Manifest
    facts: Facts
    differences: list[str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def total_seconds(self) -> float:
        """Return how long the restore took: the recovery time (RTO)."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class SoundSet:
    """A set of which every byte was checked, with its keys opened."""

    folder: Path
    manifest: Manifest
    keys: Mapping[str, bytes] = field(repr=False)


def check_everything(
    folder: Path, *, trusted: Collection[str], passphrase: str, progress: Progress = be_silent
) -> SoundSet:
    """Check a set to the last byte and open its keys; writes nothing.

    Raises: SetNotFound, SetIncomplete, SetForeign, SetDamaged, SetTooNew, PassphraseWrong, ClientMissing.
    """
    manifest = check_set(folder, trusted=trusted, progress=lambda done, total: progress("Checking", done, total))
    check_version(manifest)
    check_dump(folder / DUMP, major=int(manifest.facts.server.partition(".")[0]))
    keys = open_keys((folder / KEYS).read_bytes(), passphrase=passphrase, name=manifest.name)
    return SoundSet(folder, manifest, keys)


def check_version(manifest: Manifest) -> None:
    """Refuse a set with migrations that this release does not have. Raises: SetTooNew."""
    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    known |= {f"{app}.{name}" for migration in loader.disk_migrations.values() for app, name in migration.replaces}
    unknown = sorted(set(manifest.facts.migrations) - known)
    if unknown:
        raise SetTooNew(build=manifest.build, unknown=unknown[0])


def check_place(place: Place, sound: SoundSet) -> None:
    """Refuse a place where a restore would overwrite something. Raises: PlaceNotEmpty."""
    with connect(place.database) as connection:
        tables = list_tables(connection)
    if tables:
        raise PlaceNotEmpty(what=f"the database {place.database['NAME']} has {len(tables)} tables")
    for path, content in sound.keys.items():
        target = place.keys / path
        if target.exists() and target.read_bytes() != content:
            raise PlaceNotEmpty(what=f"{target} is another key than the set's")


def restore_into(place: Place, sound: SoundSet, *, progress: Progress = be_silent) -> Restored:
    """Restore a checked set into an empty place and compare the result with its manifest.

    Writes: the place's keys, files and database. Raises: PlaceNotEmpty, RestoreFailed, and the
    file store's own refusals; the database is filled by one transaction, or not at all.
    """
    check_place(place, sound)
    seconds: dict[str, float] = {}
    steps: dict[str, Callable[[], object]] = {
        "Keys": lambda: restore_keys(place.keys, sound.keys),
        "Files": lambda: restore_files(place.files, sound, progress=progress),
        "Database": lambda: restore_database(place, sound),
    }
    for name, step in steps.items():
        progress(name, 0, 0)
        started = time.monotonic()
        step()
        seconds[name] = time.monotonic() - started
    progress("Comparing", 0, 0)
    started = time.monotonic()
    with connect(place.database) as connection:
        found = read_facts(connection)
    differences = compare_facts(sound.manifest.facts, found)
    seconds["Comparing"] = time.monotonic() - started
    return Restored(sound.manifest, found, differences, seconds)


def restore_keys(root: Path, keys: Mapping[str, bytes]) -> None:
    """Write the keys that are not there yet, each whole and private."""
    for path, content in keys.items():
        target = root / path
        if not target.exists():
            write_private(target, content)


def restore_files(root: Path, sound: SoundSet, *, progress: Progress) -> None:
    """Store every file of the set, hashed once more on the way."""
    store, members = FileStore(root), sound.manifest.files
    for number, member in enumerate(members, 1):
        with (sound.folder / member.path).open("rb") as source:
            store.add(source, max_bytes=member.size, expected=member.sha256)
        progress("Files", number, len(members))


def restore_database(place: Place, sound: SoundSet) -> None:
    """Fill the empty database. Raises: RestoreFailed."""
    with connect(place.database) as connection:
        major = server_major(connection)
    made_with = int(sound.manifest.facts.server.partition(".")[0])
    if major < made_with:
        raise RestoreFailed(why=f"the set comes from PostgreSQL {made_with}, this server is {major}")
    restore_dump(sound.folder / DUMP, place.database, major=major, keeps_rights=place.keeps_rights)


def refuse_differences(restored: Restored) -> None:
    """Refuse a restored place that is not what the manifest says. Raises: RestoreDiffers."""
    if restored.differences:
        raise RestoreDiffers(differences="; ".join(restored.differences[:5]))


def place_of_installation(database: Mapping[str, Any]) -> Place:
    """Return this installation's own place, reached as the owner role."""
    return Place(database, Path(settings.FILES_ROOT), Path(settings.KEYS_ROOT), keeps_rights=True)
