"""Signed versions in the write-once archive: the canonical bytes and, of each signature, statement and CMS.

Runs in the sealer's process. The database says what is still to be archived: a signature without
its archived row. Nothing waits for it; what fails is asked again. Serves: 21 CFR 11.10(c), 11.70.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Final

from records.archive.archiving import SignedBytes, archive_version, keep_longer
from records.archive.interface import Archive
from records.clock import now
from records.digests import sha256_hex
from records.ledger.archiving import record_object
from records.models import Version
from records.models_ledger import ArchivedObject
from records.retention import compute_retain_until
from signatures.models import Signature

RECENT: Final = 1000
"""Signatures looked at by the frequent run, the newest; the nightly one looks at all."""

MARGIN: Final = dt.timedelta(days=30)
"""Retention is lengthened by so much more than it must be, so that an object is touched once a month at most."""

UNARCHIVED_SQL: Final = """
SELECT DISTINCT s.version_id FROM signatures_signature s
WHERE s.id > (SELECT coalesce(max(id), 0) FROM signatures_signature) - %s AND NOT EXISTS (
  SELECT 1 FROM records_archivedobject a
  WHERE a.name = 'signatures/' || encode(sha256(s.statement), 'hex') || '.p7s')
ORDER BY 1
"""


def archive_signed_versions(archive: Archive, *, newest: int = RECENT, using: str = "sealer") -> int:
    """Archive every version that has a signature not archived yet; return how many versions.

    Units: ``newest`` signatures are looked at. Writes: records_archivedobject.
    Raises: ArchiveObjectAltered for a version whose bytes are no longer those that were signed, and
    what the archive raises.
    """
    wanted = Version.objects.using(using).raw(
        f"SELECT * FROM records_version WHERE id IN ({UNARCHIVED_SQL}) ORDER BY id",  # noqa: S608  no value in it
        [newest],
    )
    count = 0
    for version in wanted:
        archive_version(
            archive,
            content=bytes(version.content),
            content_hash=version.content_hash,
            signatures=[SignedBytes(bytes(made.statement), bytes(made.cms)) for made in signatures_of(version, using)],
            retain_until=compute_retain_until(version.record, at=now()),
            record=partial(record_object, using=using),
        )
        count += 1
    return count


def lengthen_retention(archive: Archive, *, using: str = "sealer") -> int:
    """Keep each archived version as long as its record's rule asks today; return how many objects were kept longer.

    A record whose retention has not begun, or that is under a legal hold, is kept longer every month.
    Serves: 21 CFR 11.10(c). Raises: what `Archive.extend` raises.
    """
    count, today = 0, now()
    for version in Version.objects.using(using).filter(signatures__isnull=False).distinct().select_related("record"):
        wanted = compute_retain_until(version.record, at=today)
        for name in archived_names(version, using):
            if archive.stat(name).retain_until < wanted:
                keep_longer(archive, name, wanted + MARGIN)
                count += 1
    return count


def archived_names(version: Version, using: str) -> Iterator[str]:
    """Yield the names under which a version and its signatures are archived."""
    names = [f"versions/{version.content_hash}.json"]
    for made in signatures_of(version, using):
        stem = f"signatures/{sha256_hex(bytes(made.statement))}"
        names += [f"{stem}.json", f"{stem}.p7s"]
    known = set(ArchivedObject.objects.using(using).filter(name__in=names).values_list("name", flat=True))
    yield from (name for name in names if name in known)


def signatures_of(version: Version, using: str) -> list[Signature]:
    """Return a version's signatures in their order."""
    return list(Signature.objects.using(using).filter(version_id=version.pk).order_by("id"))
