"""What `manage.py verify` recomputes of drills: their signatures over the very report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qms.backups.models import BackupDrill
from records.canonical import parse_canonical
from records.errors import Refusal
from records.verifying.findings import Finding, Tally, register_check


@register_check("restore drills")
def check_drills(tally: Tally) -> Iterator[Finding]:
    """Name each drill whose signature, result or set is not that of its signed report."""
    for drill in BackupDrill.objects.select_related("backup").order_by("pk"):
        tally.add("restore drills")
        if fault := find_fault(drill):
            yield Finding("drill_altered", "backups_backupdrill", str(drill.pk), "report", "as signed", fault)


def find_fault(drill: BackupDrill) -> str:
    """Return what is wrong with a drill's record, or nothing."""
    data = bytes(drill.report)
    try:
        Ed25519PublicKey.from_public_bytes(bytes(drill.public_key)).verify(bytes(drill.signature), data)
        report: dict[str, Any] = parse_canonical(data)
    except (InvalidSignature, ValueError, Refusal):
        return "the signature does not fit the report"
    told = (report.get("passed"), report.get("set"), report.get("manifest_sha256"))
    if told != (drill.passed, drill.backup.name, drill.backup.manifest_sha256):
        return "result or set are not those of the report"
    return ""
