"""What is known of sets: the rows, and a row for a set whose maker died before it could remember it."""

from __future__ import annotations

from pathlib import Path

from qms.backups.errors import SetForeign
from qms.backups.manifests import MANIFEST, read_manifest
from qms.backups.models import BackupSet
from qms.backups.trusting import trusted_signers
from records.acting import acting
from records.digests import hash_file
from records.evidence import system_actor


def remember_set(folder: Path) -> BackupSet:
    """Return the row of a set of this installation, made where the process that wrote it died before.

    Writes: backups_backupset, one event, where it was not known. Raises: SetNotFound, SetForeign, SetDamaged.
    """
    manifest, signer = read_manifest(folder)
    known = BackupSet.objects.filter(name=manifest.name).first()
    if known is not None:
        known.folder = str(folder)  # where it lies now; the row keeps where it was made
        return known
    if signer not in trusted_signers():
        raise SetForeign(fingerprint=signer)
    facts = {
        "name": manifest.name,
        "folder": str(folder),
        "manifest_sha256": hash_file(folder / MANIFEST).sha256_hex,
        "signer": signer,
        "size": manifest.size,
        "rows": sum(table.rows for table in manifest.facts.tables.values()),
        "files": len(manifest.files),
        "newest_event": manifest.facts.newest_event,
    }
    with acting(system_actor("backup"), "backups.set.found", details=facts):
        return BackupSet.objects.create(**facts, seconds=0)
