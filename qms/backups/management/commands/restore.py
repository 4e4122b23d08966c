"""``manage.py restore SET``: put a set back into an empty installation, or with ``--drill`` rehearse it.

A restore is possible only here, never from a page. The rows go into the database of
OWNER_DATABASE_URL, which must be empty; nothing is ever overwritten.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from qms.backups.drills import run_drill
from qms.backups.errors import BackupNotConfigured, NotConfirmed
from qms.backups.listing import remember_set
from qms.backups.restoring import (
    Restored,
    SoundSet,
    check_everything,
    check_place,
    place_of_installation,
    refuse_differences,
    restore_into,
)
from qms.backups.telling import ProgressLine
from qms.backups.trusting import trusted_signers
from records.acting import record_event
from records.errors import Refusal
from records.evidence import system_actor


class Command(BaseCommand):
    """Restore a set, or rehearse it."""

    help = "Restore a backup set into an empty installation; with --drill into a scratch place, to prove it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the set and how to restore it."""
        parser.add_argument("set", type=Path, help="folder of the set")
        parser.add_argument("--drill", action="store_true", help="restore into a scratch place, verify, throw away")
        parser.add_argument(
            "--signed-by", default="", help="fingerprint of the key that signed the set, from your records"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore or rehearse; exit code 1 for a drill that did not pass."""
        folder: Path = options["set"].resolve()
        try:
            if options["drill"]:
                self.rehearse(folder)
            else:
                self.restore(folder, signed_by=options["signed_by"])
        except Refusal as refusal:
            raise CommandError(refusal.text) from None

    def rehearse(self, folder: Path) -> None:
        """Run a drill and print its outcome."""
        drill = run_drill(remember_set(folder), actor=system_actor("backup"), progress=ProgressLine(self.stdout))
        self.stdout.write(bytes(drill.report).decode())
        self.stdout.write(f"Drill {drill.pk}: {'passed' if drill.passed else 'NOT passed'} in {drill.seconds} s.")
        if not drill.passed:
            sys.exit(1)

    def restore(self, folder: Path, *, signed_by: str) -> None:
        """Check everything, ask for the installation's name, restore, compare, and say how long it took."""
        if "owner" not in connections:
            raise BackupNotConfigured(missing="OWNER_DATABASE_URL")
        if not settings.BACKUP.passphrase:
            raise BackupNotConfigured(missing="BACKUP_PASSPHRASE_FILE")
        progress = ProgressLine(self.stdout)
        sound = check_everything(
            folder, trusted=trusted_signers(signed_by), passphrase=settings.BACKUP.passphrase, progress=progress
        )
        place = place_of_installation(settings.DATABASES["owner"])
        check_place(place, sound)
        self.confirm(sound)
        restored = restore_into(place, sound, progress=progress)
        refuse_differences(restored)
        call_command("migrate", verbosity=0, interactive=False)
        details = {"name": sound.manifest.name, "size": sound.manifest.size, "made_at": sound.manifest.made_at}
        record_event(system_actor("backup"), "backups.set.restored", details=details)
        self.report(restored)

    def confirm(self, sound: SoundSet) -> None:
        """Ask for the installation's name. Raises: NotConfirmed."""
        manifest, database = sound.manifest, settings.DATABASES["owner"]["NAME"]
        self.stdout.write(f"The set {manifest.name} of {manifest.site} ({manifest.organisation}) is sound.")
        typed = input(f"Type the installation's name, {manifest.site}, to restore it into {database}: ").strip()
        if typed != manifest.site:
            raise NotConfirmed(typed=typed)

    def report(self, restored: Restored) -> None:
        """Print what was restored and how long it took."""
        rows = sum(table.rows for table in restored.facts.tables.values())
        steps = ", ".join(f"{name.lower()} {seconds:.1f} s" for name, seconds in restored.seconds.items())
        self.stdout.write(f"Restored {rows:,} rows and {len(restored.manifest.files):,} files; all as in the manifest.")
        self.stdout.write(f"Recovery took {restored.total_seconds:.1f} s ({steps}).")
        self.stdout.write("Now start the servers; when the last events are sealed, run manage.py verify.")
