"""Taking a capsule into an empty installation, to read it there: the same bytes, the same content hashes.

What it does: verifies the capsule as a stranger would, keeps it whole in the file store, and
makes its versions rows. What it does not do: it makes no record that lives on. There is no state,
no workflow, no account, no signature row and no event of the other installation; those stay
inside the capsule, whose own verifier shows them. Bringing a whole installation back is
`manage.py restore`. Serves: 21 CFR 11.10(b)(c).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from records.acting import acting
from records.attachments import register_file
from records.canonical import content_hash, parse_canonical, parse_instant
from records.digests import hash_file
from records.evidence import Actor
from records.models import ControlledRecord, StoredFile
from records.stores import file_store
from signatures.capsules.building import VERIFIER
from signatures.capsules.errors import CapsuleKnown, CapsuleNotVerified, CapsuleUnreadable, InstallationNotEmpty
from signatures.models_capsules import ImportedCapsule, ImportedVersion

VERIFY_SECONDS = 3600


def import_capsule(path: Path, *, actor: Actor) -> ImportedCapsule:
    """Import a capsule into an installation without records.

    Writes: signatures_importedcapsule, signatures_importedversion, records_storedfile, the file, one event.
    Raises: InstallationNotEmpty, CapsuleNotVerified, CapsuleKnown, CapsuleUnreadable.
    """
    check_empty()
    with tempfile.TemporaryDirectory() as folder:
        # Verified and imported are the same bytes, whatever happens to the file meanwhile.
        own = Path(folder, "capsule.zip")
        try:
            shutil.copyfile(path, own)
        except OSError as error:
            raise CapsuleUnreadable(problem=error.strerror or "the file cannot be read") from None
        verify_file(own)
        digest = hash_file(own)
        if StoredFile.objects.filter(sha256=digest.sha256_hex, imported_capsule__isnull=False).exists():
            raise CapsuleKnown
        with own.open("rb") as stream:
            file_store().add(stream, max_bytes=digest.size, expected=digest.sha256_hex)
        with zipfile.ZipFile(own) as archive:
            return keep_capsule(archive, sha256=digest.sha256_hex, size=digest.size, actor=actor)


def check_empty() -> None:
    """Refuse an installation that has records of its own. Raises: InstallationNotEmpty."""
    found = ControlledRecord.objects.count()
    if found:
        raise InstallationNotEmpty(found=found)


def verify_file(path: Path) -> None:
    """Run this installation's own verifier over a capsule, as any stranger would. Raises: CapsuleNotVerified."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False)
    if done.returncode:
        raise CapsuleNotVerified(report=(done.stderr or done.stdout).strip()[-4000:])


def keep_capsule(archive: zipfile.ZipFile, *, sha256: str, size: int, actor: Actor) -> ImportedCapsule:
    """Write the rows of a verified capsule, all or nothing."""
    facts = json.loads(archive.read("capsule.json"))
    details = {"title": facts["title"], "sha256": sha256, "records": len(facts["records"])}
    with transaction.atomic(), acting(actor, "signatures.capsule.imported", details=details):
        capsule = ImportedCapsule.objects.create(
            file=register_file(sha256=sha256, size=size, media_type="application/zip"),
            title=facts["title"],
            organisation=facts["organisation"],
            build=facts["build"],
            made_at=parse_instant(facts["made_at"]),
        )
        for record, number, content in versions_in(archive):
            ImportedVersion.objects.create(
                capsule=capsule,
                record_number=record["number"],
                record_kind=record["kind"],
                record_title=record["title"],
                number=number,
                content=content,
                content_hash=content_hash(content),
            )
    return capsule


def versions_in(archive: zipfile.ZipFile) -> Iterator[tuple[dict[str, Any], int, bytes]]:
    """Yield (record, number, content) of each version, read as canonical.

    Raises: CanonicalBytesAltered; CapsuleUnreadable where the content hash is not the one that was recorded.
    """
    for name in sorted(name for name in archive.namelist() if name.endswith("/record.json")):
        record = json.loads(archive.read(name))
        for row in record["versions"]:
            content = archive.read(f"records/{record['number']}/versions/v{row['number']}.json")
            parse_canonical(content)
            if content_hash(content) != row["content_hash"]:
                raise CapsuleUnreadable(problem=f"{record['number']} version {row['number']} has another content hash")
            yield record, row["number"], content
